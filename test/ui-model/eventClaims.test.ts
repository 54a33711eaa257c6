import assert from 'node:assert/strict';
import type { SupervisorEvent } from '../../src/core/model/event.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { claimEvents, EventTurns, isOwn } from '../../src/ui/window/eventClaims.ts';
import { NOW } from './support/views.ts';

const done = (loopId: string, host: string): SupervisorEvent => ({
  ...{ type: 'loop:completed', at: NOW, host, loopId, costUsd: 0 },
});

/** A window whose store has claimed keys for all windows. */
function windowOf(hostId: string, claimed: Set<string>, broken = false) {
  const claim = async (keys: readonly string[]) => {
    if (broken) throw new Error('The disk is full.');
    const free = keys.filter((key) => !claimed.has(key));
    for (const key of free) claimed.add(key);
    return free;
  };
  return { current: { hostId, claim } as unknown as Supervisor };
}

describe('events that one window acts on', () => {
  it('R10.2 one of two windows gets each event, for each purpose', async () => {
    const claimed = new Set<string>();
    const [one, two] = [windowOf('w1', claimed), windowOf('w2', claimed)];
    const events = [done('a', 'w1'), done('b', 'w2')];
    assert.deepEqual(await claimEvents(two, 'notice', events.slice(1)), events.slice(1));
    assert.deepEqual(await claimEvents(one, 'notice', events), events.slice(0, 1));
    assert.deepEqual(await claimEvents(two, 'notice', events), []);
    assert.deepEqual(await claimEvents(two, 'command', events), events);
  });

  it('R10.2 events that differ are claimed one by one', async () => {
    const one = windowOf('w1', new Set());
    const origin = { at: NOW, host: 'w1', why: 'x', state: 'open', reason: 'usageLimit' } as const;
    const events: SupervisorEvent[] = [
      { type: 'hold:change', ...origin, of: { kind: 'account', name: 'a' } },
      { type: 'hold:change', ...origin, of: { kind: 'account', name: 'b' } },
      { type: 'circuit:recover', at: NOW, host: 'w1', account: 'a', reason: 'x' },
      { type: 'circuit:recover', at: NOW, host: 'w1', account: 'b', reason: 'x' },
      { type: 'budget:warning', at: NOW, host: 'w1', spentUsd: 1, limitUsd: 1 },
    ];
    for (const event of events) assert.deepEqual(await claimEvents(one, 'notice', [event]), [event]);
  });

  it('if the store cannot say, a window acts on its own events', async () => {
    const broken = windowOf('w1', new Set(), true);
    assert.deepEqual(await claimEvents(broken, 'notice', [done('a', 'w1'), done('b', 'w2')]), [done('a', 'w1')]);
    const none = { current: undefined };
    assert.deepEqual(await claimEvents(none, 'notice', [done('a', 'w1'), done('b', '')]), [done('b', '')]);
  });

  it('R10.2 the window that caused an event acts at once, others only after a delay, and never after they have closed', () => {
    const timers: (() => void)[] = [];
    const cleared: unknown[] = [];
    const { setTimeout, clearTimeout } = globalThis;
    globalThis.setTimeout = ((run: () => void) => timers.push(run)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: unknown) => void cleared.push(timer)) as typeof clearTimeout;
    try {
      const window = windowOf('w1', new Set());
      const turns = new EventTurns(window);
      const acted: string[] = [];
      for (const event of [done('a', 'w2'), done('b', 'w1')]) turns.take(event, () => acted.push(event.host));
      assert.deepEqual(acted, ['w1']);
      timers[0]?.();
      assert.deepEqual(acted, ['w1', 'w2']);
      turns.take(done('c', 'w2'), () => acted.push('late'));
      turns.dispose();
      assert.deepEqual(cleared, [2]);
      assert.equal(isOwn(window, done('a', 'w2')), false);
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout });
    }
  });
});
