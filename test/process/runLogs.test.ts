import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRunLogs } from '../../src/process/runFolder/runLogs.ts';
import { withFaults } from '../support/faults.ts';

describe('Logs of runs, and copies of those of other machines', () => {
  let folder: string;
  let runs: string;
  let copies: string;
  let logs: ReturnType<typeof createRunLogs>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-logs-'));
    [runs, copies] = [join(folder, 'runs'), join(folder, 'copies')];
    mkdirSync(join(runs, 'run'), { recursive: true });
    logs = createRunLogs(runs, copies);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const stdout = () => join(runs, 'run', 'stdout.log');
  const read = async (from: number | undefined, most = 1_000) => {
    const { content, ...place } = await logs.read('run', 'out', from, most);
    return [Buffer.from(content, 'base64').toString(), place];
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it('R16.8 a log is read in parts, byte for byte', async () => {
    writeFileSync(stdout(), 'one\ntwo\nthree');
    assert.deepEqual(await read(undefined), ['one\ntwo\nthree', { at: 0, size: 13 }]);
    assert.deepEqual(await read(4, 5), ['two\nt', { at: 4, size: 13 }]);
    assert.deepEqual(await read(13), ['', { at: 13, size: 13 }]);
    writeFileSync(stdout(), Buffer.from([0xff, 0x00, 0x0a]));
    assert.deepEqual(
      (await logs.read('run', 'out', 0, 10)).content,
      Buffer.from([0xff, 0x00, 0x0a]).toString('base64'),
    );
  });

  it('R16.8 a log that is not there, or shorter than it was, is read from its beginning', async () => {
    assert.deepEqual(await read(undefined), ['', { at: 0, size: 0 }]);
    writeFileSync(stdout(), 'one\n');
    assert.deepEqual(await read(100), ['one\n', { at: 0, size: 4 }]);
  });

  it('R16.8 of a log of more than 4 MB comes the end, from the beginning of a line on', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const size = 50_000 * line.length;
    writeFileSync(stdout(), line.repeat(50_000));
    const [text, { at }] = (await read(undefined, 250)) as [string, { at: number }];
    assert.ok(at > size - 4 * 1024 * 1024 - 1 && at < size - 4 * 1024 * 1024 + 100, `${at}`);
    assert.deepEqual([at % 100, text.startsWith(line)], [0, true]);
  });

  it('R16.8 R8.1 only a regular file is sent: what a link in its place leads to is not', async () => {
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), stdout());
    assert.deepEqual(await read(undefined), ['', { at: 0, size: 0 }]);
    rmSync(stdout());
    execFileSync('mkfifo', [stdout()]);
    assert.deepEqual(await read(0), ['', { at: 0, size: 0 }]);
    await assert.rejects(logs.read('../secret', 'out', 0, 10), RangeError);
  });

  it('R16.8 a copy grows where it ends, says how far it goes, and is for its owner alone', async () => {
    assert.equal(await logs.copyOf('run'), undefined);
    await logs.begin('run', { out: 100, err: 0 });
    await logs.add('run', 'out', 100, base64('one\n'));
    await logs.add('run', 'out', 104, base64('two\n'));
    // Two windows may write the same piece.
    await logs.add('run', 'out', 104, base64('two\n'));
    assert.deepEqual(await logs.copyOf('run'), {
      held: { out: { from: 100, to: 108 }, err: { from: 0, to: 0 } },
      isComplete: false,
    });
    const { out } = logs.pathsOf('run');
    assert.deepEqual([readFileSync(out, 'utf8'), statSync(out).mode & 0o777], ['one\ntwo\n', 0o600]);
    await logs.complete('run');
    assert.equal((await logs.copyOf('run'))?.isComplete, true);
    await logs.drop('run');
    await logs.add('run', 'out', 108, base64('late'));
    assert.deepEqual([await logs.copyOf('run'), existsSync(out)], [undefined, false]);
  });

  it('R16.8 what cannot be looked at does not count as empty', async () => {
    await logs.begin('run', { out: 0, err: 0 });
    symlinkSync('stdout.log', logs.pathsOf('run').out);
    await assert.rejects(logs.copyOf('run'), { code: 'ELOOP' });
    await withFaults({ code: 'EMFILE', calls: ['openSync'] }, () =>
      assert.rejects(logs.copyOf('run'), /The copy of its output cannot be read \(no free descriptors\)/),
    );
  });

  it('R16.8 so many copies are kept: the one that was begun longest ago goes', async () => {
    for (let n = 0; n < 51; n++) {
      await logs.begin(`run-${n}`, { out: 0, err: 0 });
      utimesSync(join(copies, `run-${n}`), n, n);
    }
    const has = async (n: number) => (await logs.copyOf(`run-${n}`)) !== undefined;
    assert.deepEqual([await has(0), await has(1), await has(50)], [false, true, true]);
  });
});
