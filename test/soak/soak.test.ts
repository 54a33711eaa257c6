import assert from 'node:assert/strict';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { runSoak } from './soak.ts';

describe('Soak', () => {
  it('R2.2 R3.1 R6.3 R6.6 R6.7 R7.4 R9.2 half a minute of everything going wrong breaks no invariant', async () => {
    const seed = 20_261_123;
    const { violations, counts, loops, ledger } = await runSoak({
      seed,
      durationMs: 30_000,
      guardianProgram: await bundledGuardian(),
    });
    assert.deepEqual(violations, [], `To see it again: npm run soak -- --minutes 0.5 --seed ${seed}`);
    assert.ok(loops >= 10 && ledger > 0, `only ${loops} loops were admitted`);
    // It was no calm half minute.
    assert.ok(
      (counts['hosts killed'] ?? 0) > 0 && (counts['agents killed'] ?? 0) + (counts['guardians killed'] ?? 0) > 0,
      JSON.stringify(counts),
    );
  });
});
