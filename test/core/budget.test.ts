import assert from 'node:assert/strict';
import fc from 'fast-check';
import { toNano } from '../../src/core/model/money.ts';
import { admits, type BudgetState, budgetFit, budgetNews, isPast } from '../../src/core/policy/budget.ts';
import type { DaySpend } from '../../src/core/ports/store.ts';

const usd = toNano;
const DAY: DaySpend = { day: '2026-01-15', spent: 0, unknown: 0, warned: false, exceeded: false };

function state(facts: Partial<BudgetState>): BudgetState {
  return { used: 0, reserved: 0, runningReserved: 0, limit: usd(5), ...facts };
}

const fits = (budget: BudgetState, reserve: number): boolean => budgetFit(budget, reserve) === 'now';

describe('budget', () => {
  it('R6.2 an estimate that just fits is taken, 10⁻⁹ USD more is not', () => {
    assert.equal(admits(state({ used: usd(2), reserved: usd(2) }), usd(1)), true);
    assert.equal(admits(state({ used: usd(2), reserved: usd(2) }), usd(1) + 1), false);
    assert.equal(admits(state({}), usd(5)), true);
    assert.equal(admits(state({}), usd(5) + 1), false);
  });

  it('R6.2 nothing is taken once the limit is spent, not even what costs nothing', () => {
    assert.equal(admits(state({ used: usd(5) }), 0), false);
    assert.equal(admits(state({ used: usd(6) }), 0), false);
    assert.equal(admits(state({ used: usd(5) - 1 }), 0), true);
  });

  it('R6.2 ten $1 loops cannot pass a $5 limit together: five are taken', () => {
    let reserved = 0;
    const taken = Array.from({ length: 10 }, () => {
      const yes = admits(state({ reserved }), usd(1));
      if (yes) reserved += usd(1);
      return yes;
    });
    assert.equal(taken.filter(Boolean).length, 5);
    assert.equal(reserved, usd(5));
  });

  it('R6.2 ten $0.1 loops fill a $1 limit to the last cent: no drift', () => {
    let reserved = 0;
    for (let loop = 0; loop < 10; loop++) {
      assert.equal(admits(state({ reserved, limit: usd(1) }), usd(0.1)), true, `loop ${loop + 1}`);
      reserved += usd(0.1);
    }
    assert.equal(admits(state({ reserved, limit: usd(1) }), 1), false);
  });

  it('R6.1 a limit of 0 is no limit', () => {
    const none = state({ limit: 0, used: usd(1_000), reserved: usd(1_000), runningReserved: usd(1_000) });
    assert.equal(admits(none, usd(1_000)), true);
    assert.equal(fits(none, usd(1_000)), true);
    assert.equal(isPast(usd(1_000), 0), false);
    assert.equal(budgetNews({ ...DAY }, usd(1_000), 0, 90).warn, false);
  });

  it('R6.3 a start looks at what running loops hold, not at those that wait', () => {
    assert.equal(fits(state({ used: usd(1), reserved: usd(100), runningReserved: usd(3) }), usd(1)), true);
    assert.equal(fits(state({ used: usd(1), reserved: usd(100), runningReserved: usd(3) }), usd(1) + 1), false);
    assert.equal(fits(state({ used: usd(5) }), 0), false);
  });

  it('R6.3 tells a loop that running ones may make room for from one that fits no more today, or never', () => {
    const busy = { used: usd(1), reserved: 0, runningReserved: usd(3), limit: usd(5) };
    assert.equal(budgetFit(busy, usd(4)), 'later');
    assert.equal(budgetFit(busy, usd(4) + 1), 'today');
    assert.equal(budgetFit(busy, usd(5)), 'today', 'it just fits a day on which nothing else is spent');
    assert.equal(budgetFit(busy, usd(5) + 1), 'ever');
    assert.equal(budgetFit({ ...busy, used: usd(5) }, 0), 'today');
    assert.equal(budgetFit({ ...busy, limit: 0 }, usd(50)), 'now');
  });

  it('R6.2 R6.3 no sequence of admissions, starts and costs within the estimates passes the limit', () => {
    const steps = fc.array(
      fc.record({ estimate: fc.integer({ min: 0, max: 300 }), act: fc.constantFrom('admit', 'start', 'cost', 'end') }),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), steps, (limit, plan) => {
        const queued: number[] = [];
        const running: number[] = [];
        let used = 0;
        const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
        for (const { act, estimate } of plan) {
          const now = { used, reserved: sum(queued) + sum(running), runningReserved: sum(running), limit };
          if (act === 'admit' && admits(now, estimate)) queued.push(estimate);
          if (act === 'start' && queued.length > 0 && fits(now, queued[0] as number))
            running.push(queued.shift() as number);
          if (act === 'cost' && running.length > 0) {
            const cost = Math.min(running[0] as number, estimate);
            used += cost;
            running[0] = (running[0] as number) - cost;
          }
          if (act === 'end') running.shift();
          assert.ok(used + sum(running) + sum(queued) <= limit);
        }
      }),
    );
  });

  it('R6.4 warns at the very percentage, and once', () => {
    const almost = budgetNews({ ...DAY }, usd(4.5) - 1, usd(5), 90);
    assert.deepEqual([almost.warn, almost.exceeded, almost.day.warned], [false, false, false]);
    const first = budgetNews({ ...DAY }, usd(4.5), usd(5), 90);
    assert.deepEqual([first.warn, first.exceeded, first.day.warned], [true, false, true]);
    const again = budgetNews({ ...first.day }, usd(4.9), usd(5), 90);
    assert.deepEqual([again.warn, again.day], [false, first.day]);
  });

  it('R6.4 says once that running loops have carried the day past the limit; to reach it is not to pass it', () => {
    const reached = budgetNews({ ...DAY, warned: true }, usd(5), usd(5), 90);
    assert.equal(reached.exceeded, false);
    const passed = budgetNews({ ...reached.day }, usd(5) + 1, usd(5), 90);
    assert.deepEqual([passed.exceeded, passed.warn, passed.day.exceeded], [true, false, true]);
    assert.equal(budgetNews({ ...passed.day }, usd(9), usd(5), 90).exceeded, false);
  });

  it('R6.4 one jump from nothing past the limit gives both', () => {
    const news = budgetNews({ ...DAY }, usd(50), usd(5), 90);
    assert.deepEqual([news.warn, news.exceeded], [true, true]);
  });

  it('R6.4 over any growth of the spend each is said at most once, at the first step that calls for it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        (costs, limit, percent) => {
          let day = DAY;
          let used = 0;
          const warnings: number[] = [];
          const exceeded: number[] = [];
          for (const cost of costs) {
            used += cost;
            const news = budgetNews(day, used, limit, percent);
            day = news.day;
            if (news.warn) warnings.push(used);
            if (news.exceeded) exceeded.push(used);
          }
          let sum = 0;
          const totals = costs.map((cost) => {
            sum += cost;
            return sum;
          });
          assert.deepEqual(warnings, totals.filter((spent) => spent >= (limit * percent) / 100).slice(0, 1));
          assert.deepEqual(exceeded, totals.filter((spent) => spent > limit).slice(0, 1));
        },
      ),
    );
  });
});
