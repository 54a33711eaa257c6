import assert from 'node:assert/strict';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';

describe('the headless host', () => {
  const machine = machineForEachTest();
  const openHost = (trusts?: (folder: string) => boolean) =>
    machine.open({ maxConcurrent: 2 }, { role: 'headless', folders: [], ...(trusts && { trusts }) });
  const openWindow = (folders = ['/project']) => machine.open({ maxConcurrent: 2 }, { folders });
  const pass = (ms: number) => machine.clock.advance(ms);
  const stateOf = async (host: Supervisor, id: string) => (await host.get(id))?.state;

  async function submitFour(window: Supervisor): Promise<void> {
    for (const loopId of ['a', 'b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
  }

  it('R15.1 starts nothing while a window has the folder open', async () => {
    const window = await openWindow();
    const host = await openHost();
    await submitFour(window);
    machine.launcher.of('a').ok();
    await pass(2_000);
    assert.deepEqual(machine.alive(), ['b', 'c']);
    assert.equal(host.live().find(({ loop }) => loop.loopId === 'c')?.host, 'elsewhere');
  });

  it('R15.1 follows, settles and starts the rest once the window is gone and a reload would be over', async () => {
    const window = await openWindow();
    const host = await openHost();
    await submitFour(window);
    await window.release();
    machine.kill(window);
    await pass(9_000);
    assert.deepEqual(machine.alive(), ['a', 'b'], 'a window that is only reloaded comes back');
    await pass(2_000);
    machine.launcher.of('a').ok();
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['b', 'c']);
    for (const id of ['b', 'c']) machine.launcher.of(id).ok();
    await pass(1_000);
    machine.launcher.of('d').ok();
    await pass(1_000);
    for (const id of ['a', 'b', 'c', 'd']) assert.equal(await stateOf(host, id), 'completed');
  });

  it('R15.1 leaves what is queued to its window for the moment that a reload takes', async () => {
    const window = await openWindow();
    const host = await openHost();
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await pass(1_000);
    machine.kill(window);
    await pass(1_000);
    await host.resume();
    await pass(7_000);
    assert.deepEqual(machine.alive(), []);
    await pass(4_000);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R15.1 leaves it that moment from the very transaction that ends the lease of the window', async () => {
    const window = await openWindow();
    const host = await openHost();
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await pass(1_000);
    machine.kill(window);
    await pass(500);
    assert.equal(host.windowCount, 0);
    await host.resume();
    assert.deepEqual(machine.alive(), []);
    await pass(7_000);
    assert.deepEqual(machine.alive(), []);
    await pass(4_000);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R15.1 acts for a window that was killed, too', async () => {
    const window = await openWindow();
    await openHost();
    await submitFour(window);
    machine.kill(window);
    await pass(11_000);
    machine.launcher.of('a').ok();
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['b', 'c']);
  });

  it('R15.1 R9.2 hands its runs to a window that opens the folder, and takes them back', async () => {
    const window = await openWindow();
    const host = await openHost();
    await submitFour(window);
    machine.kill(window);
    await pass(11_000);
    const hosts = () => host.live().map(({ loop, host: where }) => [loop.loopId, where]);
    assert.deepEqual(hosts().slice(0, 2), [
      ['a', 'here'],
      ['b', 'here'],
    ]);
    const next = await openWindow();
    await pass(1_000);
    assert.ok(hosts().every(([, where]) => where === 'elsewhere'));
    machine.launcher.of('a').ok();
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['b', 'c'], 'and the window goes on');
    machine.kill(next);
    await pass(11_000);
    machine.launcher.of('b').ok();
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['c', 'd']);
    assert.equal(machine.launcher.runs.length, 4, 'each ran once');
  });

  it('R15.1 R3.1 the cap holds across window and host', async () => {
    const window = await openWindow(['/other']);
    const gone = await openWindow();
    await openHost();
    await submitFour(gone);
    machine.kill(gone);
    await pass(11_000);
    await window.submit({ prompt: 'work', loopId: 'e', priority: 9 });
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['a', 'b']);
    machine.launcher.of('a').ok();
    await pass(1_000);
    assert.deepEqual(machine.alive(), ['b', 'e'], 'and so does the order of the queue');
  });

  it('R15.1 goes on after a suspend, and after a clock that was wrong for a while', async () => {
    const window = await openWindow();
    const host = await openHost();
    await submitFour(window);
    machine.kill(window);
    await pass(11_000);
    machine.clock.jump(8 * 3_600_000);
    machine.launcher.of('a').ok();
    await pass(2_000);
    assert.deepEqual(machine.alive(), ['b', 'c']);
    machine.clock.jump(-30 * 3_600_000);
    machine.launcher.of('b').ok();
    await pass(2_000);
    assert.deepEqual(machine.alive(), ['c', 'd']);
    for (const id of ['c', 'd']) machine.launcher.of(id).ok();
    await pass(2_000);
    for (const id of ['a', 'b', 'c', 'd']) assert.equal(await stateOf(host, id), 'completed');
    assert.equal(machine.launcher.runs.length, 4, 'each ran once');
  });

  it('R15.1 never starts what was submitted in a folder that was never trusted', async () => {
    const window = await openWindow();
    const host = await openHost((folder) => folder !== '/project');
    await submitFour(window);
    machine.kill(window);
    await pass(11_000);
    machine.launcher.of('a').ok();
    machine.launcher.of('b').ok();
    await pass(20_000);
    assert.deepEqual(machine.alive(), []);
    assert.equal(host.status().parked.length, 2);
    assert.equal(host.goesOn, false);
  });

  it('R15.1 a store has one headless host at most, and the next one when that is gone', async () => {
    const host = await openHost();
    await assert.rejects(openHost(), { code: 'not-ready' });
    machine.kill(host);
    await openHost();
  });

  it('R15.1 ends when nothing can start without a person, and not before', async () => {
    const window = await openWindow();
    const host = await openHost();
    await submitFour(window);
    machine.kill(window);
    await pass(11_000);
    assert.equal(await host.releaseIfIdle(), false);
    for (const id of ['a', 'b']) machine.launcher.of(id).ok();
    await pass(1_000);
    await host.pause();
    for (const id of ['c', 'd']) machine.launcher.of(id).ok();
    await pass(1_000);
    assert.equal(await host.releaseIfIdle(), true);
    assert.equal((await openHost()).windowCount, 0);
  });

  for (const [what, isWork] of [
    ['an account that reached its usage limit', true],
    ['an account that is held for a login', false],
    ['a pause', false],
    ['a folder that is gone', false],
  ] as const)
    it(`R15.1 ${isWork ? 'stays for' : 'does not stay for'} ${what}`, async () => {
      let isThere = true;
      const look = (path: string) => (isThere ? { state: 'there' as const, value: path } : { state: 'gone' as const });
      const host = await machine.open({ maxConcurrent: 1 }, { role: 'headless', folders: [], look });
      const caller = await machine.open({}, { role: 'caller', folders: ['/project'] });
      if (what === 'a pause') await host.pause();
      await caller.submit({ prompt: 'work', loopId: 'a' });
      await caller.submit({ prompt: 'work', loopId: 'b' });
      await pass(1_000);
      if (what.includes('usage limit'))
        machine.launcher.of('a').end({
          says: [{ type: 'limit', until: machine.clock.now() + 3_600_000, reason: 'limit reached' }],
        });
      if (what.includes('login'))
        machine.launcher.of('a').end({
          exit: { exitCode: 1 },
          says: [{ type: 'end', ok: false, cause: 'auth', reason: 'not logged in' }],
        });
      if (what.includes('folder')) {
        isThere = false;
        machine.launcher.of('a').ok();
      }
      await pass(2_000);
      assert.equal(host.goesOn, isWork);
    });
});

describe('a caller', () => {
  const machine = machineForEachTest();
  const openCaller = () => machine.open({}, { role: 'caller', folders: ['/project'] });

  it('R15.3 submits without starting anything itself; a window starts it within a second', async () => {
    const window = await machine.open();
    const caller = await openCaller();
    const result = await caller.submit({ prompt: 'work', loopId: 'a' });
    assert.deepEqual(result, { loopId: 'a', queued: true, position: 1 });
    assert.deepEqual(machine.alive(), []);
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['a']);
    assert.equal(window.windowCount, 1, 'it holds no lease');
  });

  it('R15.3 R2.2 what could start at once is not refused for depth', async () => {
    await machine.open({ maxQueueDepth: 0, maxConcurrent: 1 });
    const caller = await machine.open({ maxQueueDepth: 0, maxConcurrent: 1 }, { role: 'caller' });
    await caller.submit({ prompt: 'work', loopId: 'a' });
    await machine.clock.advance(1_000);
    await assert.rejects(caller.submit({ prompt: 'work', loopId: 'b' }), { code: 'queue-full' });
  });

  it('R15.3 hears what others do, and cancels', async () => {
    await machine.open({ maxConcurrent: 1 });
    const caller = await openCaller();
    for (const loopId of ['a', 'b']) await caller.submit({ prompt: 'work', loopId });
    await machine.clock.advance(1_000);
    assert.deepEqual(
      machine
        .heard(caller)
        .map(({ type }) => type)
        .filter((type) => type === 'loop:started'),
      ['loop:started'],
    );
    assert.equal(await caller.cancel('b'), true);
    assert.equal((await caller.get('b'))?.state, 'cancelled');
    assert.equal(await caller.cancel('a'), true);
    await machine.clock.advance(1_000);
    assert.equal((await caller.get('a'))?.state, 'cancelled');
  });

  it('R15.3 takes over no run and writes nothing while it only listens', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const caller = await openCaller();
    const owner = machine.idOf(window);
    machine.kill(window);
    await machine.clock.advance(60_000);
    const loop = (await caller.get('a'))?.loop;
    assert.deepEqual([loop?.state, loop?.windowId], ['running', owner]);
  });
});
