import assert from 'node:assert/strict';
import { ShownRows } from '../../src/ui/tree/shownRows.ts';
import type { TreeRow } from '../../src/ui/tree/treeRow.ts';
import { NOW } from './support/views.ts';

/** A tree as names with descriptions: `a: 1` under `group`. */
type World = Record<string, Record<string, string>>;

function group(name: string): TreeRow {
  return {
    id: name,
    subject: { kind: 'group', group: 'running' },
    label: name,
    description: '',
    spoken: '',
    context: 'group',
    children: 'expanded',
    isLive: false,
  };
}

function loop(name: string, description: string): TreeRow {
  const isLive = !name.startsWith('q');
  return {
    id: name,
    subject: { kind: 'loop', loopId: name, seq: 1 },
    label: name,
    description,
    spoken: description,
    context: 'loop',
    children: 'collapsed',
    isLive,
  };
}

describe('ShownRows', () => {
  let world: World;
  let shown: ShownRows;
  let reads: number;

  function read(parent: TreeRow | undefined): TreeRow[] {
    reads++;
    return parent
      ? Object.entries(world[parent.id] ?? {}).map(([name, description]) => loop(name, description))
      : Object.keys(world).map(group);
  }

  /** Unfolds as a view does: what it asks for is handed out. */
  function ask(parent?: TreeRow): TreeRow[] {
    const rows = read(parent);
    shown.handOut(parent, rows);
    return rows;
  }

  /** Names of what is to be drawn anew; `*` is everything. */
  function drawn(words: boolean, now = NOW): string[] {
    return shown.changes(read, words, now).map((row) => row?.id ?? '*');
  }

  beforeEach(() => {
    world = { running: { a: '1s', b: '1s' }, queued: { q: '#1' } };
    shown = new ShownRows();
    reads = 0;
    for (const row of ask()) ask(row);
  });

  it('draws nothing anew where nothing has changed', () => {
    assert.deepEqual(drawn(true), []);
  });

  it('draws only rows anew that have changed, as the objects that the view holds', () => {
    const [running] = shown.roots;
    const held = ask(running);
    world.running!.b = '2s';
    const [row] = shown.changes(read, true, NOW);
    assert.equal(row, held[1]);
    assert.equal(shown.latest(row!).description, '2s');
    assert.deepEqual(drawn(true), []);
  });

  it('leaves running times for later where only looks are asked for, but not what a waiting row says', () => {
    world.running!.a = '2s';
    world.queued!.q = '#1 · queue paused';
    assert.deepEqual(drawn(false), ['q']);
    assert.deepEqual(drawn(true), ['a']);
  });

  it('draws a group anew whose rows came, went or changed places', () => {
    world.queued = { r: '#1', q: '#2' };
    assert.deepEqual(drawn(false), ['queued']);
  });

  it('draws everything anew when groups came or went, and asks no more', () => {
    world.finished = { f: 'completed' };
    reads = 0;
    assert.deepEqual(drawn(false), ['*']);
    assert.equal(reads, 1);
  });

  it('draws the parent anew when a row loses its twistie: VS Code would not draw the row alone', () => {
    const read0 = read;
    const folded = (parent: TreeRow | undefined) =>
      read0(parent).map((row): TreeRow => (row.id === 'running' ? { ...row, children: 'none' } : row));
    assert.deepEqual(shown.changes(folded, false, NOW), [undefined]);
  });

  it('keeps what is known of a loop that has moved to another group', () => {
    const [running, queued] = shown.roots;
    world = { running: {}, queued: { q: '#1', a: '#2' } };
    const rows = ask(queued);
    ask(running);
    assert.equal(shown.latest({ ...rows[1]! }).description, '#2');
  });

  it('leaves the words of a row alone for ten seconds after somebody has pointed at it', () => {
    const [running] = shown.roots;
    const [a] = ask(running);
    shown.pointAt(a!, NOW);
    world.running = { a: '2s', b: '2s' };
    assert.deepEqual(drawn(true, NOW + 9_999), ['b']);
    assert.deepEqual(drawn(true, NOW + 10_000), ['a']);
  });

  it('reads no more under a row that was folded up', () => {
    shown.foldUp(shown.roots[0]!);
    reads = 0;
    world.running!.a = '2s';
    assert.deepEqual(drawn(true), []);
    assert.equal(reads, 2);
  });
});
