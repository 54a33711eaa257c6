import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { StoreError } from '../../src/core/model/errors.ts';
import { checkVersion } from '../../src/store/sqlite/migrate.ts';
import { openDatabase } from '../../src/store/sqlite/openDatabase.ts';
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from '../../src/store/sqlite/schema.ts';
import { answersOf, FIRST, firstAnswers, makeFirst, openWith } from './firstVersion.ts';
import { finish, StoreFolder, start, submit } from './support.ts';

/** Its loop that was started most often, and was swept, retried and cleared up after. */
const CRASHES = 65;
/** The last number that the first version gave. */
const LAST = 181;

describe('store: a database of the first version', () => {
  let folder: StoreFolder;
  beforeEach(() => {
    folder = new StoreFolder();
    makeFirst(folder);
  });
  afterEach(() => folder.dispose());

  const isNewer = (error: unknown) => error instanceof StoreError && error.kind === 'newer';
  const attemptsOf = (seq: number) => folder.open().attempts(seq);

  it('R6.7 everything reads as it did', async () => {
    assert.deepEqual(await answersOf(folder.open()), firstAnswers());
    assert.deepEqual(folder.rows('PRAGMA user_version'), [{ user_version: SCHEMA_VERSION }]);
    assert.deepEqual(folder.rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    assert.deepEqual(folder.logged, []);
    // And a second time.
    assert.deepEqual(await answersOf(folder.open()), firstAnswers());
  });

  it('its schema then equals that of a new database, with nothing obsolete left', () => {
    folder.open();
    const other = new StoreFolder();
    try {
      other.open();
      const schema = 'SELECT type, name, sql FROM sqlite_schema ORDER BY type, name';
      assert.deepEqual(folder.rows(schema), other.rows(schema));
      const columns = ['loops', 'head', 'history'].flatMap((table) =>
        folder.rows(`PRAGMA table_info(${table})`).map(({ name }) => name),
      );
      assert.deepEqual(
        ['rev', 'counter', 'finished', 'failed'].filter((name) => columns.includes(name)),
        [],
      );
      const others = folder.rows(
        "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'table' ORDER BY name",
      );
      assert.deepEqual(
        others.map(({ name }) => name),
        ['ledger_day', 'loops_failed', 'loops_finished', 'loops_id', 'loops_live', 'loops_queue', 'loops_under_way'],
      );
    } finally {
      other.dispose();
    }
  });

  it('each attempt has the row with which it began, and the submit is kept as a row only where no loop says it', () => {
    folder.open();
    assert.deepEqual(
      folder.rows(`SELECT n, to_state, why FROM history WHERE seq = ${CRASHES} AND attempt IS NOT NULL`),
      [
        'attempt 1',
        'attempt 2, continues its session',
        'attempt 3, continues its session',
        'attempt 4, continues its session',
      ].map((why, i) => ({
        n: [69, 78, 87, 96][i],
        to_state: 'running',
        why,
      })),
    );
    assert.deepEqual(folder.rows('SELECT DISTINCT from_state, to_state FROM history WHERE attempt IS NOT NULL'), [
      { from_state: 'queued', to_state: 'running' },
    ]);
    assert.deepEqual(
      folder.rows('SELECT count(*) AS n, count(DISTINCT id) AS begun FROM attempts JOIN history ON attempt = id'),
      [{ n: 14, begun: 14 }],
    );
    assert.deepEqual(folder.rows("SELECT seq FROM history WHERE from_state = 'new'"), [{ seq: 165 }]);
  });

  it('work continues with higher numbers, and other windows notice', async () => {
    const [mine, theirs] = [folder.open(), folder.open()];
    const [before, after] = [mine.finishedCount(), { total: 7, failed: 1 }];
    mine.changes();
    theirs.changes();
    const loop = await submit(mine, 'new');
    assert.ok(loop.seq > LAST);
    assert.deepEqual(theirs.changes()?.loops, [loop]);
    const queued = await theirs.latest('queued1');
    assert.ok(queued);
    const running = await start(theirs, queued, 'token-new');
    assert.ok(running.attempt.id > loop.seq);
    assert.deepEqual(mine.changes()?.loops, [running]);
    const done = await finish(mine, running);
    assert.deepEqual(theirs.changes()?.loops, [done]);
    assert.deepEqual([before, mine.finishedCount(), theirs.finishedCount()], [{ total: 6, failed: 1 }, after, after]);
    assert.deepEqual(
      (await mine.history(queued.seq)).map(({ from, to }) => [from, to]),
      [
        ['new', 'queued'],
        ['queued', 'queued'],
        ['queued', 'running'],
        ['running', 'completed'],
      ],
    );
    assert.deepEqual(
      (await mine.attempts(queued.seq)).map(({ token }) => token),
      ['token-new'],
    );
    // A final one leaves with all that is its own.
    const { tokens } = await theirs.write((tx) => tx.removeFinished([CRASHES]));
    assert.deepEqual(
      [tokens.length, mine.changes()?.gone, mine.finishedCount()],
      [4, [CRASHES], { total: 6, failed: 1 }],
    );
    assert.deepEqual(
      folder.rows(
        `SELECT (SELECT count(*) FROM attempts WHERE seq = ${CRASHES}) AS a, count(*) AS h FROM history WHERE seq = ${CRASHES}`,
      ),
      [{ a: 0, h: 0 }],
    );
  });

  for (const [what, where, begun] of [
    ['all of them', '1', [68, 77, 86, 95]],
    ['those of two attempts in the middle', 'n BETWEEN 70 AND 94', [69, 77, 86, 96]],
    ['those of the last one', 'n > 94', [69, 78, 87, 95]],
    ['those that say that it began', "to_state = 'running'", [74, 83, 92, 102]],
  ] as const) {
    it(`no attempt is lost if rows of its loop’s history are missing: ${what}`, async () => {
      folder.sql(`DELETE FROM history WHERE seq = ${CRASHES} AND ${where}`);
      assert.deepEqual(
        (await attemptsOf(CRASHES)).map(({ number }) => number),
        [1, 2, 3, 4],
      );
      assert.deepEqual(
        folder
          .rows(`SELECT n FROM history WHERE seq = ${CRASHES} AND attempt IS NOT NULL ORDER BY attempt`)
          .map(({ n }) => n),
        begun,
      );
    });
  }

  it('the row that is made for an attempt says when it began, at its place in the history', async () => {
    folder.sql(`DELETE FROM history WHERE seq = ${CRASHES} AND n BETWEEN 78 AND 85`);
    const [, second] = await attemptsOf(CRASHES);
    assert.deepEqual(
      (await folder.open().history(CRASHES)).slice(3, 6).map(({ at, to, why }) => ({ at, to, why })),
      [
        { at: 1_768_478_400_960, to: 'queued', why: 'the back-off is over' },
        { at: second?.startedAt, to: 'running', why: '' },
        { at: 1_768_478_521_720, to: 'running', why: 'attempt 3, continues its session' },
      ],
    );
  });

  it('a step that fails half-way leaves it as it was', async () => {
    const second = MIGRATIONS[1] as Migration;
    const before = readFileSync(folder.path);
    for (const sql of [
      `${second.sql}; SELECT nonsense FROM nowhere`,
      second.sql.replace('DROP INDEX attempts_loop', 'SELECT nonsense FROM nowhere'),
    ]) {
      assert.throws(
        () => openWith(folder, [...FIRST, { version: 2, sql }]),
        (error) => error instanceof StoreError && error.kind === 'broken' && /nowhere/.test(error.message),
      );
      assert.ok(readFileSync(folder.path).equals(before));
    }
    openWith(folder, FIRST);
    assert.deepEqual(await answersOf(folder.open()), firstAnswers());
  });

  it('a window that knows only that version stops at its next transaction, and cannot open it again', () => {
    const { connection, fileLock } = openDatabase({
      path: folder.path,
      now: () => 0,
      log: () => {},
      migrations: FIRST,
    });
    try {
      connection.snapshot(() => checkVersion(connection, 1));
      folder.open();
      assert.throws(() => connection.snapshot(() => checkVersion(connection, 1)), isNewer);
      connection.begin();
      assert.throws(() => checkVersion(connection, 1), isNewer);
      connection.rollback();
      assert.throws(() => openWith(folder, FIRST), isNewer);
    } finally {
      connection.close();
      fileLock?.close();
    }
  });
});
