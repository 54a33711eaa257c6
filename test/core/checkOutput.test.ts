import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Check } from '../../src/core/model/check.ts';
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
import { checkReader } from '../../src/core/policy/checkReader.ts';

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

describe('the reader of a check', () => {
  const CHECK: Check = { command: 'x', timeoutMs: 1, maxRounds: 1, maxMs: 0, context: 'resume', checkFirst: true };
  const scored: Check = { ...CHECK, score: { pattern: 'coverage: (\\d+)', better: 'higher' } };

  it('R11.2 says the report, the digest and the score at the end, and goes on from a state', () => {
    const lines = ['coverage: 10', 'FAIL one (3 ms)', 'coverage: 80'];
    const whole = checkReader(scored);
    for (const line of lines) whole.line(line);
    const [end] = whole.end({ exitCode: 1 }, '');
    assert.deepEqual(end?.type === 'checked' && [end.report, end.score], [lines.join('\n'), 80]);
    const first = checkReader(scored);
    first.line(lines[0] as string);
    const second = checkReader(scored, JSON.parse(JSON.stringify(first.state())));
    for (const line of lines.slice(1)) second.line(line);
    assert.deepEqual(second.end({ exitCode: 1 }, ''), [end]);
  });

  it('R11.3 its digest leaves out times, and tells everything else apart', () => {
    const digestOf = (...lines: string[]) => {
      const reader = checkReader(CHECK);
      for (const line of lines) reader.line(line);
      const [end] = reader.end({ exitCode: 1 }, '');
      return end?.type === 'checked' ? end.digest : '';
    };
    assert.equal(digestOf('1 failing (3 ms)'), digestOf('1 failing (4 ms)'));
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{0,4}$/)),
        fc.array(fc.stringMatching(/^[a-z]{0,4}$/)),
        (one, other) => {
          assert.equal(
            digestOf(...one) === digestOf(...other),
            one.join('\n') === other.join('\n') && one.length === other.length,
          );
        },
      ),
    );
  });

  it('R11.8 a pattern that is no regular expression finds no score, and throws nothing', () => {
    const reader = checkReader({ ...CHECK, score: { pattern: '(', better: 'lower' } });
    reader.line('(1');
    const [end] = reader.end({ exitCode: 1 }, '');
    assert.equal(end?.type === 'checked' && end.score, undefined);
  });
});
