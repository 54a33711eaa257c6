import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StoreError } from '../../src/core/model/errors.ts';
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from '../../src/store/sqlite/schema.ts';
import { openWith } from './firstVersion.ts';
import { finish, StoreFolder, start, submit } from './support.ts';

const LAST = SCHEMA_VERSION + 3;
/** Steps that a later version might bring. */
const LATER: readonly Migration[] = [
  ...MIGRATIONS,
  {
    version: SCHEMA_VERSION + 1,
    sql: "ALTER TABLE loops ADD COLUMN note TEXT; UPDATE loops SET note = 'was ' || state",
  },
  {
    version: LAST,
    sql: 'CREATE TABLE notes (seq INTEGER PRIMARY KEY, note TEXT) STRICT; INSERT INTO notes SELECT seq, note FROM loops',
  },
];

describe('store: migrations', () => {
  let folder: StoreFolder;
  beforeEach(() => {
    folder = new StoreFolder();
  });
  afterEach(() => folder.dispose());

  const version = () => folder.rows('PRAGMA user_version')[0]?.user_version;

  it('the first version is 1, and the list goes up', () => {
    assert.equal(MIGRATIONS[0]?.version, 1);
    assert.deepEqual(
      [...MIGRATIONS].sort((a, b) => a.version - b.version),
      MIGRATIONS,
    );
    assert.equal(SCHEMA_VERSION, MIGRATIONS.at(-1)?.version);
  });

  it('released steps never change: there are databases that have gone through them', () => {
    const known = [
      'b26cbb02773fab6a',
      'd05c7907f9bdb1b7',
      '7d56e9a76b7cd725',
      'c09274be91ebc0e4',
      'f45ae1e32433dd21',
      '9150b806962af1e7',
      'c6225036efadabe5',
      '8506f4f48ac6d2b6',
      '8295e0efa96f1421',
      '192291fdade72780',
      'f34a1f069223ee41',
      '8f002d1cc1268418',
      'b72fa49fe5679fd6',
      'bd678c882bf6bc16',
      '7f55d7bbcde43a4d',
      'f8dbd28944a4783d',
      '33fe0396a40ac39f',
      'ee6d19ed1b310235',
      'a85c35f78fd17b9d',
      '6ea93c4e8f04541e',
      '6016d2e1d1056f03',
      '005adf5ce7591e19',
      '4e0016e4dfdc14d6',
    ];
    const steps = MIGRATIONS.map(({ sql }) => createHash('sha256').update(sql).digest('hex').slice(0, 16));
    assert.deepEqual(steps, known, 'a change of the schema is a new step at the end');
  });

  it('an older database is brought up to date with its content', async () => {
    const store = folder.open();
    await submit(store, 'queued');
    await finish(store, await start(store, await submit(store, 'done'), 'token'));
    store.close();
    openWith(folder, LATER);
    assert.equal(version(), LAST);
    assert.deepEqual(folder.rows('SELECT n.note, l.loop_id FROM notes AS n JOIN loops AS l USING (seq) ORDER BY seq'), [
      { note: 'was queued', loop_id: 'queued' },
      { note: 'was completed', loop_id: 'done' },
    ]);
    assert.deepEqual(folder.rows('SELECT token FROM attempts'), [{ token: 'token' }]);
    // A second time there is nothing to do.
    openWith(folder, LATER);
    assert.equal(folder.rows('SELECT * FROM notes').length, 2);
  });

  it('a new database goes through all steps', () => {
    openWith(folder, LATER);
    assert.equal(version(), LAST);
    assert.deepEqual(folder.rows('SELECT * FROM notes'), []);
  });

  it('a step that fails leaves the database as it was', async () => {
    const store = folder.open();
    await submit(store, 'a');
    store.close();
    const before = readFileSync(folder.path);
    const failing = [...LATER, { version: LAST + 1, sql: 'CREATE TABLE half (a); SELECT nonsense FROM nowhere' }];
    assert.throws(
      () => openWith(folder, failing),
      (error) => error instanceof StoreError && error.kind === 'broken' && /nowhere/.test(error.message),
    );
    assert.ok(readFileSync(folder.path).equals(before));
    assert.equal((await folder.open().latest('a'))?.state, 'queued');
  });

  it('a window of the older version notices at its next step, reading or writing', async () => {
    const older = folder.open();
    const olderToo = folder.open();
    await submit(older, 'a');
    openWith(folder, LATER);
    await assert.rejects(submit(older, 'b'), (error) => error instanceof StoreError && error.kind === 'newer');
    assert.throws(
      () => olderToo.changes(),
      (error) => error instanceof StoreError && error.kind === 'newer',
    );
    assert.deepEqual(folder.rows('SELECT loop_id FROM loops'), [{ loop_id: 'a' }]);
  });
});
