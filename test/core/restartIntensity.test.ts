import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addRestart } from '../../src/core/policy/restartIntensity.ts';

const WINDOW = 300_000;

/** Fails a loop at each of these times; answers which failures were restarted. */
function play(times: readonly number[], maxRestarts: number, windowMs = WINDOW): boolean[] {
  let restarts: readonly number[] = [];
  return times.map((now) => {
    const verdict = addRestart(restarts, { maxRestarts, windowMs, maxTotal: 1_000 }, now);
    restarts = verdict.restarts;
    return verdict.allowed;
  });
}

describe('restart intensity', () => {
  for (const maxRestarts of [0, 1, 2, 3, 10]) {
    it(`R5.1 maxRestarts ${maxRestarts}: exactly so many restarts, the failure after that is for good`, () => {
      const verdicts = play(
        Array.from({ length: maxRestarts + 1 }, (_, index) => 1_000 + index),
        maxRestarts,
      );
      assert.deepEqual(verdicts, [...Array.from({ length: maxRestarts }, () => true), false]);
    });
  }

  it('R5.1 the window slides: a restart counts until it is older than the window, not until a fixed moment', () => {
    assert.deepEqual(
      play([0, 100_000, 200_000, 300_000], 3),
      [true, true, true, false],
      'at its very end it still counts, as in OTP',
    );
    assert.deepEqual(play([0, 100_000, 200_000, 300_001], 3), [true, true, true, true]);
    assert.deepEqual(
      play([0, 299_999, 300_001, 300_002, 300_003], 3),
      [true, true, true, true, false],
      'the window is not tumbling',
    );
  });

  it('R5.1 in no window of its length are there more restarts than allowed, and none is refused without need', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2 * WINDOW }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 6 }), (steps, maxRestarts) => {
        let restarts: readonly number[] = [];
        const granted: number[] = [];
        let now = 0;
        for (const step of steps) {
          now += step;
          const within = granted.filter((at) => now - at <= WINDOW).length;
          const verdict = addRestart(restarts, { maxRestarts, windowMs: WINDOW, maxTotal: 1_000 }, now);
          assert.equal(verdict.allowed, within < maxRestarts);
          if (verdict.allowed) granted.push(now);
          restarts = verdict.restarts;
          assert.deepEqual(
            restarts,
            granted.filter((at) => now - at <= WINDOW),
            'what is kept is what is in the window, so it is bounded (R9.4)',
          );
        }
      }),
    );
  });

  it('R4.5 restarts in the future (the clock went back) leave the window in time', () => {
    const far = 10 * 365 * 86_400_000;
    const first = addRestart([far, far + 1, far + 2], { maxRestarts: 3, windowMs: WINDOW, maxTotal: 1_000 }, 1_000);
    assert.equal(first.allowed, false, 'they count as just now');
    assert.deepEqual(first.restarts, [1_000, 1_000, 1_000]);
    assert.equal(
      addRestart(first.restarts, { maxRestarts: 3, windowMs: WINDOW, maxTotal: 1_000 }, 1_000 + WINDOW + 1).allowed,
      true,
    );
  });

  it('R4.5 whatever the stored times are, one window later a restart is allowed again', () => {
    const times = fc.array(fc.integer({ min: -1e12, max: 1e13 }), { maxLength: 10 });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 1, max: 10 }),
        (stored, now, maxRestarts) => {
          const seen = addRestart(stored, { maxRestarts, windowMs: WINDOW, maxTotal: 1_000 }, now).restarts;
          assert.ok(seen.every((at) => at <= now));
          assert.equal(
            addRestart(seen, { maxRestarts, windowMs: WINDOW, maxTotal: 1_000 }, now + WINDOW + 1).allowed,
            true,
          );
        },
      ),
    );
  });
});
