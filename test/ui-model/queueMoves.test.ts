import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type QueueMove, queueMoves } from '../../src/ui/tree/queueMoves.ts';

const QUEUE = ['a', 'b', 'c', 'd', 'e'];

function apply(queue: readonly string[], moves: readonly QueueMove[]): string[] {
  const order = [...queue];
  for (const [id, before] of moves) {
    order.splice(order.indexOf(id), 1);
    order.splice(typeof before === 'string' ? order.indexOf(before) : order.length, 0, id);
  }
  return order;
}

describe('queueMoves', () => {
  const cases: readonly [dragged: string[], target: string | undefined, order: string][] = [
    [['d'], 'b', 'adbce'],
    [['a'], 'c', 'bcade'],
    [['a'], 'e', 'bcdea'],
    [['e'], 'a', 'eabcd'],
    [['c'], undefined, 'cabde'],
    [['a'], undefined, 'abcde'],
    [['d', 'e'], 'b', 'adebc'],
    [['e', 'd'], 'b', 'adebc'],
    [['a', 'b'], 'd', 'cdabe'],
    [['a', 'e'], 'c', 'bcaed'],
    [['b'], 'b', 'abcde'],
    [['x'], 'b', 'abcde'],
    [['a'], 'x', 'abcde'],
  ];
  for (const [dragged, target, order] of cases) {
    it(`dropping ${dragged} on ${target ?? 'the head of the group'} makes ${order}`, () => {
      assert.equal(apply(QUEUE, queueMoves(QUEUE, dragged, target)).join(''), order);
    });
  }

  it('R2.1 never reorders those that were not dragged, nor the dragged among themselves', () => {
    const queues = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(queues, fc.infiniteStream(fc.nat()), (queue, numbers) => {
        const dragged = queue.filter(() => (numbers.next().value ?? 0) % 3 === 0);
        const target = queue[(numbers.next().value ?? 0) % queue.length];
        const after = apply(queue, queueMoves(queue, dragged, target));
        const rest = (order: readonly string[]) => order.filter((id) => !dragged.includes(id));
        const moved = (order: readonly string[]) => order.filter((id) => dragged.includes(id));
        assert.deepEqual(rest(after), rest(queue));
        assert.deepEqual(moved(after), moved(queue));
      }),
    );
  });
});
