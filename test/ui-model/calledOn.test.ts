import assert from 'node:assert/strict';
import { type CalledOn, calledOn } from '../../src/ui/commands/calledOn.ts';
import type { TreeRow } from '../../src/ui/tree/treeRow.ts';

const row = (loopId: string): TreeRow => ({
  id: `loop:${loopId}`,
  subject: { kind: 'loop', loopId, seq: 1 },
  label: loopId,
  description: '',
  spoken: loopId,
  context: 'loop queued live here',
  children: 'none',
  isLive: false,
});
const [a, b] = [row('a'), row('b')];

describe('calledOn', () => {
  const cases: readonly [who: string, args: readonly unknown[], what: CalledOn][] = [
    ['the palette and a key binding without arguments', [], { kind: 'nothing' }],
    ['our own key binding', ['selection'], { kind: 'keyboard' }],
    ['a menu on one row', [a, undefined], { kind: 'rows', rows: [a] }],
    ['a menu on one of several selected rows, which comes first', [b, [a, b]], { kind: 'rows', rows: [b, a] }],
    ['a menu on a row that is being drawn anew', [undefined, undefined], { kind: 'lost' }],
    ['a button of a row that is being drawn anew', [undefined], { kind: 'lost' }],
    ['a menu of a view that is gone', [null, undefined], { kind: 'lost' }],
    ['a menu on several rows of which all are being drawn anew', [undefined, [undefined, undefined]], { kind: 'lost' }],
    ['a menu on several rows of which some are being drawn anew', [a, [a, undefined]], { kind: 'lost' }],
    ['an id', ['loop-1'], { kind: 'loops', loops: [{ loopId: 'loop-1' }] }],
    ['ids', [['loop-1', 'loop-2']], { kind: 'loops', loops: [{ loopId: 'loop-1' }, { loopId: 'loop-2' }] }],
    [
      'an object with an id, and a priority',
      [{ loopId: 'loop-1' }, 7],
      { kind: 'loops', loops: [{ loopId: 'loop-1' }] },
    ],
    [
      'a panel, which is for one loop of that id',
      [{ loopId: 'loop-1', seq: 3 }],
      { kind: 'loops', loops: [{ loopId: 'loop-1', seq: 3 }] },
    ],
    [
      'an object of which the number is none',
      [{ loopId: 'loop-1', seq: '3' }],
      { kind: 'loops', loops: [{ loopId: 'loop-1' }] },
    ],
    ['something else', [{ x: 1 }], { kind: 'nothing' }],
  ];
  for (const [who, args, what] of cases) {
    it(`${who}: ${what.kind}`, () => assert.deepEqual(calledOn(args), what));
  }
});
