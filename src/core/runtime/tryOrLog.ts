import type { SupervisorContext } from '../state/context.ts';

/** Does what follows from a commit: that stands, so an error here is logged, and what comes after goes on. */
export function tryOrLog({ log }: SupervisorContext, work: () => void, retryLog: string): void {
  try {
    work();
  } catch (error) {
    log(retryLog, error);
  }
}
