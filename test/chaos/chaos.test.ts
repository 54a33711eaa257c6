import assert from 'node:assert/strict';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { runChaos } from './chaos.ts';

describe('Chaos', () => {
  it('R6.7 R7.4 R9.2 R11.2 R15.1 40 faults of all kinds lose nothing, do nothing twice, leave nothing', async () => {
    const guardianProgram = await bundledGuardian();
    const result = await runChaos({ seed: 20_261_123, faults: 40, guardianProgram, headless: 'killed' });
    assert.deepEqual(result.violations, []);
    assert.ok(result.loops >= 40);
    assert.ok(result.checked >= 10);
    assert.ok(result.answered > result.decided && result.decided >= 1);
    assert.ok(result.ledger > 0);
    assert.ok((result.faults.killHeadless ?? 0) >= 1);
  });
});
