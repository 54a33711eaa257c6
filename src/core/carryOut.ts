import type { SupervisorContext } from './context.ts';

/** Does what follows from a commit: that stands, so an error here is logged, and what comes after goes on. */
export function carryOut({ log }: SupervisorContext, work: () => void, complaint: string): void {
  try {
    work();
  } catch (error) {
    log(complaint, error);
  }
}
