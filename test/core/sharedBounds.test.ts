import assert from 'node:assert/strict';
import { fakeMachine } from '../support/fakeMachine.ts';
import { machineForEachTest } from '../support/harness.ts';

describe('Bounds of a store that several machines share', () => {
  const machine = machineForEachTest();
  const open = (maxConcurrent: number) =>
    machine.open({ maxConcurrent }, { machine: fakeMachine(machine.clock, 'one') });

  it('R16.6 hold on all of them, whatever is set there, until the user makes another value that of all', async () => {
    const first = await open(2);
    const second = await open(6);
    assert.deepEqual([first.status().concurrencyMax, second.status().concurrencyMax], [2, 2]);
    assert.deepEqual(second.differingSettings, [{ setting: 'maxConcurrent', shared: 2, own: 6 }]);

    assert.equal(await second.shareOwnSetting('maxConcurrent'), true);
    await machine.clock.advance(1_000);
    assert.deepEqual([first.status().concurrencyMax, second.status().concurrencyMax], [6, 6]);
    assert.deepEqual([first.differingSettings.map(({ own }) => own), second.differingSettings], [[2], []]);
    assert.equal(await second.shareOwnSetting('maxConcurrent'), false);
  });

  it('R16.6 R3.3 a cap that is raised for all starts what waits, on whichever machine it is', async () => {
    const first = await open(1);
    for (const loopId of ['a', 'b']) await first.submit({ prompt: 'work', loopId });
    assert.deepEqual(machine.alive(), ['a']);
    const second = await open(4);
    await second.shareOwnSetting('maxConcurrent');
    await machine.clock.advance(2_000);
    assert.deepEqual(machine.alive(), ['a', 'b']);
  });
});
