import assert from 'node:assert/strict';
import { toUsd } from '../../src/core/model/money.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('changing a loop that is there', () => {
  const machine = machineForEachTest();
  const ONE = { maxConcurrent: 1 };
  const AGENTS = {
    agents: fakeCatalog(
      fakeProfile('sample'),
      fakeProfile('claude', { refuse: (text) => (text.length > 40 ? 'is too long' : undefined) }),
    ),
  };

  const queue = async () => {
    const window = await machine.open(ONE, AGENTS);
    for (const loopId of ['runs', 'a', 'b']) await window.submit({ prompt: `prompt of ${loopId}`, loopId });
    await machine.soon();
    return window;
  };

  it('R2.6 prompt, agent, priority, title, estimate and cap of a queued loop change in one transaction', async () => {
    const window = await queue();
    const position = await window.edit('b', {
      prompt: 'another prompt',
      agent: 'claude',
      priority: 3,
      title: 'Mine',
      estimatedCostUsd: 0.5,
      maxCostUsd: 2,
    });
    assert.equal(position, 1, 'its place follows its priority');
    const { loop, prompt, history } = (await window.get('b'))!;
    assert.equal(prompt, 'another prompt');
    assert.deepEqual(
      [loop.agent, loop.priority, loop.title, toUsd(loop.estimate), loop.estimateAssumed, toUsd(loop.maxCost ?? 0)],
      ['claude', 3, 'Mine', 0.5, false, 2],
    );
    assert.deepEqual(
      history.filter(({ why }) => why !== '').map(({ why }) => why),
      ['submitted', 'edited by the user'],
    );
    assert.equal((await machine.books().latest('b'))?.agent, 'claude');
    await window.cancel('runs');
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b'], 'the edited loop runs, once');
  });

  it('R2.6 R11.1 a check is given, changed and taken away', async () => {
    const window = await queue();
    await window.edit('b', { check: { command: 'npm test', maxRounds: 3 } });
    const given = (await window.get('b'))!.loop;
    assert.deepEqual([given.check?.command, given.check?.maxRounds, given.rounds?.maxRounds], ['npm test', 3, 3]);
    await window.edit('b', { title: 'Mine' });
    assert.deepEqual((await window.get('b'))!.loop.check, given.check, 'another change leaves it');
    await window.edit('b', { check: { command: 'make', checkFirst: false } });
    const { check, rounds } = (await machine.books().latest('b'))!;
    assert.deepEqual([check?.command, rounds?.phase, rounds?.maxRounds], ['make', 'work', 10]);
    await assert.rejects(window.edit('b', { check: { command: ' ' } }), { code: 'invalid-loop', field: 'check' });
    await window.edit('b', { check: null });
    const without = (await machine.books().latest('b'))!;
    assert.deepEqual([without.check, without.rounds], [undefined, undefined]);
  });

  it('R2.6 what is not named stays; a title made from the prompt follows it, one of the user’s own does not', async () => {
    const window = await queue();
    await window.edit('a', { prompt: 'a new first line\nand more' });
    assert.equal((await window.get('a'))?.loop.title, 'a new first line');
    await window.edit('b', { title: 'Mine' });
    await window.edit('b', { prompt: 'something else', maxCostUsd: 1 });
    const { loop } = (await window.get('b'))!;
    assert.deepEqual([loop.title, loop.agent, loop.priority, loop.estimateAssumed], ['Mine', 'sample', 0, true]);
    await window.edit('b', { maxCostUsd: null, estimatedCostUsd: 0.2 });
    await window.edit('b', { estimatedCostUsd: null });
    const { maxCost, estimate, estimateAssumed } = (await window.get('b'))!.loop;
    assert.deepEqual([maxCost, estimate, estimateAssumed], [undefined, 0, true]);
  });

  it('R2.6 a change that is refused changes nothing', async () => {
    const window = await queue();
    const before = JSON.stringify([await window.get('b'), window.status()]);
    await assert.rejects(window.edit('b', { prompt: ' ', title: 'Mine' }), { code: 'invalid-loop', field: 'prompt' });
    await assert.rejects(window.edit('b', { agent: 'nobody' }), { code: 'invalid-loop', field: 'agent' });
    await assert.rejects(window.edit('b', { agent: 'claude', prompt: 'x'.repeat(41) }), { code: 'invalid-loop' });
    await assert.rejects(window.edit('none', { title: 'Mine' }), { code: 'unknown-loop' });
    assert.equal(JSON.stringify([await window.get('b'), window.status()]), before);
  });

  it('R2.6 a loop that has started is not edited, not even when it is back in the queue', async () => {
    const window = await queue();
    await assert.rejects(window.edit('runs', { prompt: 'other' }), { code: 'wrong-state' });
    await window.pause();
    await window.restartNow('runs');
    await machine.soon();
    await machine.soon();
    assert.equal((await window.get('runs'))?.state, 'queued');
    await assert.rejects(window.edit('runs', { prompt: 'other' }), { code: 'wrong-state' });
    assert.equal((await window.get('runs'))?.prompt, 'prompt of runs');
  });

  it('R2.6 a loop can be given another title in any state; an empty one is the first line of its prompt', async () => {
    const window = await queue();
    await window.rename('runs', 'Running');
    await window.cancel('a');
    await window.rename('a', 'Done with');
    assert.deepEqual(await Promise.all(['runs', 'a'].map(async (id) => (await window.get(id))?.loop.title)), [
      'Running',
      'Done with',
    ]);
    await window.rename('a', '  ');
    assert.equal((await window.get('a'))?.loop.title, 'prompt of a');
    await assert.rejects(window.rename('none', 'x'), { code: 'unknown-loop' });
    await assert.rejects(window.rename('a', 'x', 1), { code: 'unknown-loop' });
  });

  it('R2.7 a loop that was cancelled in the queue comes back at its old place', async () => {
    const window = await queue();
    await window.cancel('a');
    assert.equal(window.status().queueDepth, 1);
    assert.equal(await window.undoCancel('a'), 1);
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['a', 'b'],
    );
    assert.equal(window.status().queueDepth, 2, 'it counts as before');
    await window.cancel('runs');
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R2.7 R2.2 one that had run before counts against no depth when it is put back', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    await window.cancel('a');
    await window.pause();
    assert.equal(await window.undoCancel('a'), 1);
    const { queueDepth, queued } = window.status();
    assert.deepEqual([queueDepth, queued.map(({ loopId }) => loopId)], [0, ['a']]);
  });

  it('R2.7 R7.2 a run that was stopped stays stopped, and so does what was cancelled long ago', async () => {
    const window = await queue();
    await window.cancel('runs');
    await machine.soon();
    await machine.soon();
    assert.equal((await window.get('runs'))?.state, 'cancelled');
    await assert.rejects(window.undoCancel('runs'), { code: 'wrong-state' });
    await window.cancel('b');
    await machine.clock.advance(10 * 60_000);
    await window.undoCancel('b');
    await window.cancel('b');
    await machine.clock.advance(10 * 60_000 + 1);
    await assert.rejects(window.undoCancel('b'), { code: 'wrong-state' });
    await assert.rejects(window.undoCancel('a'), { code: 'wrong-state' }, 'it is live');
    await assert.rejects(window.undoCancel('none'), { code: 'unknown-loop' });
  });
});
