import { appendFileSync } from 'node:fs';
import { FILE_MODE } from '../runFolder/atomicFile.ts';

/** Lines at most, so that an error that comes again and again fills no disk. */
const LINES_AT_MOST = 200;

/** What a guardian says about itself, in a file of the run folder. It never throws. */
export function guardianLog(path: string): (message: string, error?: unknown) => void {
  let lines = 0;
  return (message, error) => {
    lines += 1;
    if (lines > LINES_AT_MOST) return;
    const why =
      error instanceof Error ? `\n  ${error.stack ?? error.message}` : error === undefined ? '' : ` ${String(error)}`;
    try {
      appendFileSync(path, `${new Date().toISOString()} ${message}${why}\n`, { mode: FILE_MODE });
    } catch {
      // A full disk or a removed folder: there is no other place to say it.
    }
  };
}
