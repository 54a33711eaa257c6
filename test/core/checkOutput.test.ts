import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addLine,
  LONGEST_REPORT,
  NO_OUTPUT,
  normalisedLine,
  type OutputTail,
  plainLine,
  reportOf,
  scoreIn,
} from '../../src/core/policy/checkOutput.ts';

const collect = (lines: readonly string[]): OutputTail => lines.reduce(addLine, NO_OUTPUT);

describe('the output of a check', () => {
  it('R11.2 its report is its end, with failing lines from before and how much was left out', () => {
    const lines = [
      'FAIL test/a.test.ts',
      ...Array.from({ length: 2_000 }, (_, n) => `ok ${n} something passes`),
      'done',
      '',
    ];
    const report = reportOf(collect(lines));
    assert.ok(report.startsWith('FAIL test/a.test.ts\n… '));
    assert.ok(report.endsWith('\ndone'));
    assert.match(report, /… \d+ more lines, whole in the log …/);
    assert.equal(reportOf(collect(['one', 'two', ''])), 'one\ntwo');
  });

  it('R11.2 the report is never longer than 16 KiB, whatever is printed', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3_000 }), { maxLength: 60 }), (lines) => {
        assert.ok(reportOf(collect(lines.map((line) => line.replaceAll('\n', ' ')))).length <= LONGEST_REPORT + 100);
      }),
    );
  });

  it('R11.5 terminal codes and characters that turn text around are gone', () => {
    assert.equal(plainLine('\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007'), 'red link');
    assert.equal(plainLine('50%\r100% done\r'), '100% done');
    assert.equal(plainLine('a\u202eb\u0000c\u009bd'), 'abcd');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        assert.doesNotMatch(plainLine(line), /[^\P{Cc}\t]|[\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  for (const [one, other] of [
    ['  12 passing (31ms)', '  12 passing (2 s)'],
    ['Done in 3.21s at 2026-11-29T12:00:01.123Z', 'Done in 10.5s at 2026-11-30 01:00:00'],
    ['error in /tmp/loop-abc123/x.ts: no', 'error in /tmp/loop-zzz/y.ts: no'],
    ['at 0x7ffe12 pid 12', 'at 0xabc1 pid 99'],
    ['[12:01:02] Starting', '[01:59:59] Starting'],
  ] as const) {
    it(`R11.3 "${one}" and "${other}" are the same`, () => {
      assert.equal(normalisedLine(one), normalisedLine(other));
    });
  }

  it('R11.3 a count that changes is a change', () => {
    assert.notEqual(normalisedLine('  3 failing'), normalisedLine('  2 failing'));
  });

  it('R11.8 the last number that the pattern finds is the score', () => {
    assert.equal(scoreIn('coverage: 81.5 % of lines', /coverage: ([\d.]+)/g), 81.5);
    assert.equal(scoreIn('1,234 points, then 2,000 points', /([\d,]+) points/g), 2000);
    assert.equal(scoreIn('nothing', /(\d+)/g), undefined);
    assert.equal(scoreIn('x', /x/g), undefined);
  });
});
