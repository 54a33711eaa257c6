import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitProblem, failedStart, isFolderGone } from '../../src/process/guardian/startError.ts';
import type { FailedStart } from '../../src/process/launch/failedStart.ts';

const NOBODY = 65_534;
const MODULE = new URL('../../src/process/guardian/startError.ts', import.meta.url).href;

describe('Why an agent was not started (E13)', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-start-'));
    chmodSync(folder, 0o755);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const why = (code: string, command: string, cwd = folder) =>
    failedStart({ code, message: `spawn ${code}` }, { command, cwd }, { PATH: folder });

  /** What a function of the module says to somebody who is not root: that one may enter everything. */
  function asNobody(test: Mocha.Context, call: string): unknown {
    if (process.geteuid?.() !== 0) test.skip();
    const script = `import * as all from ${JSON.stringify(MODULE)}; console.log(JSON.stringify(all.${call}))`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
    const { status, stdout } = spawnSync(process.execPath, args, { uid: NOBODY, cwd: '/', encoding: 'utf8' });
    // Where this checkout is closed to others it cannot even be loaded.
    if (status !== 0) test.skip();
    return JSON.parse(stdout);
  }

  it('R5.7 a folder that may not be entered is the trouble of the folder', function () {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const request = JSON.stringify({ command: '/bin/true', cwd: closed });
    const failed = asNobody(this, `failedStart({ code: 'EACCES', message: '' }, ${request}, {})`) as FailedStart;
    assert.deepEqual([failed.kind, failed.trouble], ['spawn', 'folder']);
    assert.match(failed.error ?? '', /working folder .*closed may not be entered/);
  });

  it('R5.7 a folder within one that may not be entered is not taken for gone', function () {
    const inside = join(folder, 'closed', 'inside');
    mkdirSync(inside, { recursive: true });
    chmodSync(join(folder, 'closed'), 0o700);
    assert.equal(asNobody(this, `isFolderGone(${JSON.stringify(inside)})`), false);
    rmSync(inside, { recursive: true });
    assert.equal(isFolderGone(inside), true);
  });

  for (const [code, said] of [
    ['EMFILE', /no free file descriptor/],
    ['EAGAIN', /reached the limit of processes/],
    ['ENOMEM', /no free memory/],
    ['ENOSPC', /disk is full/],
    ['EROFS', /can only be read/],
    ['ENFILE', /machine has no free file descriptor/],
    ['EDQUOT', /disk quota is used up/],
    ['EIO', /disk reports errors/],
    ['ESTALE', /network disk has lost it/],
  ] as const) {
    it(`R13.3 ${code} is the machine's trouble, and passes`, () => {
      const failed = why(code, '/bin/true');
      assert.deepEqual([failed.kind, failed.trouble], ['void', 'machine']);
      assert.match(failed.error ?? '', said);
    });
  }

  it('a program without permission to execute it is named with what to do', () => {
    writeFileSync(join(folder, 'agent'), '#!/bin/sh\n', { mode: 0o644 });
    assert.match(why('EACCES', 'agent').error ?? '', /agent is not executable\. Make it so with: chmod \+x/);
  });

  it('a program that was made for another system is named as such', () => {
    writeFileSync(join(folder, 'agent'), Buffer.from([0x7f, 0x45, 0x4c, 0x46]), { mode: 0o755 });
    assert.match(why('ENOENT', 'agent').error ?? '', /made for another system/);
  });

  it('an exit code of the program itself is no problem of its start', () => {
    writeFileSync(join(folder, 'agent'), '#!/bin/sh\n', { mode: 0o755 });
    for (const code of [undefined, 0, 1, 126, 127])
      assert.equal(exitProblem(code, { command: 'agent', cwd: folder }, { PATH: folder }), undefined);
  });
});
