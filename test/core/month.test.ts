import assert from 'node:assert/strict';
import { playMonth } from '../support/month/month.ts';

/** More of them by hand: `npm run month -- --months 10`. */
describe('a month in which everything breaks for a while', () => {
  it('R2.2 R5.7 R6.8 R14.1 every one of 3,000 loops ends where it leads by itself, and no day is granted more than its limit', async () => {
    const { wrong, ends, grants, starts, owners, holds } = await playMonth({ seed: 14, loops: 3_000 });
    assert.deepEqual(wrong, []);
    const loops = [...ends.values()].reduce((sum, count) => sum + count, 0);
    assert.equal(loops, 3_000);
    // It was no quiet month.
    assert.ok(starts > 4_000 && grants > 1_000, `${starts} starts, ${grants} grants`);
    assert.deepEqual([...owners.keys()].sort(), ['account', 'loop', 'machine', 'nobody', 'profile', 'provider']);
    for (const reason of [
      'login',
      'billing',
      'usageLimit',
      'program',
      'config',
      'machine',
      'absence',
      'circuit breaker',
    ])
      assert.ok(holds.has(reason), `nothing was held for ${reason}`);
  });
});
