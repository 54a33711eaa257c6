import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { worksIn } from '../../src/process/tables/workers.ts';
import { canExhaust, exhaust } from '../support/descriptors.ts';
import { until } from '../support/until.ts';

describe('who works in a folder', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loop-workers-')));
  before(function () {
    if (process.platform !== 'linux') this.skip();
    mkdirSync(join(folder, 'inner'));
    mkdirSync(`${folder}-beside`);
  });
  after(() => {
    for (const path of [folder, `${folder}-beside`]) rmSync(path, { recursive: true, force: true });
  });

  it('R12.4 a program of that name, there or in a folder inside, while it lives', async () => {
    const work = spawn('sleep', ['600'], { cwd: join(folder, 'inner'), stdio: 'ignore' });
    await until('the program', () => worksIn(folder, 'slee').state === 'there');
    assert.deepEqual(worksIn(folder, 'slee'), { state: 'there', value: work.pid });
    assert.equal(worksIn(`${folder}-beside`, 'slee').state, 'gone');
    assert.equal(worksIn(folder, 'git').state, 'gone');
    work.kill('SIGKILL');
    await until('its end', () => worksIn(folder, 'slee').state === 'gone');
  });

  it('R7.4 a look that fails proves nothing', function () {
    if (!canExhaust()) this.skip();
    // What gives the limit back needs some itself.
    const spare = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
    const restore = exhaust(process.pid);
    assert.throws(() => {
      for (;;) spare.push(openSync('/dev/null', 'r'));
    }, /EMFILE/);
    const look = worksIn(folder, 'git');
    for (const fd of spare) closeSync(fd);
    restore();
    assert.deepEqual(look, { state: 'unknown', why: 'no free descriptors' });
  });
});
