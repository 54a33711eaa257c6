import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type NanoUsd, toNano as usd } from '../../src/core/model/money.ts';
import { type DayMoney, type GrantRequest, grant } from '../../src/core/policy/allowance.ts';

const day = (facts: Partial<DayMoney> = {}): DayMoney => ({ limit: usd(10), used: 0, outstanding: 0, ...facts });
const ask = (facts: Partial<GrantRequest> = {}): GrantRequest => ({ least: usd(0.5), sharers: 4, ...facts });
const granted = (amount: number, of: 'cap' | 'day' = 'day') => ({ kind: 'granted', amount: usd(amount), of });

describe('allowance', () => {
  it('R6.8 four first loops share a limit of $10: none is given all of it', () => {
    let outstanding = 0;
    for (const sharers of [4, 3, 2, 1]) {
      const given = grant(day({ outstanding }), ask({ sharers }));
      assert.deepEqual(given, granted(2.5));
      outstanding += usd(2.5);
    }
    assert.deepEqual(grant(day({ outstanding }), ask()), { kind: 'wait' });
  });

  it('R6.8 is the rest of its own cap where that is less than its share', () => {
    assert.deepEqual(grant(day(), ask({ capLeft: usd(2) })), granted(2, 'cap'));
    assert.deepEqual(grant(day(), ask({ capLeft: usd(2.5) })), granted(2.5, 'cap'));
    assert.deepEqual(grant(day(), ask({ capLeft: usd(3) })), granted(2.5));
    assert.deepEqual(grant(day({ limit: 0 }), ask({ capLeft: usd(3) })), granted(3, 'cap'));
    assert.deepEqual(grant(day({ limit: 0 }), ask()), { kind: 'unbounded' });
    assert.deepEqual(grant(day({ limit: 0 }), ask({ capLeft: 0 })), { kind: 'usedUp', of: 'cap' });
  });

  it('R6.8 a share is never less than the least: fewer loops run instead', () => {
    assert.deepEqual(grant(day({ limit: usd(1) }), ask()), granted(0.5));
    assert.deepEqual(grant(day({ limit: usd(10) }), ask({ least: usd(4) })), granted(4));
    assert.deepEqual(grant(day({ outstanding: usd(8) }), ask({ least: usd(4), sharers: 2 })), { kind: 'wait' });
  });

  it('R6.8 the last remainder goes to one loop, whatever its size, and only when nobody can give any back', () => {
    assert.deepEqual(grant(day({ used: usd(9.9) }), ask()), granted(0.1));
    assert.deepEqual(grant(day({ used: usd(9.9), outstanding: usd(0.05) }), ask()), { kind: 'wait' });
    assert.deepEqual(grant(day({ used: usd(10) }), ask()), { kind: 'usedUp', of: 'day' });
  });

  it('R6.8 runs that have spent more than they were granted leave no more than the day has', () => {
    assert.deepEqual(grant(day({ used: usd(6), outstanding: -usd(3) }), ask({ sharers: 1 })), granted(4));
  });

  it('R6.8 a cap that leaves less than the least is no reason to wait', () => {
    assert.deepEqual(
      grant(day({ used: usd(9.5), outstanding: usd(0.3) }), ask({ capLeft: usd(0.2) })),
      granted(0.2, 'cap'),
    );
  });

  it('R6.8 spending that is not seen while it runs is granted its estimate', () => {
    assert.deepEqual(grant(day(), ask({ setAside: usd(6) })), granted(6));
    assert.deepEqual(grant(day(), ask({ setAside: 0 })), granted(0));
    assert.deepEqual(grant(day({ outstanding: usd(5) }), ask({ setAside: usd(6) })), { kind: 'wait' });
    assert.deepEqual(grant(day({ used: usd(5) }), ask({ setAside: usd(6) })), { kind: 'usedUp', of: 'day' });
    assert.deepEqual(grant(day({ used: usd(10) }), ask({ setAside: 0 })), { kind: 'usedUp', of: 'day' });
  });

  it('R6.8 whatever happens in whatever order, grants never pass the limit, and spend only by turns in flight', () => {
    const money = fc.integer({ min: 0, max: usd(12) });
    const step = fc.oneof(
      fc.record({
        do: fc.constant('start' as const),
        least: money,
        capLeft: fc.option(money, { nil: undefined }),
      }),
      fc.record({ do: fc.constant('cost' as const), who: fc.nat(), amount: money }),
      fc.record({ do: fc.constant('topUp' as const), who: fc.nat(), least: money }),
      fc.record({ do: fc.constant('end' as const), who: fc.nat() }),
      fc.record({ do: fc.constant('limit' as const), to: fc.integer({ min: 1, max: usd(30) }) }),
      fc.record({ do: fc.constant('midnight' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const slots = 4;
        let limit = usd(10);
        let used = 0;
        /** The most that was allowed today: the limit, or what was granted before it was lowered. */
        let ceiling = limit;
        let overshoot = 0;
        const running: { allowance: NanoUsd; cost: NanoUsd }[] = [];
        const outstanding = () => running.reduce((sum, { allowance, cost }) => sum + Math.max(0, allowance - cost), 0);
        const give = (request: Omit<GrantRequest, 'sharers'>, sharers: number): NanoUsd | undefined => {
          const given = grant({ limit, used, outstanding: outstanding() }, { ...request, sharers });
          if (given.kind !== 'granted') return undefined;
          assert.ok(given.amount > 0);
          assert.ok(used + outstanding() + given.amount <= limit, 'a grant passed the limit');
          return given.amount;
        };
        for (const event of steps) {
          const at = 'who' in event && running.length > 0 ? event.who % running.length : -1;
          const attempt = running[at];
          if (event.do === 'start' && running.length < slots) {
            const { least, capLeft } = event;
            const amount = give({ least, ...(capLeft !== undefined && { capLeft }) }, slots - running.length);
            if (amount !== undefined) running.push({ allowance: amount, cost: 0 });
          } else if (event.do === 'cost' && attempt && attempt.cost < attempt.allowance) {
            // One turn: it may pass the allowance, and none follows it.
            overshoot += Math.max(0, attempt.cost + event.amount - attempt.allowance);
            attempt.cost += event.amount;
            used += event.amount;
          } else if (event.do === 'topUp' && attempt && attempt.cost >= attempt.allowance) {
            const amount = give({ least: event.least }, slots - running.length + 1);
            if (amount !== undefined) attempt.allowance = attempt.cost + amount;
          } else if (event.do === 'end' && attempt) running.splice(at, 1);
          else if (event.do === 'limit') {
            limit = event.to;
            ceiling = Math.max(ceiling, limit);
          } else if (event.do === 'midnight') {
            used = 0;
            overshoot = 0;
            ceiling = Math.max(limit, outstanding());
          }
          assert.ok(used <= ceiling + overshoot, 'spend passed the limit by more than the turns in flight');
        }
      }),
      { numRuns: 500 },
    );
  });
});
