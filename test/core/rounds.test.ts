import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Check, CheckResult } from '../../src/core/model/check.ts';
import { roundPrompt } from '../../src/core/policy/roundPrompt.ts';
import { afterCheck, bestRound, type RoundLimits } from '../../src/core/policy/rounds.ts';

const CHECK: Check = {
  command: 'npm test',
  timeoutMs: 600_000,
  maxRounds: 10,
  maxMs: 0,
  context: 'resume',
  checkFirst: true,
};

function result(round: number, more: Partial<CheckResult> = {}): CheckResult {
  const base = { outcome: 'failed', exitCode: 1, startedAt: 0, endedAt: 1, token: `t${round}`, report: 'x' } as const;
  return { ...base, round, digest: `d${round}`, tree: `t${round}`, ...more };
}

function limits(more: Partial<RoundLimits> = {}): RoundLimits {
  return { check: CHECK, maxRounds: 10, seen: 0, ...more };
}

describe('rounds', () => {
  it('R11.2 a check that passes completes the loop, one that fails begins the next round', () => {
    assert.deepEqual(afterCheck([result(0)], limits(), 0), { next: 'round', round: 1 });
    assert.deepEqual(afterCheck([result(0), result(1)], limits(), 0), { next: 'round', round: 2 });
    assert.deepEqual(afterCheck([result(1, { outcome: 'passed' })], limits(), 0), { next: 'completed' });
  });

  it('R11.2 a check that passes before the first round does not complete the loop', () => {
    assert.deepEqual(afterCheck([result(0, { outcome: 'passed' })], limits(), 0), { next: 'round', round: 1 });
  });

  it('R11.2 one timeout is a failed round, two in a row wait for you, and so does a check that cannot start', () => {
    const timeout = { outcome: 'timeout' } as const;
    assert.equal(afterCheck([result(1, timeout)], limits(), 0).next, 'round');
    assert.equal(afterCheck([result(1, timeout), result(2), result(3, timeout)], limits(), 0).next, 'round');
    const bound = { next: 'wait', bound: 'checkTimeouts' };
    assert.deepEqual(afterCheck([result(1, timeout), result(2, timeout)], limits(), 0), bound);
    const unstartable = { next: 'wait', bound: 'checkUnstartable' };
    assert.deepEqual(afterCheck([result(1, { outcome: 'unstartable' })], limits(), 0), unstartable);
  });

  it('R11.3 every bound stops the rounds: rounds, money, time', () => {
    const wait = (bound: string) => ({ next: 'wait', bound });
    assert.deepEqual(afterCheck([result(3)], limits({ maxRounds: 3 }), 0), wait('maxRounds'));
    assert.deepEqual(afterCheck([result(2)], limits({ maxRounds: 3 }), 0), { next: 'round', round: 3 });
    assert.deepEqual(afterCheck([result(1)], limits({ costLeft: 0 }), 0), wait('maxCost'));
    assert.deepEqual(afterCheck([result(1)], limits({ costLeft: 1 }), 0), { next: 'round', round: 2 });
    assert.deepEqual(afterCheck([result(1)], limits({ until: 100 }), 100), wait('maxMinutes'));
    assert.deepEqual(afterCheck([result(1)], limits({ until: 101 }), 100), { next: 'round', round: 2 });
  });

  it('R11.3 the same output on the same tree twice in a row is no progress', () => {
    const same = { digest: 'd', tree: 't' };
    const stuck = [result(0, same), result(1, same), result(2, same)];
    assert.equal(afterCheck(stuck.slice(0, 2), limits(), 0).next, 'round');
    assert.deepEqual(afterCheck(stuck, limits(), 0), { next: 'wait', bound: 'noProgress' });
    const moved = [...stuck.slice(0, 2), result(2, { ...same, tree: 'other' })];
    assert.equal(afterCheck(moved, limits(), 0).next, 'round', 'the tree has changed');
    const told = [...stuck.slice(0, 2), result(2, { ...same, digest: 'other' })];
    assert.equal(afterCheck(told, limits(), 0).next, 'round', 'the output has changed');
  });

  it('R11.3 going back and forth between two states is no progress either', () => {
    const a = { digest: 'a', tree: 'a' };
    const b = { digest: 'b', tree: 'b' };
    const swings = [result(1, a), result(2, b), result(3, a), result(4, b)];
    assert.equal(afterCheck(swings.slice(0, 3), limits(), 0).next, 'round');
    assert.deepEqual(afterCheck(swings, limits(), 0), { next: 'wait', bound: 'noProgress' });
  });

  it('R11.8 three rounds without a better score are no progress; the earliest best round is marked', () => {
    for (const better of ['higher', 'lower'] as const) {
      const sign = better === 'higher' ? 1 : -1;
      const scored = [5, 7, 7, 6, 7].map((score, at) => result(at + 1, { score: sign * score }));
      const check = { ...CHECK, score: { pattern: '\\d+', better } };
      assert.equal(bestRound(scored, check.score)?.round, 2);
      assert.equal(afterCheck(scored.slice(0, 4), limits({ check }), 0).next, 'round');
      assert.deepEqual(afterCheck(scored, limits({ check }), 0), { next: 'wait', bound: 'noBetterScore' });
    }
  });

  it('R11.3 what was seen when the user said Continue is no reason to stop again', () => {
    const same = { digest: 'd', tree: 't' };
    const results = [result(1, same), result(2, same), result(3, same), result(4, same)];
    assert.equal(afterCheck(results, limits({ seen: 3 }), 0).next, 'round');
    assert.equal(afterCheck([...results, result(5, same)], limits({ seen: 3 }), 0).next, 'wait');
  });

  it('R11.3 whatever the checks say, a loop never runs more rounds than were granted', () => {
    const outcome = fc.constantFrom('failed' as const, 'timeout' as const);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(outcome, fc.nat(3), fc.nat(3))),
        fc.integer({ min: 1, max: 8 }),
        (runs, maxRounds) => {
          const results: CheckResult[] = [];
          for (const [kind, digest, tree] of runs) {
            results.push(result(results.length + 1, { outcome: kind, digest: `${digest}`, tree: `${tree}` }));
            if (afterCheck(results, limits({ maxRounds }), 0).next !== 'round') break;
          }
          assert.ok(results.length <= maxRounds);
        },
      ),
    );
  });
});

describe('the prompt of the next round', () => {
  const told = (report: string, context: 'resume' | 'fresh' = 'resume') =>
    roundPrompt('Do it.', { check: { ...CHECK, context }, result: result(1, { report }), logPath: '/runs/t1/stdout' });

  it('R11.2 names command, exit code, output and log; a fresh one begins with the original prompt', () => {
    const text = told('1 failing');
    for (const part of ['npm test', 'exit code 1', '1 failing', '/runs/t1/stdout'])
      assert.ok(text.includes(part), part);
    assert.equal(text.includes('Do it.'), false);
    assert.ok(told('1 failing', 'fresh').startsWith('Do it.\n\n'));
  });

  it('R11.5 output cannot close its fence, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', '\n', 'a', '```', 'text') }), (report) => {
        const lines = told(report).split('\n');
        const opened = lines.findIndex((line) => /^`{3,}text$/.test(line));
        const fence = lines[opened]?.replace('text', '');
        const closed = lines.findIndex((line, at) => at > opened && line === fence);
        const inside = lines.slice(opened + 1, closed).join('\n');
        assert.equal(inside, report === '' ? '(no output)' : report);
      }),
    );
  });
});
