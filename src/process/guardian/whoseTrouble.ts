import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { EndedRecord } from '../runFolder/records.ts';
import { isFolderGone } from './startError.ts';

/** The exit code of a shell whose command was killed. */
const KILLED = 128 + 9;
const NO_MEMORY =
  'The kernel killed it because the machine or its container ran out of memory. Close what is not needed.';

/**
 * Whose trouble the end of a run was that nobody had stopped, where it was not the agent's own (R5.7).
 * `killedForMemory`: whether the kernel has just killed for want of memory.
 */
export function troubleOf(
  exit: ProcessExit,
  cwd: string,
  killedForMemory: () => boolean,
): Pick<EndedRecord, 'trouble' | 'error'> {
  if (exit.exitCode === 0) return {};
  const isKilled = exit.signal === 'SIGKILL' || exit.exitCode === KILLED;
  if (isKilled && killedForMemory()) return { trouble: 'memory', error: NO_MEMORY };
  if (!isFolderGone(cwd)) return {};
  const error = `Its working folder ${cwd} was removed while it ran. Choose another folder, or create it again.`;
  return { trouble: 'folder', error };
}
