import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { AgentReader } from '../../src/core/model/agentEvent.ts';
import { lastLineOf } from '../../src/process/follow/lastLine.ts';
import { LineSplitter } from '../../src/process/follow/lineSplitter.ts';
import { LONGEST_LINE_BYTES, LongLine } from '../../src/process/follow/longLine.ts';
import { Pump } from '../../src/process/follow/pump.ts';
import { Tail } from '../../src/process/follow/tail.ts';

/** Takes `bytes` in pieces of the given sizes, in one buffer that is used again as the pump does. */
function split(bytes: Buffer, sizes: readonly number[]): { lines: string[]; taken: number } {
  const splitter = new LineSplitter();
  const buffer = Buffer.alloc(256 * 1024);
  const lines: string[] = [];
  let taken = 0;
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at, buffer.length);
    bytes.copy(buffer, 0, at, at + size);
    at += size;
    for (const block of splitter.take(buffer.subarray(0, size))) {
      lines.push(...block.lines);
      taken += block.bytes;
      if (taken > 0) assert.equal(bytes[taken - 1], 10, 'a block ends at a line');
    }
    buffer.fill(0);
  }
  const rest = splitter.rest();
  lines.push(...(rest?.lines ?? []));
  return { lines, taken: taken + (rest?.bytes ?? 0) };
}

describe('Lines of output', () => {
  it('R8.2 are the same however the bytes come, and all bytes are accounted for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\r', 'a\0b', '😀ü', 'x'.repeat(70_000)))),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (texts, sizes, ended) => {
          const text =
            texts.map((one) => one.replaceAll('\n', '')).join('\n') + (ended && texts.length > 0 ? '\n' : '');
          const bytes = Buffer.from(text);
          const expected = bytes
            .toString('utf8')
            .split('\n')
            .map((line) => line.replace(/\r$/, ''));
          if (expected.at(-1) === '' && !text.endsWith('\r')) expected.pop();
          const { lines, taken } = split(bytes, sizes);
          assert.deepEqual(lines, expected);
          assert.equal(taken, bytes.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('R8.2 any bytes give lines, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 7 }), (bytes, size) => {
        const buffer = Buffer.from(bytes);
        const { lines, taken } = split(buffer, [size]);
        assert.deepEqual(lines, split(buffer, [300]).lines);
        assert.equal(taken, buffer.length);
      }),
    );
  });

  it('R8.2 a line of 1 MiB is given whole, a longer one cut', () => {
    const whole = 'a'.repeat(LONGEST_LINE_BYTES);
    assert.deepEqual(split(Buffer.from(`${whole}\nb\n`), [100_000]).lines, [whole, 'b']);
    const { lines, taken } = split(Buffer.from(`${whole}a\nb\n`), [100_000]);
    assert.deepEqual(lines, [whole, 'b']);
    assert.equal(taken, LONGEST_LINE_BYTES + 4);
  });
});

describe('A line that is too long', () => {
  function shorten(text: string, size: number): string {
    const long = new LongLine();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) long.add(bytes.subarray(at, at + size));
    return long.text();
  }

  it('R8.2 stays JSON with all its fields; only long strings are cut, between characters', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('ü', '😀', '\\', '"', '\n', '\u0007', 'ab"\\', '𐍈\u001f'),
        fc.integer({ min: 1, max: 50_000 }),
        (value, unit, size) => {
          const original = {
            before: value,
            text: unit.repeat(20_000),
            between: [1, 'short'],
            more: `x${unit}`.repeat(30_000),
            cost: 0.25,
          };
          const short = JSON.parse(shorten(JSON.stringify(original), size)) as typeof original;
          assert.deepEqual(
            { ...short, text: 0, more: 0 },
            { ...(JSON.parse(JSON.stringify(original)) as object), text: 0, more: 0 },
          );
          for (const name of ['text', 'more'] as const) {
            const [got, full] = [short[name], original[name]];
            assert.ok(got === full || (got.endsWith('…') && full.startsWith(got.slice(0, -1))), got.slice(-20));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('R8.2 what is no JSON is cut after 1 MiB', () => {
    assert.equal(shorten('"x'.repeat(2_000_000), 65_536).length, LONGEST_LINE_BYTES);
    assert.equal(shorten(`[${'1,'.repeat(2_000_000)}1]`, 65_536).length, LONGEST_LINE_BYTES);
  });

  it('R8.2 takes memory for what it keeps, not for what it was given', () => {
    const long = new LongLine();
    const piece = Buffer.alloc(256 * 1024, 'z');
    long.add(Buffer.from('{"text":"'));
    for (let pieces = 0; pieces < 400; pieces += 1) long.add(piece);
    long.add(Buffer.from('"}'));
    assert.ok(long.text().length < 40_000);
  });
});

describe('The end of a log', () => {
  it('R8.2 is read to its last byte, though a piece was on its way when it was written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-tail-'));
    const path = join(folder, 'log');
    const pump = new Pump((message, error) => assert.fail(`${message} ${error}`));
    const texts: string[] = [];
    let drained: Promise<void> | undefined;
    const line = (text: string) => {
      texts.push(text);
      // The piece with the first line has been read by now; what follows has not.
      if (!drained) {
        appendFileSync(path, 'two\n');
        drained = pump.drain(tail);
      }
      return [];
    };
    const reader: AgentReader = { line, end: () => [], state: () => null };
    const tail = new Tail({
      path,
      reader,
      from: 0,
      onOutput: () => undefined,
      onError: (message) => assert.fail(message),
    });
    writeFileSync(path, 'one\n');
    await pump.read(tail);
    await drained;
    assert.deepEqual(texts, ['one', 'two']);
    appendFileSync(path, 'too late\n');
    await pump.read(tail);
    tail.finish({}, '');
    assert.deepEqual(texts, ['one', 'two']);
    rmSync(folder, { recursive: true });
  });
});

describe('The last line', () => {
  for (const [text, expected] of [
    ['', ''],
    ['one\ntwo\n', 'two'],
    ['one\n \t\r\n', 'one'],
    ['\u001b[31merror\u001b[0m: bad\u0007', 'error: bad'],
    ['a\0b', 'a b'],
    [`x${'y'.repeat(1000)}`, `x${'y'.repeat(499)}`],
  ] as const) {
    it(JSON.stringify(text).slice(0, 40), () => assert.equal(lastLineOf(text), expected));
  }
});
