import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Queued, QueueOrder } from '../../src/core/policy/queue.ts';

/** The order that is meant: higher priority first, equals by place, and by `seq` where places are equal. */
function sorted(items: readonly Queued[]): Queued[] {
  return [...items].sort((a, b) => b.priority - a.priority || a.place - b.place || a.seq - b.seq);
}

function agrees(order: QueueOrder<Queued>, items: readonly Queued[]): void {
  const expected = sorted(items);
  assert.deepEqual([...order], expected);
  assert.equal(order.size, expected.length);
  expected.forEach((item, index) => {
    assert.equal(order.position(item), index + 1);
    const before = expected[index - 1];
    assert.equal(order.previous(item), before?.priority === item.priority ? before : undefined);
  });
}

describe('queue order', () => {
  it('R2.1 higher priority first, equals by first submission', () => {
    const order = new QueueOrder<Queued>();
    const [a, b, c, d] = [0, 5, 0, 5].map((priority, index) => ({ seq: index + 1, priority, place: index + 1 })) as [
      Queued,
      Queued,
      Queued,
      Queued,
    ];
    for (const item of [a, b, c, d]) order.add(item);
    assert.deepEqual([...order], [b, d, a, c]);
  });

  it('R2.1 R5.2 one that comes back takes its old place among its equals, ahead of later ones', () => {
    const order = new QueueOrder<Queued>();
    const items = Array.from({ length: 6 }, (_, index) => ({ seq: index + 1, priority: 0, place: index + 1 }));
    for (const item of items) order.add(item);
    for (const item of items.slice(0, 3)) order.remove(item);
    order.add(items[1] as Queued);
    order.add(items[0] as Queued);
    order.add(items[2] as Queued);
    agrees(order, items);
  });

  const change = fc.record({
    act: fc.constantFrom('add', 'add', 'add', 'leave', 'return', 'remove', 'reprioritise', 'stranger'),
    priority: fc.integer({ min: -2, max: 2 }),
    which: fc.nat(),
    place: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 50, noNaN: true })),
  });

  it('R2.1 under any interleaving it is the sorted list', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const order = new QueueOrder<Queued>();
        let items: Queued[] = [];
        const away: Queued[] = [];
        let seq = 0;
        const add = (item: Queued) => {
          order.add(item);
          items.push(item);
        };
        const take = (item: Queued) => {
          assert.equal(order.remove(item), true);
          items = items.filter((other) => other !== item);
        };
        for (const { act, priority, which, place } of changes) {
          const item = items.length > 0 ? sorted(items)[which % items.length] : undefined;
          if (act === 'add') add({ seq: ++seq, priority, place: seq });
          if (act === 'leave' && items.length > 0) {
            const [head] = sorted(items) as [Queued];
            take(head);
            away.push(head);
          }
          if (act === 'return' && away.length > 0) add(away.splice(which % away.length, 1)[0] as Queued);
          if (act === 'remove' && item) take(item);
          if (act === 'reprioritise' && item) {
            take(item);
            // With a place of the user's choice too, which may be one that another has.
            add({ ...item, priority, place: which % 2 === 0 ? item.place : place });
          }
          if (act === 'stranger') {
            const stranger = { seq: 1_000_000 + which, priority, place };
            assert.equal(order.remove(stranger), false);
            assert.equal(order.position(stranger), 0);
          }
          agrees(order, items);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('R2.5 stays right with thousands of priorities, in whatever order they come', () => {
    const order = new QueueOrder<Queued>();
    let items = Array.from({ length: 3_000 }, (_, index) => {
      const seq = index + 1;
      return { seq, priority: (seq * 7_919) % 2_003, place: seq };
    });
    for (const item of items) order.add(item);
    for (const item of items.filter(({ seq }) => seq % 3 === 0)) assert.equal(order.remove(item), true);
    items = items.filter(({ seq }) => seq % 3 !== 0);
    agrees(order, items);
    assert.deepEqual([order.first, order.last], [sorted(items)[0], sorted(items).at(-1)]);
  });

  it('R2.5 stays right when thousands join, leave at the front and come back', () => {
    const order = new QueueOrder<Queued>();
    let items: Queued[] = [];
    for (let seq = 1; seq <= 5_000; seq++) {
      const item = { seq, priority: 0, place: seq };
      order.add(item);
      items.push(item);
    }
    const gone = items.slice(0, 4_000);
    for (const item of gone) assert.equal(order.remove(item), true);
    items = items.slice(4_000);
    for (const item of [gone[3_999], gone[17], gone[2_500]] as Queued[]) {
      order.add(item);
      items.push(item);
    }
    agrees(order, items);
  });

  it('R2.5 looks at few items however many there are: at 10,000 at most 3 times as many as at 100', () => {
    const looks = { 100: 0, 10000: 0 };
    for (const size of [100, 10_000] as const) {
      let count = 0;
      const item = (seq: number): Queued => ({
        seq,
        priority: 0,
        get place() {
          count++;
          return seq;
        },
      });
      const order = new QueueOrder<Queued>();
      const items = Array.from({ length: size }, (_, index) => item(index + 1));
      for (const one of items) order.add(one);
      const middle = items[size / 2] as Queued;
      count = 0;
      order.add(item(size + 1));
      order.position(middle);
      order.previous(middle);
      order.remove(middle);
      order.add(middle);
      for (const one of order) {
        order.remove(one);
        break;
      }
      looks[size] = count;
    }
    assert.ok(looks[10_000] <= 3 * looks[100], JSON.stringify(looks));
  });
});
