import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('play money', () => {
  const machine = machineForEachTest();
  const agents = fakeCatalog(
    fakeProfile('sample', { isDemo: true, hasCost: true, spending: 'never' }),
    fakeProfile('claude', { hasCost: true }),
  );
  const budget = { ...DEFAULT_SETTINGS.budget, dailyLimit: toNano(1), onExceeded: 'stop' } as const;

  it('R6.11 of the demo is shown with its loop, and counts for no budget and no spend', async () => {
    const window = await machine.open({ budget }, { agents });
    await window.submit({ prompt: 'demo', loopId: 'a', agent: 'sample', estimatedCostUsd: 50 });
    await machine.soon();
    assert.deepEqual([window.status().budget.reserved, machine.alive()], [0, ['a']], 'it waits for no money');
    const run = machine.launcher.of('a');
    run.start();
    run.say({ type: 'cost', key: 'k', cost: toNano(5), source: 'reported' } as never);
    run.ok();
    await machine.soon();
    assert.equal((await window.get('a'))?.costUsd, 5);
    const { spent, unknown } = window.status().budget;
    assert.deepEqual([spent, unknown], [0, 0]);
    assert.deepEqual(await window.spend('2000-01-01'), []);
    assert.deepEqual(await window.spendToday(10), []);
    assert.deepEqual(machine.typesOf('budget:'), []);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b'], 'real work has the whole budget');
  });
});
