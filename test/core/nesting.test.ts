import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('loops that loops submit', () => {
  const machine = machineForEachTest();
  const nest = (window: Supervisor, parent: string, spec: object = {}) =>
    window.submit({ prompt: 'part of the work', agent: 'sample', cwd: '/project', parent, ...spec });
  const cap = async (window: Supervisor, id: string) => (await window.get(id))?.loop.maxCost;

  it('R15.4 a loop that runs may submit another, which knows its parent, and so may that one, and no more', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await nest(window, 'a', { loopId: 'b' });
    await nest(window, 'b', { loopId: 'c' });
    assert.deepEqual((await window.get('c'))?.loop.parent, { loopId: 'b', depth: 2 });
    await assert.rejects(nest(window, 'c'), {
      code: 'not-allowed',
      message: /2 deep \(maxSubmitDepth\), and this would be 3/,
    });
  });

  for (const [what, spec, says] of [
    ['another agent', { agent: 'claude' }, /must use the same agent, sample/],
    ['another folder', { cwd: '/elsewhere' }, /must run in the same folder, \/project/],
    ['a check', { check: { command: 'true' } }, /may have no check of its own/],
    ['a command of the agent', { commands: true }, /is text, and no command/],
    ['a higher priority', { priority: 6 }, /priority may be 5 at most/],
  ] as const)
    it(`R15.4 refuses ${what} from inside a loop, and leaves no trace`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a', priority: 5, maxCostUsd: 2 });
      await assert.rejects(nest(window, 'a', { loopId: 'b', ...spec }), { code: 'not-allowed', message: says });
      assert.equal(await window.get('b'), undefined);
      assert.equal(await cap(window, 'a'), toNano(2));
    });

  it('R15.4 refuses a submit for a loop that does not run', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').ok();
    await machine.soon();
    await assert.rejects(nest(window, 'a'), { code: 'not-allowed', message: /loop a, which does not run/ });
  });

  it("R15.4 a loop's cap is taken out of its parent's: together they never pass what the parent was given", async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 2 });
    await nest(window, 'a', { loopId: 'b', maxCostUsd: 0.5 });
    assert.deepEqual([await cap(window, 'a'), await cap(window, 'b')], [toNano(1.5), toNano(0.5)]);
    const [parent] = window.live();
    assert.ok(parent && 'attempt' in parent.loop);
    assert.ok((parent.loop.attempt.allowance?.amount ?? 0) <= toNano(1.5), 'and what it was granted shrinks with it');
    await nest(window, 'a', { loopId: 'c' });
    assert.deepEqual(
      [await cap(window, 'a'), await cap(window, 'c')],
      [0, toNano(1.5)],
      'all that is left, unless less is asked for',
    );
    await assert.rejects(nest(window, 'a', { loopId: 'd', maxCostUsd: 0.01 }), {
      code: 'not-allowed',
      message: /has \$0 left/,
    });
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported' });
    await machine.soon();
    assert.equal(machine.launcher.of('a').stops.length, 1, 'the parent is stopped at once: it has given its cap away');
  });

  it('R15.4 what an agent holds itself as its cap cannot be given away', async () => {
    const agents = fakeCatalog(fakeProfile('sample', { capsItself: true, hasCost: true }));
    const window = await machine.open({}, { agents });
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 2 });
    await assert.rejects(nest(window, 'a'), { code: 'not-allowed', message: /the rest is granted to its own run/ });
  });

  it('R15.4 maxSubmitDepth 0 forbids it', async () => {
    const window = await machine.open({ maxSubmitDepth: 0 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await assert.rejects(nest(window, 'a'), { code: 'not-allowed' });
  });
});
