import type { Look } from '../core/model/looks.ts';
import type { ProcessIdentity } from '../core/model/processIdentity.ts';

/** Looks at processes, for telling a Git that is still at work from what a dead one has left. */
export interface Processes {
  /** The process that has a pid now. */
  find(pid: number): Promise<Look<ProcessIdentity>>;
  /** Which of `processes` live. Those in neither list are gone. */
  look<T extends ProcessIdentity>(
    processes: readonly T[],
  ): Promise<{ readonly there: readonly T[]; readonly unknown: readonly T[] }>;
  /** Whether a program whose name begins so works in a folder: it has it, or one inside, as its working directory. */
  worksIn(folder: string, program: string): Look;
}

/** Whether a process is seen to be gone. A look that fails proves nothing. */
export async function isGone(processes: Processes, one: ProcessIdentity): Promise<boolean> {
  const { there, unknown } = await processes.look([one]);
  return there.length + unknown.length === 0;
}
