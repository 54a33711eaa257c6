import type { SupervisorContext } from '../state/context.ts';

/** Runs what follows a commit: that stands, so an error here is logged, and the rest goes on. */
export function tryOrLog({ log }: SupervisorContext, work: () => void, retryLog: string): void {
  try {
    work();
  } catch (error) {
    log(retryLog, error);
  }
}
