import assert from 'node:assert/strict';
import { GONE, type Look, there } from '../../src/core/model/looks.ts';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { newLoop } from '../store/support.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

const limit = (usd: number) => ({ budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: toNano(usd) } });

describe('what cannot run blocks nothing that can', () => {
  const machine = machineForEachTest();

  const closedFolder = async (count: number, spec: object = {}, settings: object = {}) => {
    const first = await machine.open({ maxConcurrent: 1, ...settings }, { folders: ['/closed'] });
    await first.pause();
    for (let n = 0; n < count; n++) await first.submit({ prompt: 'work', loopId: `c${n}`, ...spec });
    await first.release();
    machine.kill(first);
  };

  it('R2.2 C1 loops of a folder that is open nowhere keep their places, and take none from others', async () => {
    await closedFolder(20);
    const window = await machine.open({ maxConcurrent: 1 }, { folders: ['/open'] });
    await window.resume();
    assert.deepEqual([window.status().parked.length, window.status().queueDepth], [20, 0]);
    assert.equal((await window.submit({ prompt: 'work', loopId: 'mine' })).queued, false);
    assert.deepEqual(window.status().parked[0], {
      ...{ loopId: 'c0', position: 1, priority: 0, enqueuedAt: window.status().queued[0]?.enqueuedAt },
      ...{ reason: 'window', why: 'its folder is open in no window that answers' },
    });
  });

  it('R2.2 when their folder is opened they start in their order, and count for the depth no more', async () => {
    await closedFolder(20);
    const other = await machine.open({ maxConcurrent: 1, maxQueueDepth: 2 }, { folders: ['/open'] });
    await other.resume();
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 2 }, { folders: ['/closed'] });
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['c0']);
    assert.equal(window.status().queueDepth, 0);
    for (const loopId of ['a', 'b']) assert.equal((await window.submit({ prompt: 'work', loopId })).queued, true);
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'c' }), { code: 'queue-full' });
  });

  it('R2.2 R2.5 of many parked at once a transaction marks only some, and the next ones the rest', async () => {
    const count = 1_200;
    await machine.books().write((tx) => {
      for (let n = 0; n < count; n++)
        tx.insertLoop(newLoop(`c${n}`, { cwd: '/closed', folder: '/closed', windowId: 'gone' }), 'work');
    });
    const moody = new MoodyStore();
    const window = await machine.open({ maxQueueDepth: 1 }, { folders: ['/open'], store: moody.wrap });
    assert.deepEqual([window.status().parked.length, window.status().queueDepth], [count, 0]);
    await machine.soon();
    assert.ok(moody.writes >= 3, `${moody.writes} transactions`);
    const stored = machine.books().changes()?.loops ?? [];
    assert.equal(stored.filter((loop) => loop.state === 'queued' && loop.wasParked).length, count);
    const { writes } = moody;
    await machine.soon();
    assert.equal(moody.writes, writes, 'then there is nothing left to do');
  });

  it('R2.2 C2 loops of a held account count only against others of it', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 20 });
    await window.hold('claude');
    for (let n = 0; n < 20; n++) await window.submit({ prompt: 'work', loopId: `c${n}`, agent: 'claude' });
    await assert.rejects(window.submit({ prompt: 'work', agent: 'claude' }), { code: 'queue-full', depth: 20 });
    assert.equal((await window.submit({ prompt: 'work', agent: 'sample' })).queued, false);
    await window.tryNow('claude');
    assert.equal(window.status().queueDepth, 0, 'they were admitted once');
  });

  it('R2.2 loops of all profiles of a held account count against each other', async () => {
    const agents = fakeCatalog(fakeProfile('claude'), fakeProfile('quick', { account: 'claude' }));
    const window = await machine.open({ maxQueueDepth: 3 }, { agents });
    await window.hold('claude');
    for (const agent of ['claude', 'quick', 'claude']) await window.submit({ prompt: 'work', agent });
    await assert.rejects(window.submit({ prompt: 'work', agent: 'quick' }), { code: 'queue-full', depth: 3 });
  });

  it('R2.2 loops that were queued before their account was held count no more when it is let go', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 3 });
    for (let n = 0; n < 4; n++) await window.submit({ prompt: 'work', loopId: `l${n}` });
    assert.equal(window.status().queueDepth, 3);
    await window.hold('sample');
    assert.equal(window.status().queueDepth, 0);
    machine.launcher.of('l0').ok();
    await window.tryNow('sample');
    await machine.soon();
    machine.launcher.of('l1').say({ type: 'text', text: 'I go on.', delta: false });
    await machine.soon();
    assert.deepEqual([window.status().holds, window.status().queueDepth], [[], 0]);
    for (let n = 0; n < 3; n++) await window.submit({ prompt: 'work', loopId: `n${n}` });
    await assert.rejects(window.submit({ prompt: 'work' }), { code: 'queue-full' });
  });

  it('R6.2 C3 what is parked reserves nothing', async () => {
    await closedFolder(5, { estimatedCostUsd: 1 }, limit(5));
    machine.clock.jump(7 * 86_400_000);
    const window = await machine.open({ maxConcurrent: 1, staleAfterMs: 0, ...limit(5) }, { folders: ['/open'] });
    await window.resume();
    assert.equal(window.status().budget.reserved, 0);
    assert.equal((await window.submit({ prompt: 'work', estimatedCostUsd: 0.01 })).queued, false);
  });

  it('R2.2 C4 with no places in the queue what could start at once is not refused', async () => {
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 0 });
    assert.equal((await window.submit({ prompt: 'work', loopId: 'a' })).queued, false);
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'b' }), { code: 'queue-full' });
    assert.equal(await window.get('b'), undefined, 'and leaves no trace');
  });

  it('R6.3 C5 a loop whose estimate is above the limit itself is parked, and the others go on', async () => {
    const window = await machine.open({ maxConcurrent: 1, ...limit(20) });
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'big', estimatedCostUsd: 8 });
    await window.submit({ prompt: 'work', loopId: 'small', estimatedCostUsd: 1 });
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 1, ...limit(5) });
    await window.resume();
    assert.deepEqual(machine.alive(), ['small']);
    const [parked] = window.status().parked;
    assert.deepEqual([parked?.loopId, parked?.why], ['big', 'its estimate is above the daily limit']);
    window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 2, ...limit(20) });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['small', 'big']);
  });

  it('R6.3 a loop that does not fit what today has left is parked until tomorrow', async () => {
    const window = await machine.open({ maxConcurrent: 1, ...limit(5) });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    await window.submit({ prompt: 'work', loopId: 'big', estimatedCostUsd: 3 });
    await window.submit({ prompt: 'work', loopId: 'small', estimatedCostUsd: 0.5 });
    machine.launcher.of('a').end({
      says: [
        { type: 'cost', cost: toNano(3), source: 'reported' },
        { type: 'end', ok: true },
      ],
    });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['small']);
    assert.equal(window.status().parked[0]?.why, 'its estimate does not fit what today has left');
    machine.launcher.of('small').ok();
    await machine.soon();
    machine.clock.jump(86_400_000);
    await machine.clock.advance(31_000);
    assert.deepEqual(machine.alive(), ['big']);
  });

  it('R6.3 a submit that is refused does not have one of another window parked for its money', async () => {
    const settings = { maxQueueDepth: 0, ...limit(5) };
    const [first, second] = [await machine.open(settings), await machine.open(settings)];
    await first.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(4), source: 'reported' });
    machine.launcher.of('a').ok();
    await machine.clock.advance(1_000);
    const big = first.submit({ prompt: 'work', estimatedCostUsd: 2, whenBlocked: 'queue' });
    const small = second.submit({ prompt: 'work', loopId: 'small', estimatedCostUsd: 0.5 });
    await assert.rejects(big, { code: 'queue-full' });
    await small;
    machine.kill(second);
    await machine.clock.advance(1_000);
    machine.launcher.of('small').fail();
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.alive(), ['small']);
  });

  it('R6.3 an agent without cost waits for no money', async () => {
    const agents = fakeCatalog(fakeProfile('sample'), fakeProfile('tests', { spending: 'never' }));
    const window = await machine.open({ maxConcurrent: 2, ...limit(1) }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').end({
      says: [
        { type: 'cost', cost: toNano(1), source: 'reported' },
        { type: 'end', ok: true },
      ],
    });
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'waits', whenBlocked: 'queue' });
    assert.equal(
      (await window.submit({ prompt: 'work', agent: 'tests', loopId: 'free', whenBlocked: 'queue' })).queued,
      false,
    );
    assert.equal((await window.get('waits'))?.state, 'queued');
  });

  describe('of another window', () => {
    const loops = ['r1', 'r2', 'r3'];
    const behind = async (look: (path: string) => Look, silent: boolean) => {
      const facts = (folder: string) => ({ folders: [folder], look });
      const owner = await machine.open({ maxConcurrent: 1 }, facts('/theirs'));
      const window = await machine.open({ maxConcurrent: 1 }, facts('/mine'));
      await window.submit({ prompt: 'work', loopId: 'first' });
      for (const loopId of loops) await owner.submit({ prompt: 'work', loopId, cwd: '/theirs' });
      await window.submit({ prompt: 'work', loopId: 'mine' });
      // Its host lives and does nothing: as one that hangs.
      if (silent) owner.dispose();
      return { owner, window };
    };

    it('R2.2 loops whose folder is gone hold nobody up, and start when it is back', async () => {
      let isThere = true;
      const { window } = await behind((path) => (isThere || path !== '/theirs' ? there(path) : GONE), false);
      isThere = false;
      machine.launcher.of('first').ok();
      await machine.soon();
      assert.deepEqual(machine.alive(), ['mine'], 'at once');
      assert.deepEqual(
        window.status().parked.map(({ loopId, reason }) => [loopId, reason]),
        loops.map((loopId) => [loopId, 'folder']),
      );
      await window.submit({ prompt: 'work', loopId: 'last' });
      isThere = true;
      await machine.clock.advance(62_000);
      machine.launcher.of('mine').ok();
      await machine.clock.advance(1_000);
      assert.deepEqual(machine.alive(), ['r1'], 'their places are kept');
    });

    it('R2.2 R3.3 a window that does not answer holds others up once, not once for each loop', async () => {
      const { window } = await behind(there, true);
      machine.launcher.of('first').ok();
      await machine.clock.advance(4_000);
      assert.deepEqual(machine.alive(), [], 'the slot is kept for it');
      await machine.clock.advance(2_000);
      assert.deepEqual(machine.alive(), ['mine']);
      assert.deepEqual([window.status().parked.length, window.status().parked[0]?.reason], [3, 'window']);
    });
  });

  for (const what of ['folder', 'profile'] as const) {
    it(`R2.2 B2 a ${what} that vanishes for a second fails nobody`, async () => {
      let isThere = true;
      const profiles = fakeCatalog(fakeProfile('sample'));
      const agents = {
        find: (name: string) => (isThere || what !== 'profile' ? profiles.find(name) : undefined),
        names: () => (isThere || what !== 'profile' ? ['sample'] : []),
        shell: profiles.shell,
      };
      const look = (path: string) => (isThere || what !== 'folder' ? there(path) : GONE);
      const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 30 }, { agents, look });
      for (let n = 0; n < 21; n++) await window.submit({ prompt: 'work', loopId: `l${n}` });
      isThere = false;
      machine.launcher.of('l0').ok();
      await machine.soon();
      assert.deepEqual([machine.alive(), window.status().parked.length], [[], 20]);
      assert.equal(window.status().parked[0]?.reason, what);
      isThere = true;
      if (what === 'profile') window.useAgents(agents);
      await machine.clock.advance(5_000);
      assert.deepEqual(machine.alive(), ['l1']);
      assert.equal(machine.eventsOf('loop:failed').length, 0);
    });
  }

  it('R2.5 C7 a submit and a cancel look at as little with 2,000 parked loops as with 100', async () => {
    const looks = new Map<number, number>();
    let count = 0;
    const profiles = fakeCatalog(fakeProfile('sample'), fakeProfile('claude'));
    const find = (name: string) => {
      count++;
      return profiles.find(name);
    };
    const agents = { ...profiles, find };
    const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 100_000 }, { agents });
    await window.hold('claude');
    let queued = 0;
    for (const size of [100, 2_000]) {
      while (queued < size)
        await window.submit({ prompt: 'x', loopId: `p${queued++}`, agent: 'claude', priority: queued % 97 });
      await machine.soon();
      count = 0;
      await window.submit({ prompt: 'work', loopId: 'mine' });
      await window.cancel('mine');
      await machine.soon();
      looks.set(size, count);
    }
    const [few = 0, many = 0] = looks.values();
    assert.ok(few > 0 && many <= 2 * few, `${few} and ${many} looks`);
  });

  it('R1.1 whenBlocked: queue takes a loop that circuit or budget would refuse now', async () => {
    const circuit = { failureThreshold: 1, cooldownMs: 120_000, halfOpenMaxProbes: 1 };
    const restart = { ...DEFAULT_SETTINGS.restart, maxRestarts: 0 };
    const window = await machine.open({ maxConcurrent: 2, circuit, restart, ...limit(1) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'b' }), { code: 'circuit-open' });
    assert.equal((await window.submit({ prompt: 'work', loopId: 'b', whenBlocked: 'queue' })).queued, true);
    await assert.rejects(window.submit({ prompt: 'work', agent: 'claude', loopId: 'c', estimatedCostUsd: 2 }), {
      code: 'budget-exceeded',
    });
    const big = { prompt: 'work', agent: 'claude', loopId: 'c', estimatedCostUsd: 2, whenBlocked: 'queue' } as const;
    assert.equal((await window.submit(big)).queued, true);
    await assert.rejects(window.submit({ ...big, whenBlocked: 'later' as 'queue' }), { code: 'invalid-loop' });
    await machine.clock.advance(121_000);
    assert.deepEqual(machine.alive(), ['b']);
  });
});
