import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../src/core/model/errors.ts';
import { FileLock } from '../../src/store/sqlite/fileLock.ts';
import { SCHEMA_VERSION } from '../../src/store/sqlite/schema.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { until } from '../support/until.ts';
import { newLoop, StoreFolder, submit, systemClock, type TestStore } from './support.ts';

const GARBAGE = 'This is not a database, but somebody may miss it.\n'.repeat(200);
const modeOf = (path: string) => statSync(path).mode & 0o777;
const isKind = (kind: StoreError['kind'], message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.equal(error.code, 'store');
  if (message) assert.match(error.message, message);
  return true;
};

describe('store: files', () => {
  let folder: StoreFolder;
  beforeEach(() => {
    folder = new StoreFolder();
  });
  afterEach(() => folder.dispose());

  /** What a store tells of its trouble, as it comes. */
  function troublesOf(store: TestStore): (string | undefined)[] {
    const troubles: (string | undefined)[] = [];
    store.onTrouble((error) => troubles.push(error instanceof StoreError ? error.kind : undefined));
    return troubles;
  }

  it('R6.7 a log that was being written back when its writer died is no damage: the rest of it is read from there', async () => {
    const store = folder.open();
    await submit(store, 'a');
    // As they are while all lies in the log, and as the file is once that is written back.
    const [half, whole] = ['half', 'whole'].map((name) => join(folder.folder, name, 'supervisor.db')) as [
      string,
      string,
    ];
    for (const path of [half, whole]) {
      mkdirSync(dirname(path), { mode: 0o700 });
      for (const end of ['', '-wal']) copyFileSync(folder.path + end, path + end);
    }
    const written = new DatabaseSync(whole);
    const pageSize = Number(written.prepare('PRAGMA page_size').get()?.page_size);
    written.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    written.close();
    // Only its first page was written back: it tells of pages that are not in the file yet.
    writeFileSync(half, readFileSync(whole).subarray(0, pageSize));
    assert.ok(statSync(half).size < statSync(whole).size);
    const again = openStore({ path: half, clock: systemClock, log: (message) => folder.logged.push(message) });
    folder.stores.push(again);
    assert.equal((await again.latest('a'))?.state, 'queued');
    assert.deepEqual(folder.logged, []);
  });

  it('only the owner can read folder and files, the log and the shared memory included', async () => {
    const umask = process.umask(0);
    try {
      const store = folder.open();
      await submit(store, 'a');
      const names = readdirSync(dirname(folder.path)).sort();
      assert.deepEqual(names, ['supervisor.db', 'supervisor.db-shm', 'supervisor.db-wal', 'supervisor.db.lock']);
      if (process.platform === 'win32') return;
      assert.equal(modeOf(dirname(folder.path)), 0o700);
      for (const name of names) assert.equal(modeOf(`${dirname(folder.path)}/${name}`), 0o600, name);
    } finally {
      process.umask(umask);
    }
  });

  it('removes other users’ access to existing files', async function () {
    if (process.platform === 'win32') this.skip();
    const holding = folder.open();
    await submit(holding, 'a');
    chmodSync(dirname(folder.path), 0o755);
    for (const companion of ['', '-wal', '-shm']) chmodSync(folder.path + companion, 0o644);
    folder.open();
    assert.equal(modeOf(dirname(folder.path)), 0o700);
    for (const companion of ['', '-wal', '-shm']) assert.equal(modeOf(folder.path + companion), 0o600);
  });

  it('the file is in WAL mode, gives free pages back in steps, and is marked as ours', () => {
    folder.open();
    const database = new DatabaseSync(folder.path);
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    assert.deepEqual(
      [pragma('journal_mode'), pragma('auto_vacuum'), pragma('user_version'), pragma('application_id')],
      ['wal', 2, SCHEMA_VERSION, 0x4c537570],
    );
    database.close();
  });

  it('a file that is not a database is moved aside, and nothing of it is lost', async () => {
    mkdirSync(dirname(folder.path));
    writeFileSync(folder.path, GARBAGE);
    writeFileSync(`${folder.path}-journal`, 'and more');
    const store = folder.open(new FakeClock());
    await submit(store, 'a');
    const rowReader = readdirSync(dirname(folder.path)).filter((name) => name.includes('not-a-database'));
    assert.deepEqual(rowReader.sort(), [
      'supervisor.db.not-a-database-20260115T120000Z',
      'supervisor.db.not-a-database-20260115T120000Z-journal',
    ]);
    assert.equal(readFileSync(`${dirname(folder.path)}/${rowReader[0]}`, 'utf8'), GARBAGE);
    assert.match(
      String(folder.logged[0]),
      /is not a database\. What was there is now .+not-a-database-20260115T120000Z; a new database was begun\.$/,
    );

    // A second time in the same second takes nothing's place.
    store.close();
    writeFileSync(folder.path, 'other');
    folder.open(new FakeClock());
    assert.equal(readFileSync(`${dirname(folder.path)}/${rowReader[0]}`, 'utf8'), GARBAGE);
    assert.ok(existsSync(`${dirname(folder.path)}/supervisor.db.not-a-database-20260115T120000Z-1`));
  });

  it('a file that is not a database stays while another window has it open, and the message says what to do', async () => {
    const first = folder.open();
    await submit(first, 'a');
    first.close();
    const holding = folder.open();
    assert.equal((await holding.latest('a'))?.state, 'queued');
    writeFileSync(folder.path, GARBAGE);
    assert.throws(
      () => folder.open(),
      isKind('broken', /is not a database\. Nothing was deleted\. Close all VS Code windows, move that file .+ away/),
    );
    assert.equal(readFileSync(folder.path, 'utf8'), GARBAGE);
    assert.deepEqual(
      readdirSync(dirname(folder.path)).filter((name) => name.includes('not-a')),
      [],
    );
    holding.close();
    writeFileSync(folder.path, GARBAGE);
    for (const companion of ['-wal', '-shm']) rmSync(folder.path + companion, { force: true });
    await submit(folder.open(), 'b');
  });

  it('a damaged database is reported once, blocks, and stays as it is', async () => {
    const first = folder.open();
    for (let i = 0; i < 200; i++) await submit(first, `loop-${i}`, {}, 'x'.repeat(500));
    first.close();
    const good = readFileSync(folder.path);
    const sound = 60 * 2048;
    const bad = Buffer.concat([good.subarray(0, sound), Buffer.alloc(good.length - sound, 0x5a)]);
    writeFileSync(folder.path, bad);
    const store = folder.open();
    const troubles = troublesOf(store);
    assert.throws(() => store.changes(), isKind('broken', /is damaged .+ Nothing was deleted/));
    await assert.rejects(submit(store, 'b'), isKind('broken'));
    assert.deepEqual(troubles, ['broken']);
    store.close();
    assert.ok(readFileSync(folder.path).subarray(sound).equals(bad.subarray(sound)));
  });

  it('the database of another program is not touched', () => {
    mkdirSync(dirname(folder.path));
    folder.sql('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1); PRAGMA user_version = 7');
    const before = readFileSync(folder.path);
    assert.throws(
      () => folder.open(),
      isKind('broken', /is the database of another program\. Nothing in it was changed/),
    );
    assert.ok(readFileSync(folder.path).equals(before));
  });

  it('a database of a newer version is left untouched, and the message offers to reload', async () => {
    const store = folder.open();
    await submit(store, 'a');
    store.close();
    folder.sql(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    const before = readFileSync(folder.path);
    assert.throws(
      () => folder.open(),
      isKind(
        'newer',
        new RegExp(
          `belongs to a newer version of Loop Supervisor \\(its schema is ${SCHEMA_VERSION + 1}, this window knows ${SCHEMA_VERSION}\\)\\. Reload`,
        ),
      ),
    );
    assert.ok(readFileSync(folder.path).equals(before));
  });

  it('a window that is open when another brings a newer version stops using it', async () => {
    const store = folder.open();
    const troubles = troublesOf(store);
    await submit(store, 'a');
    folder.sql(`PRAGMA user_version = ${SCHEMA_VERSION + 1}; CREATE TABLE later (a)`);
    await assert.rejects(submit(store, 'b'), isKind('newer'));
    assert.throws(() => store.changes(), isKind('newer'));
    await assert.rejects(async () => store.latest('a'), isKind('newer'));
    assert.deepEqual(troubles, ['newer']);
    assert.deepEqual(folder.rows('SELECT loop_id FROM loops'), [{ loop_id: 'a' }]);
  });

  it('even if it only reads', async () => {
    const store = folder.open();
    store.changes();
    folder.sql(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    assert.throws(() => store.changes(), isKind('newer'));
  });

  describe('removed or replaced while it is open', () => {
    before(function () {
      // Windows does not let go of files that are open.
      if (process.platform === 'win32') this.skip();
    });

    it('is reported, and nothing is created in its place', async () => {
      const store = folder.open();
      await submit(store, 'a');
      const troubles = troublesOf(store);
      rmSync(folder.path);
      await assert.rejects(
        submit(store, 'b'),
        isKind(
          'replaced',
          /was removed while .+ Put the file back .+ or reload all windows to go on with an empty one/,
        ),
      );
      await assert.rejects(async () => store.latest('a'), isKind('replaced'));
      assert.deepEqual(troubles, ['replaced']);
      store.close();
      assert.equal(existsSync(folder.path), false);
    });

    it('is noticed by a window that only reads', async () => {
      const store = folder.open();
      store.changes();
      rmSync(folder.path);
      assert.throws(() => store.changes(), isKind('replaced'));
    });

    it('removing the log beside it is noticed', async () => {
      folder.open().close();
      const store = folder.open();
      assert.ok(store.changes());
      await submit(store, 'a');
      assert.equal(store.changes(), undefined);
      rmSync(`${folder.path}-wal`);
      assert.throws(() => store.changes(), isKind('replaced', /\(-wal or -shm\) was removed .+ Reload all windows/));
      await assert.rejects(submit(store, 'b'), isKind('replaced'));
      store.close();
      assert.equal((await folder.open().latest('a'))?.state, 'queued');
    });

    it('a file put in its place is not written to', async () => {
      const store = folder.open();
      await submit(store, 'a');
      copyFileSync(folder.path, `${folder.path}.copy`);
      rmSync(folder.path);
      renameSync(`${folder.path}.copy`, folder.path);
      const before = readFileSync(folder.path);
      await assert.rejects(submit(store, 'b'), isKind('replaced', /was replaced by another file/));
      store.close();
      assert.ok(readFileSync(folder.path).equals(before));
    });

    it('no new database is begun while others use the removed one; once they have noticed, it is', async () => {
      const first = folder.open();
      const second = folder.open();
      await submit(first, 'a');
      rmSync(folder.path);
      assert.throws(() => folder.open(), isKind('replaced', /was removed while other windows use it/));
      assert.equal(existsSync(folder.path), false);
      await assert.rejects(submit(first, 'b'), isKind('replaced'));
      assert.throws(() => folder.open(), isKind('replaced'), 'the second window does not know yet');
      assert.throws(() => second.changes(), isKind('replaced'));

      const fresh = folder.open();
      assert.deepEqual(fresh.changes()?.loops, []);
      await submit(fresh, 'c');
      assert.match(String(folder.logged.at(-1)), /was gone, but not the files beside it/);
      // The old ones do not wake up on the new file, nor do they take anything with them when they go.
      await assert.rejects(submit(first, 'd'), isKind('replaced'));
      first.close();
      second.close();
      assert.equal((await fresh.latest('c'))?.state, 'queued');
      await submit(fresh, 'e');
      assert.equal(folder.open().changes()?.loops.length, 2);
    });

    it('when the same file is put back, work goes on', async () => {
      const clock = new FakeClock();
      const store = folder.open(clock);
      const loop = await submit(store, 'a');
      const troubles = troublesOf(store);
      renameSync(folder.path, `${folder.path}.away`);
      await assert.rejects(submit(store, 'b'), isKind('replaced'));
      await clock.advance(10_000);
      assert.deepEqual(troubles, ['replaced']);
      renameSync(`${folder.path}.away`, folder.path);
      await clock.advance(10_000);
      assert.deepEqual(troubles, ['replaced', undefined]);
      assert.deepEqual(await store.latest('a'), loop);
      await submit(store, 'b');
      rmSync(folder.path);
      assert.throws(() => folder.open(), isKind('replaced'), 'it holds the database again');
    });
  });

  describe('when windows open at the same moment', () => {
    const { takeAlone } = FileLock.prototype;
    afterEach(() => {
      FileLock.prototype.takeAlone = takeAlone;
    });

    /** Has somebody else hold the lock at the first tries, who does that meanwhile. */
    function heldBy(...others: (() => unknown)[]): void {
      FileLock.prototype.takeAlone = function (this: FileLock) {
        const other = others.shift();
        if (!other) return takeAlone.call(this);
        this.letGo();
        other();
        return false;
      };
    }

    it('one that finds the lock held, and no database yet, begins it once the lock is free', async () => {
      heldBy(
        () => undefined,
        () => undefined,
      );
      await submit(folder.open(), 'a');
      assert.deepEqual(folder.logged, []);
    });

    it('one that comes too late to begin the database uses what another has made', async () => {
      heldBy(() => folder.open());
      const store = folder.open();
      await submit(store, 'a');
      assert.deepEqual(
        store.changes()?.loops.map(({ loopId }) => loopId),
        ['a'],
      );
      assert.equal(folder.stores.length, 2);
    });
  });

  describe('where it cannot write', () => {
    const NOBODY = 65_534;
    beforeEach(function () {
      if (process.platform === 'win32') this.skip();
    });

    /** Runs as a user whose permissions count. */
    function asUser(run: () => void): void {
      if (process.getuid?.() !== 0) {
        run();
        return;
      }
      chmodSync(folder.folder, 0o755);
      for (const path of [dirname(folder.path), folder.path, `${folder.path}.lock`])
        if (existsSync(path)) chownSync(path, NOBODY, NOBODY);
      process.setegid?.(NOBODY);
      process.seteuid?.(NOBODY);
      try {
        run();
      } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
      }
    }

    it('a read-only folder: the message says what to do', () => {
      mkdirSync(dirname(folder.path));
      chmodSync(dirname(folder.path), 0o500);
      asUser(() =>
        assert.throws(
          () => folder.open(),
          isKind(
            'disk',
            /cannot be written \(.+\)\. Make its folder and the files in it writable for you, then try again/,
          ),
        ),
      );
      assert.deepEqual(readdirSync(dirname(folder.path)), []);
    });

    it('a folder that has become read-only', async () => {
      const store = folder.open();
      await submit(store, 'a');
      store.close();
      chmodSync(dirname(folder.path), 0o500);
      const before = readFileSync(folder.path);
      asUser(() => assert.throws(() => folder.open(), isKind('disk', /cannot be written/)));
      assert.ok(readFileSync(folder.path).equals(before));
    });

    it('a file where the folder should be', () => {
      writeFileSync(dirname(folder.path), 'in the way');
      assert.throws(() => folder.open(), isKind('disk', /cannot be written/));
      assert.equal(readFileSync(dirname(folder.path), 'utf8'), 'in the way');
    });
  });

  it('a late listener learns of present trouble', async () => {
    if (process.platform === 'win32') return;
    const store = folder.open();
    rmSync(folder.path);
    await assert.rejects(submit(store, 'a'), isKind('replaced'));
    const told: unknown[] = [];
    store.onTrouble((error) => told.push(error));
    const gone = store.onTrouble(() => assert.fail('it was disposed'));
    gone.dispose();
    assert.equal(told.length, 0, 'not from within the call');
    await until('the trouble', () => told.length === 1);
    assert.ok(isKind('replaced')(told[0]));
  });

  it('R9.4 the file shrinks after removal, in short steps', async () => {
    const store = folder.open();
    const seqs: number[] = [];
    await store.write((tx) => {
      for (let i = 0; i < 500; i++) {
        const { place: _, ...loop } = tx.insertLoop(newLoop(`loop-${i}`), 'x'.repeat(10_000));
        tx.saveLoop({ ...loop, place: 0, state: 'completed', finishedAt: i });
        seqs.push(loop.seq);
      }
    });
    assert.equal(await store.tidy(), false, 'there is nothing to give back');
    const full = folder.rows('PRAGMA page_count')[0]?.page_count as number;
    for (let i = 0; i < seqs.length; i += 100) await store.write((tx) => tx.removeFinished(seqs.slice(i, i + 100)));
    const other = new DatabaseSync(folder.path);
    other.exec('BEGIN IMMEDIATE');
    assert.equal(
      await store.tidy(),
      false,
      'while somebody else writes, it is put off: nobody is to ask again at once',
    );
    other.exec('ROLLBACK');
    other.close();
    let steps = 0;
    let before = full;
    while (await store.tidy()) {
      steps++;
      const pages = folder.rows('PRAGMA page_count')[0]?.page_count as number;
      assert.ok(before - pages <= 250, 'one step is a short one');
      before = pages;
      assert.ok(steps < 1_000);
    }
    assert.ok(steps > 5);
    assert.ok(
      statSync(folder.path).size < (full * 2048) / 5,
      `${statSync(folder.path).size} of ${full * 2048} bytes are left`,
    );
  });
});
