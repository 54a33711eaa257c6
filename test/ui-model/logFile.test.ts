import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  LONGEST_LINE,
  readBackward,
  readForward,
  readLine,
  readTail,
  sizeOf,
} from '../../src/ui/transcript/logFile.ts';

describe('log file windows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'transcript-'));
  const path = join(folder, 'out');
  after(() => rmSync(folder, { recursive: true }));

  it('R8.1 a named pipe in place of a log reads as empty, and blocks nobody (A10)', async function () {
    const pipe = join(folder, 'pipe');
    try {
      execFileSync('mkfifo', [pipe]);
    } catch {
      this.skip();
    }
    assert.deepEqual((await readForward(pipe, 0, 1_000, true)).lines, []);
  });

  async function allForward(window: number, ended: boolean) {
    const lines = [];
    for (let at = 0; ; ) {
      const read = await readForward(path, at, window, ended);
      lines.push(...read.lines);
      if (read.to === at) return lines;
      at = read.to;
    }
  }

  async function allBackward(window: number, ended: boolean) {
    const lines = [];
    for (let at = Number.MAX_SAFE_INTEGER; at > 0; ) {
      const read = await readBackward(path, at, window, ended);
      lines.unshift(...read.lines);
      at = read.from;
    }
    return lines;
  }

  it('R8.2 reads the same lines forwards and backwards, whatever the window, and no character is broken', async () => {
    const line = fc.stringMatching(/^[a-zäß€😀]{0,40}$/u);
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.boolean(),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        async (texts, closed, window, ended) => {
          const text = texts.join('\n') + (closed ? '\n' : '');
          writeFileSync(path, text);
          const whole = ended || closed ? texts : texts.slice(0, -1);
          // An empty last line without a line end is no line.
          const expected = (ended && !closed && whole.at(-1) === '' ? whole.slice(0, -1) : whole).map((one) => one);
          if (texts.length === 0 && closed) expected.push('');
          assert.deepEqual(
            (await allForward(window, ended)).map((one) => one.text),
            expected,
          );
          assert.deepEqual(
            (await allBackward(window, ended)).map((one) => one.text),
            expected,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('R8.2 a line over 1 MiB is cut, and the next ones are read', async () => {
    writeFileSync(path, `first\n${'x'.repeat(3 * LONGEST_LINE)}\nlast\n`);
    for (const lines of [await allForward(1000, false), await allBackward(1000, false)]) {
      assert.deepEqual(
        lines.map((line) => [line.text.length, line.cut]),
        [
          [5, false],
          [LONGEST_LINE, true],
          [4, false],
        ],
      );
    }
  });

  it('R8.2 a line of exactly 1 MiB is whole', async () => {
    writeFileSync(path, `${'x'.repeat(LONGEST_LINE)}\n`);
    assert.deepEqual(
      (await allForward(1000, false)).map((line) => [line.text.length, line.cut]),
      [[LONGEST_LINE, false]],
    );
  });

  it('a growing line is returned once it ends, and is not scanned again from its start', async () => {
    writeFileSync(path, 'a\n');
    const { to } = await readForward(path, 0, 100, false);
    appendFileSync(path, 'x'.repeat(500));
    const part = await readForward(path, to, 100, false);
    assert.deepEqual([part.lines.length, part.to, part.scanned], [0, to, 502]);
    appendFileSync(path, 'y\nz');
    const whole = await readForward(path, to, 100, false, part.scanned);
    assert.deepEqual(
      whole.lines.map((line) => line.text),
      [`${'x'.repeat(500)}y`],
    );
    assert.equal(whole.to, 504);
  });

  it('NUL bytes and invalid UTF-8 do not break reading', async () => {
    writeFileSync(path, Buffer.from([0x61, 0x00, 0x62, 0x0a, 0xff, 0xfe, 0x0a]));
    assert.deepEqual(
      (await allForward(100, false)).map((line) => line.text),
      ['a\0b', '\ufffd\ufffd'],
    );
  });

  it('a log that is not there reads as empty', async () => {
    const none = join(folder, 'none');
    assert.equal(await sizeOf(none), 0);
    assert.deepEqual((await readForward(none, 0, 100, true)).lines, []);
    assert.deepEqual((await readBackward(none, 100, 100, true)).lines, []);
    assert.deepEqual(await readTail(none, 100), { text: '', size: 0 });
    assert.equal(await readLine(none, 7), undefined);
  });

  it('the tail begins at the start of a line if one is near', async () => {
    writeFileSync(path, 'one\ntwo\nthree\n');
    assert.deepEqual(await readTail(path, 9), { text: 'three\n', size: 14 });
    assert.deepEqual(await readTail(path, 100), { text: 'one\ntwo\nthree\n', size: 14 });
  });
});
