import type { SupervisorContext } from './context.ts';

/** Does what follows from a commit: that stands, so an error here is logged, and what comes after goes on. Answers whether it was done. */
export function carryOut({ log }: SupervisorContext, work: () => void, complaint: string): boolean {
  try {
    work();
    return true;
  } catch (error) {
    log(complaint, error);
    return false;
  }
}
