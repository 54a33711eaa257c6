import { stat } from 'node:fs/promises';
import type { Supervisor } from '../../core/supervisor.ts';
import type { LogPaths } from './attemptLog.ts';

/** The copy here of a log that another machine has. */
export interface FetchedLog extends LogPaths {
  /** Why what was written last may be missing. */
  readonly trouble?: string;
}

/**
 * Brings that copy up to date (R16.8). Rejects with the reason where nothing of the log can be had, such as from a
 * machine that is offline; what came earlier is there all the same.
 */
export async function fetchLog(
  supervisor: Pick<Supervisor, 'fetchOutput' | 'copiedOutput'>,
  run: Parameters<Supervisor['fetchOutput']>[0],
  isCancelled: () => boolean,
): Promise<FetchedLog> {
  const paths = supervisor.copiedOutput(run.token) ?? { out: '', err: '' };
  try {
    for (let isAll = false; !isAll && !isCancelled(); ) isAll = (await supervisor.fetchOutput(run)).isAtEnd;
    return paths;
  } catch (error) {
    const [out = 0, err = 0] = await Promise.all([sizeOf(paths.out), sizeOf(paths.err)]);
    if (out + err === 0) throw error;
    return { ...paths, trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** The size of a file, bytes; undefined where it is not there. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
