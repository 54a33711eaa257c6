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

  it('R6.3 R6.5 what never costs money is not stopped when the day is past its limit: it would start again at once', async () => {
    const free = fakeCatalog(fakeProfile('make', { spending: 'never' }), fakeProfile('claude', { hasCost: true }));
    const window = await machine.open({ budget }, { agents: free });
    await window.submit({ prompt: 'build', loopId: 'a', agent: 'make' });
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    await machine.soon();
    machine.launcher.of('b').say({ type: 'cost', key: 'k', cost: toNano(2), source: 'reported' } as never);
    await machine.soon();
    assert.equal((await window.get('b'))?.state, 'queued');
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('a'))?.attempts.length], ['running', 1]);
    machine.launcher.of('a').ok();
    await machine.soon();
    await window.submit({ prompt: 'build', loopId: 'c', agent: 'make' });
    await machine.soon();
    assert.equal((await window.get('c'))?.attempts.length, 1, 'it starts, and runs on');
    assert.equal((await window.get('c'))?.state, 'running');
  });
});
