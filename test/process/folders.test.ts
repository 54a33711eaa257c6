import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folders } from '../../src/process/runFolder/folders.ts';

describe('folders', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-folders-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('R1.3 a folder is there, what is none is gone, and what cannot be looked at is unknown', () => {
    const [file, turning] = [join(folder, 'file'), join(folder, 'turning')];
    writeFileSync(file, '');
    symlinkSync(turning, turning);
    assert.equal(folders.look(folder).state, 'there');
    for (const path of [file, join(file, 'below'), join(folder, 'missing'), 'x'.repeat(10_000), 'a\0b', '']) {
      assert.equal(folders.look(path).state, 'gone', path.slice(0, 80));
    }
    assert.equal(folders.look(turning).state, 'unknown');
  });
});
