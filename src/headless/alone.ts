import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { createOnce, FOLDER_MODE, readJson } from '../process/runFolder/atomicFile.ts';
import { hostFiles } from './hostFiles.ts';

const record = z.object({ since: z.number() });

/** Records that no window is open from now on (wall time, ms), unless that is on record already. */
export function noteAlone(storage: string, since: number): void {
  const { alone } = hostFiles(storage);
  mkdirSync(dirname(alone), { recursive: true, mode: FOLDER_MODE });
  createOnce(alone, { since });
}

/**
 * Returns since when no window had been open (wall time, ms), and removes the record: only the first window that opens
 * again gets it. Throws the error of the file system.
 */
export function takeAlone(storage: string): number | undefined {
  const path = hostFiles(storage).alone;
  const read = record.safeParse(readJson(path));
  rmSync(path, { force: true });
  return read.success ? read.data.since : undefined;
}
