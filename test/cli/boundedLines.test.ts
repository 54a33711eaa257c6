import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { BoundedLines } from '../../src/cli/boundedLines.ts';

const LONGEST = 8;

describe('lines of a bounded length', () => {
  it('R15.4 each line comes whole, however the input is cut, and one that is too long is left out', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\r', '\0'), maxLength: 12 }), { maxLength: 8 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }),
        async (lines, cuts) => {
          const input = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          let tooLong = 0;
          const bounded = new BoundedLines(LONGEST, () => {
            tooLong++;
          });
          const passed: string[] = [];
          bounded.on('data', (line: Buffer) => passed.push(line.toString()));
          Readable.from(pieces(input, cuts)).pipe(bounded);
          await new Promise((resolve) => bounded.once('end', resolve));
          const fits = lines.filter((line) => Buffer.byteLength(line) < LONGEST);
          assert.deepEqual(
            passed,
            fits.map((line) => `${line}\n`),
          );
          assert.equal(tooLong, lines.length - fits.length);
        },
      ),
    ));

  it('R15.4 a line without an end fills no memory, and is reported at once', () => {
    let tooLong = 0;
    const bounded = new BoundedLines(LONGEST, () => {
      tooLong++;
    });
    for (let n = 0; n < 100; n++) bounded.write('abc');
    assert.equal(tooLong, 1);
    assert.equal(bounded.readableLength, 0);
  });
});

/** A text in pieces of these lengths, again and again. */
function* pieces(input: Buffer, cuts: readonly number[]): Generator<Buffer> {
  for (let at = 0, n = 0; at < input.length; n++) {
    const length = 1 + (cuts[n % cuts.length] as number);
    yield input.subarray(at, at + length);
    at += length;
  }
}
