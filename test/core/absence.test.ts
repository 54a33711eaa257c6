import assert from 'node:assert/strict';
import { DuplicateLoopError } from '../../src/core/model/errors.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import { isStale, observeOld, removableBefore } from '../../src/core/policy/absence.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe('after an absence', () => {
  const machine = machineForEachTest(MINUTE_MS);

  /** Nothing runs for a while. */
  const away = async (ms: number) => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.pause();
    for (let n = 0; n < 4; n++) await window.submit({ prompt: 'work', loopId: `l${n}` });
    await window.resume();
    machine.launcher.of('l0').ok();
    await machine.soon();
    machine.launcher.of('l1').fail();
    await window.pause();
    await machine.soon();
    machine.kill(window);
    machine.clock.jump(ms);
    machine.events.length = 0;
    const again = await machine.open({ maxConcurrent: 4 });
    await again.resume();
    await machine.clock.advance(MINUTE_MS);
    return again;
  };

  it('R9.5 F10 work that nobody has looked after for long comes back held, and is announced in one event', async () => {
    const window = await away(10 * DAY_MS);
    assert.deepEqual(machine.alive(), []);
    const { parked } = window.status();
    assert.deepEqual(
      parked.map(({ loopId, reason }) => [loopId, reason]),
      [
        ['l1', 'absence'],
        ['l2', 'absence'],
        ['l3', 'absence'],
      ],
    );
    assert.equal(parked[0]?.why, '3 loops have been left alone since 2026-01-15');
    const [told, ...more] = machine.eventsOf('work:stale');
    assert.deepEqual(
      [told?.count, told?.loopIds.length, Math.round((told?.awayMs ?? 0) / DAY_MS), more],
      [3, 3, 10, []],
    );
  });

  it('R9.5 it is started by hand, all at once or one by one; new work is not held', async () => {
    const window = await away(10 * DAY_MS);
    assert.equal((await window.submit({ prompt: 'work', loopId: 'new' })).queued, false);
    await window.cancel('l2');
    assert.equal(await window.startStale(), true);
    assert.deepEqual(machine.alive(), ['new', 'l1', 'l3']);
    assert.deepEqual([window.status().holds, await window.startStale()], [[], false]);
  });

  it('R9.5 a second absence holds what was submitted since the first', async () => {
    const window = await away(10 * DAY_MS);
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'new' });
    machine.kill(window);
    machine.clock.jump(DAY_MS);
    const again = await machine.open();
    await again.resume();
    assert.deepEqual(
      [machine.alive(), again.status().parked.map(({ loopId }) => loopId)],
      [[], ['l1', 'l2', 'l3', 'new']],
    );
  });

  it('R9.5 a short absence, or another window that was there, holds nothing', async () => {
    const window = await away(11 * HOUR_MS);
    assert.deepEqual([machine.alive().length, machine.eventsOf('work:stale')], [3, []]);
    window.pause();
    await machine.clock.advance(13 * HOUR_MS);
    await machine.open({}, { folders: ['/other'] });
    assert.deepEqual(machine.eventsOf('work:stale'), []);
  });

  it('R9.5 staleAfterHours: 0 holds nothing, and a clock that went back is no absence', async () => {
    const first = await machine.open({ maxConcurrent: 1 });
    await first.pause();
    await first.submit({ prompt: 'work' });
    machine.kill(first);
    machine.clock.jump(10 * DAY_MS);
    const second = await machine.open({ staleAfterMs: 0 });
    machine.kill(second);
    machine.clock.jump(-3 * DAY_MS);
    await machine.open();
    assert.deepEqual(machine.eventsOf('work:stale'), []);
  });

  /** A window in whose only slot `l0` runs; `l1` to `l3` are queued. */
  const busy = async (settings: Partial<Settings> = {}) => {
    const window = await machine.open({ maxConcurrent: 1, ...settings });
    for (let n = 0; n < 4; n++) await window.submit({ prompt: 'work', loopId: `l${n}` });
    return window;
  };

  it('R9.5 F10 a machine that slept for days with windows open starts nothing of its own accord, and says so once', async () => {
    const window = await busy();
    await machine.open({}, { folders: ['/other'] });
    machine.clock.sleep(10 * DAY_MS);
    machine.launcher.of('l0').ok();
    await machine.clock.advance(MINUTE_MS);
    assert.deepEqual(machine.alive(), []);
    assert.deepEqual(
      window.status().parked.map(({ loopId, reason }) => [loopId, reason]),
      [
        ['l1', 'absence'],
        ['l2', 'absence'],
        ['l3', 'absence'],
      ],
    );
    assert.deepEqual(
      machine.eventsOf('work:stale').map(({ count, awayMs }) => [count, Math.round(awayMs / DAY_MS)]),
      [[3, 10]],
    );
    assert.equal(await window.startStale(), true);
    await machine.clock.advance(MINUTE_MS);
    assert.deepEqual([machine.alive(), window.status().holds], [['l1'], []]);
  });

  it('R9.5 what is submitted as the machine wakes starts; what lay there waits', async () => {
    const window = await busy();
    await window.pause();
    machine.launcher.of('l0').ok();
    await machine.soon();
    machine.clock.sleep(DAY_MS);
    await window.resume();
    assert.equal((await window.submit({ prompt: 'work', loopId: 'new', priority: -1 })).queued, false);
    assert.deepEqual(machine.alive(), ['new']);
    assert.deepEqual(
      window.status().parked.map(({ loopId }) => loopId),
      ['l1', 'l2', 'l3'],
    );
  });

  it('R9.5 a sleep is not forgotten when the first transaction after it fails', async () => {
    const window = await busy();
    machine.clock.sleep(DAY_MS);
    await assert.rejects(window.submit({ prompt: 'work', loopId: 'l1' }), DuplicateLoopError);
    machine.launcher.of('l0').ok();
    await machine.soon();
    assert.deepEqual([machine.alive(), machine.eventsOf('work:stale').length], [[], 1]);
  });

  for (const [what, pass, settings] of [
    ['a clock that was set ahead', () => machine.clock.jump(10 * DAY_MS), {}],
    ['a short sleep', () => machine.clock.sleep(11 * HOUR_MS), {}],
    ['a long sleep with staleAfterHours: 0', () => machine.clock.sleep(10 * DAY_MS), { staleAfterMs: 0 }],
  ] as const) {
    it(`R9.5 ${what} holds nothing while a window is open`, async () => {
      await busy(settings);
      pass();
      machine.launcher.of('l0').ok();
      await machine.clock.advance(MINUTE_MS);
      assert.deepEqual([machine.alive(), machine.eventsOf('work:stale')], [['l1'], []]);
    });
  }

  it('R9.5 a command that slept with the machine holds nothing: the next host does', async () => {
    const window = await busy();
    const caller = await machine.open({}, { role: 'caller', folders: [] });
    machine.kill(window);
    machine.clock.sleep(DAY_MS);
    await caller.setPriority('l1', 5);
    await caller.setPriority('l2', 5);
    assert.deepEqual([machine.eventsOf('work:stale'), caller.status().holds], [[], []]);
    const next = await machine.open({ maxConcurrent: 1 });
    assert.deepEqual([machine.eventsOf('work:stale').length, next.status().holds.length], [1, 1]);
  });

  it('R9.5 what was left alone is held from the limit on, and never where there is none', () => {
    assert.deepEqual(
      [0, 11, 12, 13].map((hours) => isStale(hours * HOUR_MS, 12 * HOUR_MS)),
      [false, false, true, true],
    );
    assert.equal(isStale(1_000 * DAY_MS, 0), false);
  });

  it('R9.4 F11 a clock that was wrong for a while deletes nothing', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').ok();
    await machine.soon();
    machine.clock.jump(40 * DAY_MS);
    await machine.clock.advance(2 * HOUR_MS);
    assert.equal((await window.finishedCount()).total, 1);
    machine.clock.jump(-40 * DAY_MS);
    await machine.clock.advance(26 * HOUR_MS);
    assert.equal((await window.finishedCount()).total, 1);
  });

  it('R9.4 what is really old goes a day after it was seen old', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').ok();
    await machine.soon();
    machine.clock.jump(31 * DAY_MS);
    await machine.clock.advance(2 * HOUR_MS);
    assert.equal((await window.finishedCount()).total, 1);
    machine.clock.jump(DAY_MS);
    await machine.clock.advance(2 * HOUR_MS);
    assert.equal((await window.finishedCount()).total, 0);
  });

  it('R9.4 only what was seen old before a day ago, and is old now, may go', () => {
    const now = 100 * DAY_MS;
    const age = 30 * DAY_MS;
    assert.equal(removableBefore([], age, now), undefined);
    assert.equal(removableBefore([{ at: now - HOUR_MS, before: now - age }], age, now), undefined);
    assert.equal(removableBefore([{ at: now + DAY_MS, before: now }], age, now), undefined, 'seen in the future');
    assert.equal(removableBefore([{ at: now - DAY_MS, before: now - DAY_MS - age }], age, now), now - DAY_MS - age);
    assert.equal(removableBefore([{ at: now - DAY_MS, before: now }], age, now), now - age, 'kept for longer since');
    const first = observeOld([], age, now);
    assert.deepEqual(first, [{ at: now, before: now - age }]);
    assert.equal(observeOld(first, age, now + MINUTE_MS), first);
    let seen: ReturnType<typeof observeOld> = first;
    for (let hour = 1; hour <= 100; hour++) seen = observeOld(seen, age, now + hour * HOUR_MS);
    assert.deepEqual([seen.length, seen[0]?.at], [25, now + 76 * HOUR_MS], 'those of a day');
    assert.deepEqual(observeOld(first, age, now - DAY_MS), [{ at: now - DAY_MS, before: now - DAY_MS - age }]);
  });
});

describe('times that a change of the clock has made wrong', () => {
  const machine = machineForEachTest(MINUTE_MS);
  const limited = (until?: number) => ({
    exit: { exitCode: 1 },
    says: [{ type: 'limit' as const, reason: 'limit', ...(until !== undefined && { until }) }],
  });
  const agents = fakeCatalog(fakeProfile('sample'));

  for (const [what, named, longest] of [
    ['F5 a wait of three hours', 3 * HOUR_MS, 3 * HOUR_MS],
    ['F6 a guess of 15 minutes', undefined, 15 * MINUTE_MS],
  ] as const) {
    it(`R4.5 ${what} lasts no longer when the clock goes back by two days`, async () => {
      const window = await machine.open({}, { agents });
      await window.submit({ prompt: 'work', loopId: 'a' });
      machine.launcher.of('a').end(limited(named === undefined ? undefined : machine.clock.now() + named));
      await machine.soon();
      machine.clock.jump(-2 * DAY_MS);
      await machine.clock.advance(MINUTE_MS);
      const [hold] = window.status().holds;
      assert.ok(hold?.until !== undefined && hold.until - machine.clock.now() <= longest, 'it is clamped');
      await machine.clock.advance(longest + MINUTE_MS);
      assert.deepEqual(machine.alive(), ['a']);
    });
  }

  it('R4.5 F11 waits that began while the clock was ahead last as long as was planned', async () => {
    const window = await machine.open({ restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 9 } }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.clock.jump(20 * DAY_MS);
    machine.launcher.of('a').end(limited(machine.clock.now() + HOUR_MS));
    machine.launcher.of('b').fail();
    await machine.soon();
    await window.hold('sample', machine.clock.now() + HOUR_MS);
    machine.clock.jump(-20 * DAY_MS);
    await machine.clock.advance(HOUR_MS + 2 * MINUTE_MS);
    assert.equal(machine.alive().length, 1, 'one goes first');
  });

  it('R3.3 D14 loops that wait for the money of a new day are woken when the day changes by itself', async () => {
    const day = { zone: 0 };
    const { clock } = machine;
    clock.day = (at) => new Date(at + day.zone * HOUR_MS).toISOString().slice(0, 10);
    const budget = { ...DEFAULT_SETTINGS.budget, dailyLimit: 1e9 };
    const window = await machine.open({ budget }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0.5 });
    machine.launcher.of('a').end({
      exit: { exitCode: 1 },
      says: [
        { type: 'cost', cost: 1e9, source: 'reported' },
        { type: 'end', ok: false, reason: 'budget', cause: 'budget' },
      ],
    });
    await machine.soon();
    assert.deepEqual(machine.alive(), []);
    day.zone = 12;
    await machine.clock.advance(MINUTE_MS);
    assert.deepEqual(machine.alive(), ['a']);
  });
});
