import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtEnded, lookAtExit } from '../../src/process/runFolder/recordSchemas.ts';
import { type RunFiles, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { seen } from '../support/seen.ts';

describe('records of a run folder', () => {
  let folder: string;
  let files: RunFiles;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'records-'));
    files = runFiles(folder, 'run');
    mkdirSync(files.folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('R8.1 a time that the database could not give back makes a record that is none', () => {
    const end = { format: 1, kind: 'exited', exit: { exitCode: 0 }, swept: [], kept: [], remaining: [] };
    for (const [at, isTime] of [
      [1_764_000_000_000, true],
      [2 ** 53, false],
      [1e300, false],
      [0.5, false],
      [-1, false],
      ['1', false],
    ] as const) {
      writeFileSync(files.exit, JSON.stringify({ format: 1, exit: { exitCode: 0 }, at }));
      writeFileSync(files.ended, JSON.stringify({ ...end, at }));
      assert.equal(seen(lookAtExit(files))?.at, isTime ? at : undefined, String(at));
      assert.equal(seen(lookAtEnded(files))?.at, isTime ? at : undefined, String(at));
    }
  });
});
