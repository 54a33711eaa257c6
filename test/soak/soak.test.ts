import assert from 'node:assert/strict';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { runSoak } from './soak.ts';

describe('Soak', () => {
  it('R2.2 R3.1 R6.3 R6.6 R6.7 R7.4 R9.2 half a minute of everything going wrong breaks no invariant', async () => {
    const seed = 20_261_123;
    const { violations, counts, loops, ledger } = await runSoak({
      seed,
      durationMs: 30_000,
      hasHappened: isNoCalm,
      guardianProgram: await bundledGuardian(),
    });
    assert.deepEqual(violations, [], `To see it again: npm run soak -- --minutes 0.5 --seed ${seed}`);
    assert.ok(ledger > 0, 'nothing was paid');
    assert.ok(isNoCalm(counts, loops), `${loops} loops, ${JSON.stringify(counts)}`);
  });
});

function isNoCalm(counts: Readonly<Record<string, number>>, loops: number): boolean {
  const happened = (what: string) => counts[what] ?? 0;
  return loops >= 10 && happened('hosts killed') > 0 && happened('agents killed') + happened('guardians killed') > 0;
}
