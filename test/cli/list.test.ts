import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Loop } from '../../src/core/model/loop.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { listAtOnce } from '../../src/list.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { CallHarness } from './support.ts';

describe('loops list, the short way', () => {
  let harness: CallHarness;
  beforeEach(() => {
    harness = new CallHarness({
      maxConcurrent: 1,
      agents: { worker: { command: 'true' }, other: { command: 'true' } },
    });
  });
  afterEach(() => harness.dispose());

  const database = () => join(harness.storage, 'supervisor.db');
  /** What it prints; undefined where the whole program is needed. */
  async function short(...words: string[]): Promise<string | undefined> {
    let out = '';
    const stream = {
      write: (text: string) => {
        out += text;
      },
    };
    const env = { LOOP_SUPERVISOR_STORAGE: harness.storage };
    const found = await listAtOnce(words, { stdout: stream, stderr: stream, env });
    return found === undefined ? undefined : out;
  }
  async function change(loopId: string, how: (loop: Loop) => object): Promise<void> {
    const store = openStore({ path: database(), clock: systemClock, log: () => undefined });
    await store.write((tx) => {
      const { state: _, ...facts } = tx.latest(loopId) as Loop;
      tx.saveLoop({ ...facts, ...how(tx.latest(loopId) as Loop) } as Loop);
    });
    store.close();
  }
  /** Both ways print the same. */
  async function agree(...words: string[]): Promise<void> {
    const { out, error } = await harness.call(words);
    // How long it has been so goes on meanwhile, and columns are as wide as what is in them.
    const timeless = (text: string | undefined) =>
      text?.replace(/ \d+[smhd]( \d+[smhd])?(?= )/g, '').replace(/ +/g, ' ');
    assert.equal(timeless(await short(...words)), timeless(out + error), words.join(' '));
  }

  it('R15.3 R10.1 prints what the whole program prints: places, and what each loop waits for', async () => {
    for (const [id, ...options] of [['a'], ['b', '-p', '5'], ['c'], ['d'], ['e', '--agent', 'other'], ['f'], ['g']])
      await harness.call(['submit', '--id', id as string, ...options, 'work']);
    await harness.call(['cancel', 'c']);
    await change('d', () => ({ state: 'waiting', for: 'you', need: 'answer', why: 'it asked' }));
    await change('f', () => ({ state: 'backingOff', until: Date.now() + 60_000 }));
    await change('g', (loop) => ({ ...loop, folder: '/never/trusted', windowId: 'gone' }));
    const calls = [['list'], ['ls', '-a'], ['list', '--json'], ['list', '--ids'], ['list', '-s', 'queued,cancelled']];
    const all = [...calls, ['list', '-n', '1'], ['list', '--limit', '2', '--json'], ['list', '-s', 'failed']];
    const settings = (maxConcurrent: number, agents: object) =>
      writeFileSync(join(harness.storage, 'settings.json'), JSON.stringify({ maxConcurrent, agents }));
    for (const words of all) await agree(...words);
    await harness.call(['pause']);
    for (const words of all) await agree(...words);
    await harness.call(['resume']);
    // The profile of some is gone, and the queue is read under other bounds.
    settings(3, { worker: { command: 'true' } });
    for (const words of all) await agree(...words);
    assert.match((await short('list')) ?? '', /^b +queued 1 .*^g .*\(window\)$/ms);
  });

  it('R15.3 it only reads: while somebody else writes, and without a change of any file', async () => {
    await harness.call(['submit', '--id', 'a', 'work']);
    const writer = new DatabaseSync(database());
    writer.exec('BEGIN IMMEDIATE');
    try {
      const before = readdirSync(harness.storage).map((name) => [name, statSync(join(harness.storage, name)).mtimeMs]);
      assert.equal(await short('list', '--ids'), 'a\n');
      const after = readdirSync(harness.storage).map((name) => [name, statSync(join(harness.storage, name)).mtimeMs]);
      assert.deepEqual(after, before);
    } finally {
      writer.close();
    }
  });

  it('R15.3 leaves whatever it cannot answer to the full program', async () => {
    assert.equal(await short('list'), undefined, 'there is no store yet');
    assert.deepEqual(
      readdirSync(harness.storage).filter((name) => name.startsWith('supervisor')),
      [],
    );
    await harness.call(['submit', '--id', 'a', 'work']);
    const wrong = [['list', 'more'], ['list', '-s', 'tired'], ['list', '-n', '0'], ['list', '--help'], ['status']];
    for (const words of [...wrong, ['show', 'list']]) assert.equal(await short(...words), undefined, words.join(' '));
    const older = new DatabaseSync(database());
    const { user_version: version } = older.prepare('PRAGMA user_version').get() as { user_version: number };
    for (const other of [version - 1, version + 1]) {
      older.exec(`PRAGMA user_version = ${other}`);
      assert.equal(await short('list'), undefined, `a schema of version ${other}`);
    }
    older.exec(`PRAGMA user_version = ${version}`);
    older.close();
    writeFileSync(join(harness.storage, 'supervisor.owner.json'), '{"bootId": "another"}');
    assert.equal(await short('list'), undefined, "another machine's store");
  });
});
