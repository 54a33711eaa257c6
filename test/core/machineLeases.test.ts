import assert from 'node:assert/strict';
import { isActive, type Loop, needsUser } from '../../src/core/model/loop.ts';
import { hasLapsed, isOfAnotherBoot, leaseSpans } from '../../src/core/policy/machineLease.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { FakeLauncher } from '../support/fakeLauncher.ts';
import { fakeMachine } from '../support/fakeMachine.ts';
import { fakeCatalog, fakeProfile, machineForEachTest, type WindowFacts } from '../support/harness.ts';

const MINUTE = 60_000;
const SPANS = leaseSpans({ partitionGraceMs: 10 * MINUTE, killGraceMs: 5_000 });

describe('The lease of a machine', () => {
  const lease = { renewedAt: 1_000_000, lapsesAfterMs: 60_000 };

  it('R16.3 lapses only after the grace, the time that a stop takes, and a margin', () => {
    assert.deepEqual(SPANS, { renewMs: 30_000, graceMs: 600_000, lapsesAfterMs: 600_000 + 10_000 + 30_000 + 60_000 });
  });

  it('R16.3 lapses at its time, and at once for a host that sees it first when that has passed', () => {
    const seen = { renewedAt: lease.renewedAt, wall: 1_020_000, boot: 5 };
    assert.equal(hasLapsed(lease, seen, 5 + 39_999), false);
    assert.equal(hasLapsed(lease, seen, 5 + 40_000), true);
    assert.equal(hasLapsed(lease, { ...seen, wall: 1_060_000 }, 5), true);
  });

  it('R4.5 R16.3 a wall clock that is set moves nothing: a renewal from the future lasts as long as one of now', () => {
    const seen = { renewedAt: lease.renewedAt, wall: 10, boot: 0 };
    assert.equal(hasLapsed(lease, seen, 59_999), false);
    assert.equal(hasLapsed(lease, seen, 60_000), true);
  });
});

describe('The lease of a machine that was restarted, or of its double', () => {
  const { lapsesAfterMs } = SPANS;
  const lease = { renewedAt: 1_000_000, bootId: 'monday', lapsesAfterMs };
  const isOther = (bootId: string, age: number, other = {}) =>
    isOfAnotherBoot({ ...lease, ...other }, bootId, lease.renewedAt + age);

  it('R16.5 is in doubt until it should have been renewed twice, and no longer', () => {
    assert.deepEqual([isOther('tuesday', 64_999), isOther('tuesday', 65_000)], [true, false]);
    assert.equal(isOther('monday', 0), false);
  });

  it('R16.5 R4.5 a renewal from the future, or of a host that did not say its boot, holds nobody up', () => {
    assert.equal(isOther('tuesday', -1), false);
    assert.equal(isOfAnotherBoot({ renewedAt: lease.renewedAt, lapsesAfterMs }, 'tuesday', lease.renewedAt), false);
    assert.equal(isOfAnotherBoot(undefined, 'tuesday', lease.renewedAt), false);
  });
});

describe('Machines that share a store', () => {
  const base = machineForEachTest();
  const agents = fakeCatalog(fakeProfile('sample', { hasCost: true }));

  /** A machine with its own folder of runs, cut off from the store while `isCutOff`. */
  function machine(id: string) {
    const launcher = new FakeLauncher(base.clock);
    const facts = fakeMachine(base.clock, id);
    const cable = { isCut: false, cut: () => {} };
    const window: WindowFacts = {
      ...{ agents, launcher, machine: facts },
      store: (store) =>
        new Proxy(store, {
          get: (_, name) => {
            if (name === 'write')
              return (...args: Parameters<typeof store.write>) =>
                cable.isCut ? new Promise(() => {}) : store.write(...args);
            if (name === 'changes') return () => (cable.isCut ? undefined : store.changes());
            const value = Reflect.get(store, name);
            return typeof value === 'function' ? value.bind(store) : value;
          },
        }),
    };
    const open = (settings = {}) => base.open({ maxConcurrent: 1, ...settings }, window);
    return { launcher, facts, cable, open };
  }

  const loopOf = (window: Supervisor, loopId: string): Loop | undefined =>
    window.live().find(({ loop }) => loop.loopId === loopId)?.loop;
  const stateOf = (window: Supervisor, loopId: string) => {
    const loop = loopOf(window, loopId);
    return loop && needsUser(loop) ? loop.need : loop?.state;
  };

  it('R16.3 a machine renews its lease, and its guardians know until when they may run', async () => {
    const one = machine('one');
    const window = await one.open();
    const began = base.clock.now();
    assert.deepEqual([one.facts.epoch, one.facts.until], [1, began + 10 * MINUTE]);
    await base.clock.advance(10 * MINUTE);
    assert.ok(one.facts.until >= base.clock.now() + 9 * MINUTE, 'it was renewed');
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.equal(one.launcher.of('a').request?.epoch, 1);
  });

  it('R16.3 the runs of a machine that is cut off keep their slots until none of them can live, and no longer', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const [first, second] = [await one.open(), await two.open()];
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    one.cable.isCut = true;
    await base.clock.advance(SPANS.lapsesAfterMs - MINUTE);
    assert.deepEqual([stateOf(second, 'a'), stateOf(second, 'b')], ['running', 'queued']);
    await base.clock.advance(2 * MINUTE);
    assert.deepEqual([stateOf(second, 'a'), stateOf(second, 'b')], ['machineAway', 'running']);
    const [waiting] = second.status().waiting;
    assert.match(waiting?.reason ?? '', /the one.+has not been heard from, so its end is not confirmed/);
  });

  it('R16.3 R7.6 what was taken over is never restarted elsewhere, and its user decides where its machine stays away', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const [first, second] = [await one.open(), await two.open()];
    await first.submit({ prompt: 'work', loopId: 'a' });
    one.cable.isCut = true;
    await base.clock.advance(2 * SPANS.lapsesAfterMs);
    assert.deepEqual(two.launcher.runs, []);
    await second.treatAsEnded('a');
    await base.clock.advance(MINUTE);
    // It belongs to the other machine all the same: its folder is there.
    assert.deepEqual([stateOf(second, 'a'), two.launcher.runs], ['queued', []]);
    const attempts = (await second.get('a'))?.attempts ?? [];
    assert.deepEqual(
      attempts.map(({ outcome, unseen }) => [outcome, unseen]),
      [['lost', 'its machine was away']],
    );
  });

  it('R16.3 R6.6 a machine that comes back takes its runs back: costs and ends of meanwhile are booked once', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const [first, second] = [await one.open(), await two.open()];
    await first.submit({ prompt: 'work', loopId: 'a' });
    const run = one.launcher.of('a');
    run.start();
    run.say({ type: 'text', text: 'hello', delta: false }, { type: 'cost', cost: 1_000, source: 'reported' });
    await base.clock.advance(1_000);
    one.cable.isCut = true;
    run.say({ type: 'cost', cost: 20_000, source: 'reported' });
    await base.clock.advance(SPANS.lapsesAfterMs + MINUTE);
    assert.equal(stateOf(second, 'a'), 'machineAway');
    // Its guardian has stopped it; the window has gone too, and another one opens.
    run.end({
      exit: { signal: 'SIGTERM' },
      stoppedBy: 'partition',
      says: [{ type: 'cost', cost: 300_000, source: 'reported' }],
    });
    base.kill(first);
    one.cable.isCut = false;
    const again = await one.open();
    await base.clock.advance(2_000);
    assert.equal(one.facts.epoch, 2);
    assert.equal((await again.get('a'))?.costUsd, 321_000 / 1e9);
    assert.equal(stateOf(again, 'a'), 'running', 'it was interrupted, and goes on');
    assert.equal(one.launcher.of('a').request?.epoch, 2);
    const ends = ((await again.get('a'))?.attempts ?? []).map(({ outcome }) => outcome);
    assert.deepEqual(ends, ['interrupted', undefined]);
  });

  it('R16.3 R6.2 what a run may still spend counts as spent while its machine is away', async () => {
    const budget = {
      dailyLimit: 2_000_000_000,
      warnAtPercent: 90,
      onExceeded: 'finish' as const,
      minAllowance: 500_000_000,
    };
    const [one, two] = [machine('one'), machine('two')];
    const [first, second] = [await one.open({ budget }), await two.open({ budget })];
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    one.launcher.of('a').start();
    await base.clock.advance(1_000);
    const { granted } = second.status().budget;
    assert.ok(granted > 0);
    one.cable.isCut = true;
    await base.clock.advance(SPANS.lapsesAfterMs + MINUTE);
    assert.deepEqual([second.status().budget.granted, second.status().budget.unknown], [0, granted]);
    one.launcher.of('a').end({
      says: [
        { type: 'cost', cost: 70_000, source: 'reported' },
        { type: 'end', ok: true },
      ],
    });
    base.kill(first);
    one.cable.isCut = false;
    const again = await one.open({ budget });
    await base.clock.advance(2_000);
    const { spent, unknown } = again.status().budget;
    assert.deepEqual([spent, unknown], [70_000 / 1e9, 0]);
    assert.equal((await again.get('a'))?.state, 'completed');
  });

  it('R16.3 R3.1 a run is taken back only when there is a slot for it', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const [first, second] = [await one.open(), await two.open()];
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    one.cable.isCut = true;
    await base.clock.advance(SPANS.lapsesAfterMs + MINUTE);
    one.launcher.of('a').end({ exit: { signal: 'SIGTERM' }, stoppedBy: 'partition' });
    base.kill(first);
    one.cable.isCut = false;
    const again = await one.open();
    await base.clock.advance(2_000);
    assert.deepEqual([stateOf(again, 'a'), stateOf(again, 'b')], ['machineAway', 'running']);
    two.launcher.of('b').ok();
    await base.clock.advance(2_000);
    assert.equal(stateOf(again, 'a'), 'running');
  });

  it('R16.3 a window of a machine follows the runs of its own machine only, however the folders are called', async () => {
    const [one, two] = [machine('one'), machine('two')];
    const first = await one.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.submit({ prompt: 'work', loopId: 'b' });
    const second = await two.open();
    await first.release();
    await base.clock.advance(MINUTE);
    const loop = loopOf(second, 'a');
    assert.ok(loop && isActive(loop) && loop.attempt.windowId === base.idOf(first));
    one.launcher.of('a').ok();
    await base.clock.advance(MINUTE);
    assert.deepEqual([stateOf(second, 'a'), stateOf(second, 'b'), two.launcher.runs], ['running', 'queued', []]);
    assert.deepEqual(second.status().parked[0]?.why, 'nothing on the one, its machine, answers');
    assert.deepEqual(
      second.live().map(({ machine }) => machine),
      ['the one', 'the one'],
    );
    const again = await one.open();
    await base.clock.advance(MINUTE);
    assert.deepEqual([stateOf(again, 'a'), stateOf(again, 'b')], [undefined, 'running']);
  });
});
