import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CLOSED_CIRCUIT } from '../../src/core/model/circuit.ts';
import { isActive, type LiveLoop, type Loop, reservedOf } from '../../src/core/model/loop.ts';
import { LiveState } from '../../src/core/state/liveState.ts';
import { activeLoop, backingOffLoop, liveStateWith, queuedLoop } from '../support/coreParts.ts';

describe('live state', () => {
  it('R6.2 R2.5 sums and depth are kept as loops change, and equal what counting anew would give', () => {
    const change = fc.record({
      seq: fc.integer({ min: 1, max: 8 }),
      to: fc.constantFrom('queued', 'returned', 'running', 'stopping', 'backingOff', 'completed', 'removed'),
      estimate: fc.nat(1_000),
      cost: fc.nat(1_500),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const liveState = new LiveState();
        const known = new Map<number, LiveLoop>();
        for (const { seq, to, estimate, cost } of changes) {
          let loop: Loop;
          if (to === 'queued' || to === 'returned') loop = queuedLoop(seq, { estimate, fresh: to === 'queued' });
          else if (to === 'running' || to === 'stopping') loop = activeLoop(seq, { estimate }, { cost }, to);
          else loop = backingOffLoop(seq, { estimate });
          if (to === 'removed') liveState.remove(seq);
          else if (to === 'completed') liveState.put({ ...loop, state: 'completed', finishedAt: 0 } as Loop);
          else liveState.put(loop);
          if (to === 'removed' || to === 'completed') known.delete(seq);
          else known.set(seq, loop as LiveLoop);

          const live = [...known.values()];
          const sum = (loops: readonly LiveLoop[]) => loops.reduce((total, one) => total + reservedOf(one), 0);
          assert.equal(liveState.reservedBefore(Number.POSITIVE_INFINITY), sum(live));
          assert.equal(liveState.runningReserved, sum(live.filter(isActive)));
          assert.equal(liveState.depth, live.filter((one) => one.state === 'queued' && one.fresh).length);
          assert.equal(liveState.queue.size, live.filter((one) => one.state === 'queued').length);
          assert.equal(liveState.active.size, live.filter(isActive).length);
          assert.equal(liveState.timed.size, live.filter((one) => one.state === 'backingOff').length);
          for (const one of live) assert.equal(liveState.find(one.loopId), one);
        }
      }),
    );
  });

  it('R6.2 a running loop holds what is left of its estimate, never less than nothing; a final one holds nothing', () => {
    assert.equal(reservedOf(activeLoop(1, { estimate: 100 }, { cost: 30 })), 70);
    assert.equal(reservedOf(activeLoop(1, { estimate: 100 }, { cost: 130 })), 0);
    assert.equal(
      reservedOf(activeLoop(1, { estimate: 100, cost: 130 })),
      100,
      'a restart reserves anew: only its own attempt counts',
    );
    assert.equal(reservedOf(backingOffLoop(1, { estimate: 100 })), 100);
    assert.equal(reservedOf({ ...queuedLoop(1, { estimate: 100 }), state: 'completed', finishedAt: 0 } as Loop), 0);
  });

  it('R3.1 what other windows have ended and removed leaves it: by name, or for not being among what is live', () => {
    const liveState = liveStateWith(activeLoop(1), queuedLoop(2), queuedLoop(3), queuedLoop(4));
    const news = { control: liveState.control, windows: [] };
    liveState.apply({ ...news, loops: [], gone: [2, 9] });
    assert.deepEqual(
      [...liveState.queue].map(({ seq }) => seq),
      [3, 4],
    );
    liveState.apply({ ...news, loops: [queuedLoop(5)], live: new Set([1, 4, 5]) });
    assert.deepEqual(
      [...liveState.queue].map(({ seq }) => seq),
      [4, 5],
    );
    assert.equal(liveState.get(1)?.state, 'running', 'it is live, though its row could not be read');
  });

  it('R3.1 a loop that was submitted again is found by its id when the end of the one before is heard after it', () => {
    const liveState = liveStateWith(queuedLoop(1, { loopId: 'again' }));
    const again = queuedLoop(2, { loopId: 'again' });
    const ended = { ...queuedLoop(1, { loopId: 'again' }), state: 'completed', finishedAt: 0 } as Loop;
    liveState.apply({ control: liveState.control, windows: [], loops: [again, ended] });
    assert.equal(liveState.find('again'), again);
  });

  it('R4.1 probes are those of the present generation', () => {
    const liveState = liveStateWith(
      activeLoop(1, {}, { probe: true, generation: 4 }),
      activeLoop(2, {}, { probe: true, generation: 2 }),
      activeLoop(3, {}, { probe: false, generation: 4 }),
      activeLoop(4, {}, { probe: true, generation: 4 }, 'stopping'),
    );
    const sample = { ...CLOSED_CIRCUIT, state: 'half-open' as const, generation: 4 };
    liveState.control = { ...liveState.control, circuits: { sample } };
    assert.equal(liveState.probes('sample'), 2);
    assert.equal(liveState.probes('another'), 0);
  });
});
