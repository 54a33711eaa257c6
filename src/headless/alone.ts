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
 * A window is there again: since when there was none (wall time, ms), returned once. Throws the error of the file
 * system.
 */
export function takeAlone(storage: string): number | undefined {
  const path = hostFiles(storage).alone;
  const read = record.safeParse(readJson(path));
  rmSync(path, { force: true });
  return read.success ? read.data.since : undefined;
}
