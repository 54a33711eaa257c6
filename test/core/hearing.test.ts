import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Store } from '../../src/core/ports/store.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

/** How long (ms) a window may take to hear of what another did (R3.3). */
const WITHIN_MS = 1_000;

describe('events across windows', () => {
  const machine = machineForEachTest();

  /** What a window has heard: who told it, what, and of which loop. */
  const heard = (window: Supervisor) =>
    machine.heard(window).map((event) => {
      const loop = 'loopId' in event && event.loopId !== undefined ? ` ${event.loopId}` : '';
      return `${event.host} ${event.type}${loop}`;
    });

  it('R10.2 every window hears every event once, with the window that caused it', async () => {
    const first = await machine.open({ maxConcurrent: 1 });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/other'] });
    const [one, two] = [machine.idOf(first), machine.idOf(second)];
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await machine.clock.advance(WITHIN_MS);
    machine.launcher.of('a').ok();
    await machine.clock.advance(WITHIN_MS);
    const all = [
      ...[`${one} loop:started a`, `${two} loop:queued b`],
      ...[`${one} loop:completed a`, `${two} loop:started b`],
    ];
    assert.deepEqual(heard(first).sort(), [...all].sort());
    assert.deepEqual(heard(second).sort(), [...all].sort());
    for (const { host, ...event } of [...machine.heard(first), ...machine.heard(second)])
      assert.ok(machine.events.some((told) => isDeepStrictEqual(told, event)));
  });

  it('R10.2 a window hears the events of one host in their order, and nothing from before it listened', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'early' });
    const second = await machine.open();
    for (const loopId of ['a', 'b', 'c']) await first.submit({ prompt: 'work', loopId });
    machine.launcher.of('a').ok();
    await machine.clock.advance(WITHIN_MS);
    const own = heard(first);
    assert.deepEqual(heard(second), own.slice(own.indexOf(`${machine.idOf(first)} loop:started a`)));
  });

  it('R10.2 R6.4 H1 a window hears what its first transaction does with the work that was there', async () => {
    const first = await machine.open({ maxConcurrent: 1 });
    for (const loopId of ['a', 'b']) await first.submit({ prompt: 'work', loopId });
    machine.kill(first);
    const second = await machine.open({ maxConcurrent: 2 });
    await machine.soon();
    assert.deepEqual(heard(second), [`${machine.idOf(second)} loop:started b`]);
  });

  it('R10.2 a turn that fails, or runs again, tells nothing twice', async () => {
    const moody = new MoodyStore();
    const first = await machine.open();
    const second = await machine.open({}, { store: moody.wrap });
    await first.submit({ prompt: 'work', loopId: 'a' });
    // The turn that takes the news fails at its commit, before the poller has looked.
    moody.failingCommits = 1;
    await assert.rejects(second.submit({ prompt: 'work', loopId: 'b' }), /The disk is full/);
    await second.submit({ prompt: 'work', loopId: 'c' });
    await machine.clock.advance(WITHIN_MS);
    const ofA = heard(second).filter((event) => event.endsWith(' a'));
    assert.deepEqual(
      ofA,
      heard(first).filter((event) => event.endsWith(' a')),
    );
    assert.equal(new Set(heard(second)).size, heard(second).length);
  });

  it('R3.3 R16.2 what a store announces is shown at once, and acted on no more often than by looks', async () => {
    const moody = new MoodyStore();
    let hear = () => {};
    const announcing = (store: Store): Store =>
      new Proxy(moody.wrap(store), {
        get: (target, name) => (name === 'onNews' ? onNews : Reflect.get(target, name)),
      });
    const onNews: Store['onNews'] = (listener) => {
      hear = listener;
      return { dispose: () => {} };
    };
    const first = await machine.open({ maxConcurrent: 1 });
    const second = await machine.open({ maxConcurrent: 1 }, { store: announcing, folders: ['/other'] });
    await machine.clock.advance(WITHIN_MS);
    const before = moody.writes;
    for (const [index, loopId] of ['a', 'b', 'c', 'd'].entries()) {
      await first.submit({ prompt: 'work', loopId });
      hear();
      assert.deepEqual([second.queueLength, second.status().concurrencyUsed], [index, 1]);
    }
    assert.deepEqual(heard(second), heard(first));
    await machine.soon();
    assert.equal(moody.writes - before, 1);
    await machine.clock.advance(WITHIN_MS / 2);
    assert.equal(moody.writes - before, 2);
  });

  it('R10.2 what belongs to no turn reaches the others too: a rejection, and a silence', async () => {
    const first = await machine.open();
    const second = await machine.open();
    const one = machine.idOf(first);
    await first.submit({ prompt: 'work', loopId: 'a' });
    await assert.rejects(first.submit({ prompt: 'work', loopId: 'a' }));
    machine.launcher.of('a').silent(900_000);
    await machine.clock.advance(WITHIN_MS);
    const reports = [`${one} loop:rejected a`, `${one} loop:silent a`];
    for (const window of [first, second])
      assert.deepEqual(
        heard(window).filter((event) => reports.includes(event)),
        reports,
      );
  });

  it('R10.2 a store that refuses keeps a rejection from others, and from nobody here', async () => {
    const moody = new MoodyStore();
    const first = await machine.open({}, { store: moody.wrap });
    const second = await machine.open();
    moody.mood = 'broken';
    await assert.rejects(first.submit({ prompt: 'work', loopId: 'a' }));
    moody.mood = 'well';
    await machine.clock.advance(WITHIN_MS);
    assert.deepEqual([heard(first), heard(second)], [[`${machine.idOf(first)} loop:rejected a`], []]);
  });

  it('R10.2 one window claims what one should do for all', async () => {
    const windows = [await machine.open(), await machine.open(), await machine.open()];
    const claims = await Promise.all(windows.map((window) => window.claim(['notice 1', 'notice 2'])));
    assert.deepEqual(claims.flat().sort(), ['notice 1', 'notice 2']);
    assert.deepEqual(await windows[0]?.claim(['notice 2', 'notice 3']), ['notice 3']);
    await machine.clock.advance(24 * 3_600_000);
    assert.deepEqual(await windows[1]?.claim(['notice 2']), ['notice 2']);
  });
});
