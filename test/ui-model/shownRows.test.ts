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

  async function read(parent: TreeRow | undefined): Promise<TreeRow[]> {
    reads++;
    return parent
      ? Object.entries(world[parent.id] ?? {}).map(([name, description]) => loop(name, description))
      : Object.keys(world).map(group);
  }

  /** Unfolds as a view does: what it asks for is handed out. */
  async function ask(parent?: TreeRow): Promise<TreeRow[]> {
    const rows = await read(parent);
    shown.handOut(parent, rows);
    return rows;
  }

  /** The groups as the view holds them. */
  const groups = (): TreeRow[] => Object.keys(world).map((name) => shown.holder(group(name)));

  /** Names of what is to be refreshed; `*` is everything. */
  async function drawn(words: boolean, now = NOW): Promise<string[]> {
    return (await shown.changes(read, words, now)).map((row) => row?.id ?? '*');
  }

  beforeEach(async () => {
    world = { running: { a: '1s', b: '1s' }, queued: { q: '#1' } };
    shown = new ShownRows();
    reads = 0;
    for (const row of await ask()) await ask(row);
  });

  it('refreshes nothing if nothing has changed', async () => {
    assert.deepEqual(await drawn(true), []);
  });

  it('refreshes only changed rows, as the objects that the view holds', async () => {
    const [running] = groups();
    const held = await ask(running);
    world.running!.b = '2s';
    const [row] = await shown.changes(read, true, NOW);
    assert.equal(row, held[1]);
    assert.equal(shown.latest(row!).description, '2s');
    assert.deepEqual(await drawn(true), []);
  });

  it('postpones running times if only structure was requested, but not the text of a waiting row', async () => {
    world.running!.a = '2s';
    world.queued!.q = '#1 · queue paused';
    assert.deepEqual(await drawn(false), ['q']);
    assert.deepEqual(await drawn(true), ['a']);
  });

  it('refreshes a group whose rows appeared, vanished or moved', async () => {
    world.queued = { r: '#1', q: '#2' };
    assert.deepEqual(await drawn(false), ['queued']);
  });

  it('refreshes everything when groups appear or vanish, and asks no more', async () => {
    world.finished = { f: 'completed' };
    reads = 0;
    assert.deepEqual(await drawn(false), ['*']);
    assert.equal(reads, 1);
  });

  it('refreshes the parent when a row loses its twistie: VS Code would not refresh the row alone', async () => {
    const read0 = read;
    const folded = async (parent: TreeRow | undefined) =>
      (await read0(parent)).map((row): TreeRow => (row.id === 'running' ? { ...row, children: 'none' } : row));
    assert.deepEqual(await shown.changes(folded, false, NOW), [undefined]);
  });

  it('keeps what is known about a loop that moved to another group', async () => {
    const [running, queued] = groups();
    world = { running: {}, queued: { q: '#1', a: '#2' } };
    const rows = await ask(queued);
    await ask(running);
    assert.equal(shown.latest({ ...rows[1]! }).description, '#2');
  });

  it('leaves a row’s text alone for ten seconds after the mouse pointed at it', async () => {
    const [running] = groups();
    const [a] = await ask(running);
    shown.pointAt(a!, NOW);
    world.running = { a: '2s', b: '2s' };
    assert.deepEqual(await drawn(true, NOW + 9_999), ['b']);
    assert.deepEqual(await drawn(true, NOW + 10_000), ['a']);
  });

  it('reads nothing more under a collapsed row', async () => {
    shown.foldUp(groups()[0]!);
    reads = 0;
    world.running!.a = '2s';
    assert.deepEqual(await drawn(true), []);
    assert.equal(reads, 2);
  });
});
