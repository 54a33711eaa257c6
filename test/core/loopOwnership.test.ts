import assert from 'node:assert/strict';
import { GONE, there } from '../../src/core/model/looks.ts';
import type { LiveState, QueuedLoop } from '../../src/core/state/liveState.ts';
import { LoopOwnership } from '../../src/core/state/loopOwnership.ts';
import { Machines } from '../../src/core/state/machines.ts';
import { activeLoop, contextWith, lease, liveStateWith, queuedLoop } from '../support/coreParts.ts';
import { FakeClock } from '../support/fakeClock.ts';

/** A window with these folders open beside those other windows. */
function ownership(
  liveState: LiveState,
  folders: readonly string[],
  others: { readonly [id: string]: readonly string[] } = {},
) {
  const clock = new FakeClock();
  const dead = new Set<number>();
  const context = contextWith({
    clock,
    window: { id: 'w1', folders, home: '/home' },
    inspector: {
      self: { pid: 1, startTime: '1', bootId: 'boot' },
      look: (process) => (dead.has(process.pid) ? GONE : there(process)),
    },
  });
  liveState.windows = new Map(Object.entries({ w1: folders, ...others }).map(([id, open]) => [id, lease(id, open)]));
  return { clock, dead, ownership: new LoopOwnership(context, liveState, new Machines(context, liveState)) };
}

describe('homes of loops', () => {
  const A = '/a';
  const B = '/b';
  const rows: readonly (readonly [
    string,
    loop: { windowId: string; folder?: string },
    mine: string[],
    others: { [id: string]: string[] },
    home: string,
  ])[] = [
    ['this window submitted it', { windowId: 'w1', folder: A }, [A], {}, 'here'],
    ['this window submitted it, and closed the folder since', { windowId: 'w1', folder: A }, [B], {}, 'here'],
    [
      'another window submitted it and has the folder open',
      { windowId: 'w2', folder: A },
      [A],
      { w2: [A] },
      'elsewhere',
    ],
    ['its window closed the folder, this one has it open', { windowId: 'w2', folder: A }, [A], { w2: [B] }, 'here'],
    ['its window is there, the folder is open nowhere', { windowId: 'w2', folder: A }, [B], { w2: [B] }, 'elsewhere'],
    ['its window is gone, this one has the folder open', { windowId: 'w2', folder: A }, [A], {}, 'here'],
    ['its window is gone, a third has the folder open', { windowId: 'w2', folder: A }, [B], { w3: [A] }, 'elsewhere'],
    ['its window is gone, the folder is open nowhere', { windowId: 'w2', folder: A }, [B], { w3: [B] }, 'gone'],
    ['it has no folder, its window is gone, this one has none', { windowId: 'w2' }, [], {}, 'here'],
    ['it has no folder, its window is gone, this one has some', { windowId: 'w2' }, [A], {}, 'gone'],
  ];
  for (const [title, { windowId, folder }, mine, others, home] of rows) {
    it(`R9.2 ${title}: ${home}`, () => {
      const { folder: _, ...loop } = queuedLoop(1, { windowId });
      assert.equal(
        ownership(liveStateWith(), mine, others).ownership.hostOf({ ...loop, ...(folder !== undefined && { folder }) }),
        home,
      );
    });
  }

  it('R3.3 waits a few seconds for another window to start its loop, then passes it by', async () => {
    const loop = queuedLoop(1, { windowId: 'w2', folder: A });
    const { ownership: subject, clock } = ownership(liveStateWith(loop), [A], { w2: [A] });
    subject.standFirst([loop]);
    assert.equal(subject.isPassedBy(loop), false);
    await clock.advance(4_999);
    subject.standFirst([loop]);
    assert.equal(subject.isPassedBy(loop), false);
    assert.equal(subject.hasPassedBy(), false);
    await clock.advance(1);
    assert.equal(subject.isPassedBy(loop), true);
    assert.equal(subject.hasPassedBy(), true);
  });

  it('R3.3 forgets how long a loop stood first in line once it is gone from the queue', async () => {
    const loop = queuedLoop(1, { windowId: 'w2', folder: A });
    const liveState = liveStateWith(loop);
    const { ownership: subject, clock } = ownership(liveState, [A], { w2: [A] });
    subject.standFirst([loop]);
    await clock.advance(10_000);
    liveState.put(activeLoop(1, { windowId: 'w2', folder: A }, { startedAt: clock.now() }));
    assert.equal(subject.hasPassedBy(), false);
    liveState.put(loop);
    assert.equal(subject.isPassedBy(loop), false, 'its time starts over');
  });

  it('R2.2 a window that starts nothing in a slot kept for it is passed by with all that it had in that folder', async () => {
    const since = 1_000;
    const [first, second, other] = [1, 2, 3].map((seq) =>
      queuedLoop(seq, { windowId: 'w2', folder: seq === 3 ? B : A, since }),
    ) as [QueuedLoop, QueuedLoop, QueuedLoop];
    const liveState = liveStateWith(first, second, other);
    const { ownership: subject, clock } = ownership(liveState, ['/mine'], { w2: [A, B] });
    subject.standFirst([first]);
    await clock.advance(5_000);
    const later = queuedLoop(4, { windowId: 'w2', folder: A, since: clock.now() });
    assert.deepEqual([first, second, other, later].map(subject.isPassedBy), [true, true, false, false]);
    assert.equal(subject.hasPassedBy(), true);
    assert.equal(subject.hasPassedBy(), false, 'it is told once');
    // It is back, and starts one of them in a slot that was free.
    liveState.put(activeLoop(5, { windowId: 'w2', folder: A }, { startedAt: clock.now() }));
    assert.equal(subject.hasPassedBy(), true);
    assert.deepEqual([first, second].map(subject.isPassedBy), [true, false]);
  });

  it('R2.2 a window that starts other loops is waited for with each that it leaves', async () => {
    const [first, second] = [
      queuedLoop(1, { windowId: 'w2', folder: A }),
      queuedLoop(2, { windowId: 'w2', folder: A }),
    ];
    const liveState = liveStateWith(first, second);
    const { ownership: subject, clock } = ownership(liveState, ['/mine'], { w2: [A] });
    subject.standFirst([first]);
    await clock.advance(3_000);
    liveState.put(activeLoop(3, { windowId: 'w2', folder: A }, { startedAt: clock.now() }));
    subject.hasPassedBy();
    await clock.advance(2_000);
    assert.deepEqual([first, second].map(subject.isPassedBy), [true, false]);
  });

  it('R4.5 the clock going back makes nobody wait for long', async () => {
    const loop = queuedLoop(1, { windowId: 'w2', folder: A });
    const { ownership: subject, clock } = ownership(liveStateWith(loop), [A], { w2: [A] });
    subject.standFirst([loop]);
    clock.jump(-86_400_000);
    subject.standFirst([loop]);
    assert.equal(subject.isPassedBy(loop), false);
    await clock.advance(5_000);
    assert.equal(subject.isPassedBy(loop), true);
  });

  it('R9.2 takes over the runs of a gone window at once where it has their folder, else after the moment that a reload takes', async () => {
    const near = activeLoop(1, { windowId: 'w2', folder: A });
    const far = activeLoop(2, { windowId: 'w2', folder: B });
    const { ownership: subject, clock } = ownership(liveStateWith(near, far), [A]);
    assert.equal(subject.shouldAdopt(near, 'w2'), true);
    assert.equal(subject.shouldAdopt(far, 'w2'), false);
    await clock.advance(10_000);
    assert.equal(subject.shouldAdopt(far, 'w2'), true);
  });

  it('R9.2 leaves the runs of a window that is there to it, unless it has closed their folder and this one has it open', () => {
    const loop = activeLoop(1, { windowId: 'w2', folder: A });
    assert.equal(ownership(liveStateWith(loop), [A], { w2: [A] }).ownership.shouldAdopt(loop, 'w2'), false);
    assert.equal(ownership(liveStateWith(loop), [A], { w2: [B] }).ownership.shouldAdopt(loop, 'w2'), true);
    assert.equal(ownership(liveStateWith(loop), [B], { w2: [B] }).ownership.shouldAdopt(loop, 'w2'), false);
    assert.equal(ownership(liveStateWith(loop), [A]).ownership.shouldAdopt(loop, 'w1'), false, 'its own');
  });

  it('R9.2 a lease ends with its process, and its own is never looked at', () => {
    const { ownership: subject, dead } = ownership(liveStateWith(), [A], { w2: [A], w3: [B] });
    assert.deepEqual(subject.dead(), []);
    dead.add(3).add(1);
    assert.deepEqual(subject.dead(), ['w3']);
  });
});
