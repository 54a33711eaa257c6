import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../src/core/model/errors.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { checkServer } from '../../src/store/postgres/connection.ts';
import { passwordInFile } from '../../src/store/postgres/passwordFile.ts';
import { SCHEMA_VERSION } from '../../src/store/postgres/schema.ts';
import { ServerClock } from '../../src/store/postgres/serverClock.ts';
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts';
import { FakeClock } from '../support/fakeClock.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { DriverSpy } from '../support/postgres/driverSpy.ts';
import { driverWarnings } from '../support/postgres/driverWarnings.ts';
import { openPatiently } from '../support/postgres/openPatiently.ts';
import { supervisorOn } from '../support/supervisorOn.ts';
import { until } from '../support/until.ts';
import { submit, systemClock } from './support.ts';

const isKind = (kind: StoreError['kind'], message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, message);
  return true;
};

describe('store on PostgreSQL: the address', () => {
  it('R16.1 names user, host, port, database and schema, and is shown without parameters', () => {
    const { tls: _, ...address } = parseAddress('postgres://me@db.example.org:6543/loops?schema=mine');
    assert.deepEqual(address, {
      ...{ host: 'db.example.org', port: 6543, user: 'me', database: 'loops', schema: 'mine' },
      shown: 'me@db.example.org:6543/loops (schema mine)',
    });
  });

  it('R16.1 uses TLS and checks the certificate, except to this machine or if that is switched off', () => {
    const tls = (address: string) => parseAddress(address).tls;
    assert.deepEqual(tls('postgres://db.example.org/loops'), {
      rejectUnauthorized: true,
      servername: 'db.example.org',
    });
    assert.deepEqual(tls('postgres://10.0.0.9/loops'), { rejectUnauthorized: true });
    for (const host of ['localhost', '127.0.0.1', '[::1]']) assert.equal(tls(`postgres://${host}/loops`), false);
    assert.equal(tls('postgres:///loops?host=/run/postgresql'), false);
    assert.equal(tls('postgres://db.example.org/loops?sslmode=disable'), false);
    assert.ok(tls('postgres://localhost/loops?sslmode=verify-full'));
  });

  const wrong: readonly (readonly [address: string, why: RegExp])[] = [
    ['db.example.org', /must look like postgres:\/\/user@host\/database/],
    ['mysql://db.example.org/loops', /must look like/],
    ['postgres://me:secret@db.example.org/loops', /contains a password.+~\/\.pgpass/],
    ['postgres://db/loops?schema=Robert; DROP', /must be made of lower-case letters/],
    ['postgres://db/loops?sslmode=prefer', /"prefer" is not supported/],
    ['postgres://db/loops?sslrootcert=/none/ca.pem', /sslrootcert cannot be read/],
    ['postgres://db/loops?colour=red', /"colour" is unknown/],
  ];
  for (const [address, why] of wrong)
    it(`R16.1 is refused with a sentence: ${address}`, () => {
      assert.throws(() => parseAddress(address), isKind('broken', why));
    });
});

describe('store on PostgreSQL: the file of passwords', () => {
  const login = { host: 'db.example.org', port: 5432, database: 'loops', user: 'me' };
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-passwords-'));
    file = join(folder, 'passwords');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (...lines: string[]) => writeFileSync(file, lines.join('\n'), { mode: 0o600 });

  it('R16.1 the first line that fits has the password, and a backslash takes a character as it is', () => {
    write('# *:*:*:*:comment', 'db.example.org:5433:loops:me:port', '*:*:*:me:a\\:b\\\\c:d', '*:*:*:*:later');
    assert.equal(passwordInFile(login, file), 'a:b\\c:d');
    assert.equal(passwordInFile({ ...login, port: 5433 }, file), 'port');
    assert.equal(passwordInFile({ ...login, user: 'you' }, file), 'later');
  });

  it('R16.1 no password is taken from a file that others may read, or that is not there', () => {
    assert.equal(passwordInFile(login, file), undefined);
    write('*:*:*:*:secret');
    assert.equal(passwordInFile(login, file), 'secret');
    chmodSync(file, 0o640);
    assert.equal(passwordInFile(login, file), undefined);
  });
});

describe("store on PostgreSQL: the server's time", () => {
  it('R16.2 is the time of the store, and a clock that is off is reported once', () => {
    const machine = new FakeClock();
    const logged: string[] = [];
    const clock = new ServerClock(machine, (message) => void logged.push(message));
    assert.equal(clock.now(), machine.now());
    const now = machine.now();
    clock.measure(now + 300_000, now - 10, now + 10);
    clock.measure(now + 300_001, now - 10, now + 10);
    assert.equal(clock.now(), now + 300_000);
    assert.equal(logged.length, 1);
    assert.match(String(logged[0]), /300 s ahead of this machine's/);
    clock.measure(now, now - 5, now + 5);
    assert.match(String(logged[1]), /agrees with this machine's again/);
  });

  it('R16.2 a slow reply does not move it', () => {
    const machine = new FakeClock();
    const clock = new ServerClock(machine, () => {});
    const now = machine.now();
    clock.measure(now + 50, now - 5, now + 5);
    clock.measure(now - 150, now - 1_000, now + 5);
    assert.equal(clock.now(), now + 50);
  });

  it('R6.1 R16.2 the day is one of the time zone that the store names, whatever zone this machine is in', () => {
    const clock = new ServerClock(new FakeClock(), () => {});
    clock.setZone('America/New_York');
    const at = Date.UTC(2026, 2, 8, 4, 30);
    assert.equal(clock.day(at), '2026-03-07');
    assert.equal(clock.nextDay(at), Date.UTC(2026, 2, 8, 5));
    // The clocks are set forward on that day: it has 23 hours.
    assert.equal(clock.nextDay(Date.UTC(2026, 2, 8, 12)), Date.UTC(2026, 2, 9, 4));
  });
});

describe('store on PostgreSQL: the server', () => {
  let cluster: Cluster;
  let address: string;
  const stores: PostgresStore[] = [];
  before(async function () {
    const started = await Cluster.start();
    if (!started) this.skip();
    cluster = started;
  });
  after(() => cluster?.stop());
  beforeEach(() => {
    address = cluster.address();
  });
  afterEach(() => {
    for (const store of stores.splice(0)) store.close();
  });

  const open = async (at = address, password?: string): Promise<PostgresStore> => {
    // Nothing hangs here: on a slow machine all of it may take long.
    const timeouts = { connect: 60_000, answer: 60_000, statement: 50_000, lock: 50_000 };
    const options = { address: at, clock: systemClock, log: () => {}, timeouts };
    const store = await openPostgresStore({ ...options, password: async () => password });
    stores.push(store);
    return store;
  };

  it('R3.3 R16.2 a change of one host reaches the other by itself', async () => {
    const [mine, theirs] = [await open(), await open()];
    mine.changes();
    const loop = await submit(theirs, 'a');
    const changes = await until('the change', () => mine.changes());
    assert.deepEqual(changes.loops, [loop]);
  });

  it('R3.3 R16.2 a supervisor acts on what it hears of another host, and shows it, without ever looking', async () => {
    const speaking = supervisorOn(await open(), 'one');
    await speaking.start();
    await speaking.pause();
    // Timers as long as those of the looks never fire.
    const after = (ms: number, run: () => void) => (ms < 400 ? systemClock.after(ms, run) : { dispose: () => {} });
    const options = { address, log: () => {}, password: async () => undefined };
    const store = await openPostgresStore({ ...options, clock: { ...systemClock, after } });
    stores.push(store);
    const listening = supervisorOn(store, 'two');
    await listening.start();
    try {
      await listening.submit({ prompt: 'work', agent: 'sample', loopId: 'a', estimatedCostUsd: 0 });
      assert.equal(listening.queueLength, 1);
      await speaking.resume();
      await until('the loop to be started and to end', () => listening.finishedCount().total === 1);
      await speaking.pause();
      await until('the pause', () => listening.status().paused);
    } finally {
      for (const supervisor of [listening, speaking]) supervisor.dispose();
    }
  });

  it('R16.2 queries that are made at once are sent one after another, and each has its own answer', async () => {
    const spy = new DriverSpy();
    try {
      const store = await open();
      const loops = await Promise.all(['a', 'b', 'c'].map((loopId) => submit(store, loopId)));
      const seqs = Array.from({ length: 30 }, (_, n) => loops[n % 3]?.seq ?? 0);
      const found = await Promise.all(seqs.map((seq) => store.bySeq(seq)));
      assert.deepEqual(
        found.map((loop) => loop?.seq),
        seqs,
      );
    } finally {
      spy.dispose();
    }
    assert.deepEqual([spy.mostAtOnce, driverWarnings], [1, []]);
  });

  it('R16.1 a wrong or missing password is refused with a sentence; the right one is accepted', async () => {
    await cluster.sql("CREATE ROLE locked LOGIN PASSWORD 'right'; GRANT CREATE ON DATABASE postgres TO locked");
    const locked = cluster.address('', 'locked');
    await assert.rejects(open(locked, 'wrong'), isKind('broken', /refused the login.+~\/\.pgpass/));
    await assert.rejects(open(locked), isKind('broken', /refused the login/));
    await submit(await open(locked, 'right'), 'a');
    const file = join(cluster.folder, 'passwords');
    writeFileSync(file, `${cluster.folder}:5432:postgres:locked:right\n`, { mode: 0o600 });
    process.env['PGPASSFILE'] = file;
    try {
      assert.equal((await (await open(locked)).latest('a'))?.state, 'queued');
    } finally {
      delete process.env['PGPASSFILE'];
    }
    assert.deepEqual(driverWarnings, []);
  });

  it('R16.1 a user without privileges, a missing database and a missing server: a sentence each', async () => {
    await cluster.sql('CREATE ROLE visitor LOGIN');
    await assert.rejects(
      open(cluster.address('', 'visitor')),
      isKind('broken', /lacks a privilege.+CREATE on the database/),
    );
    const other = address.replace('/postgres?', '/none?');
    await assert.rejects(open(other), isKind('broken', /does not exist.+Create it/));
    const nowhere = address.replace(encodeURIComponent(cluster.folder), '/nowhere');
    await assert.rejects(open(nowhere), isKind('unreachable', /cannot be reached.+Writes wait and will land/));
  });

  it('R16.1 a server that is too old, and a replica, are refused with a sentence', async () => {
    assert.throws(
      () => checkServer(140_011, false, 'db'),
      isKind('broken', /is PostgreSQL 14\. Loop Supervisor needs 15 or later/),
    );
    await submit(await open(), 'a');
    await cluster.becomeReplica(true);
    try {
      await assert.rejects(open(), isKind('broken', /read-only replica/));
    } finally {
      await cluster.becomeReplica(false);
    }
    assert.equal((await (await open()).latest('a'))?.state, 'queued');
  });

  it('R9.4 a schema of a newer version is left alone, and noticed by a host that has it open', async () => {
    const store = await open();
    const { schema } = parseAddress(address);
    await cluster.sql(`UPDATE ${schema}.head SET version = ${SCHEMA_VERSION + 1}`);
    await assert.rejects(submit(store, 'a'), isKind('newer', /belongs to a newer version/));
    assert.throws(() => store.changes(), isKind('newer', /belongs to a newer version/));
    await assert.rejects(open(), isKind('newer', /Update the extension/));
  });

  it('R16.1 a schema of another program is not touched', async () => {
    const { schema } = parseAddress(address);
    await cluster.sql(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.theirs (x int)`);
    await assert.rejects(open(), isKind('broken', /belongs to another program/));
  });

  it('R16.1 hosts that open at once make one schema', async () => {
    const opened = await Promise.all(Array.from({ length: 6 }, () => open()));
    await Promise.all(opened.map((store, n) => submit(store, `loop-${n}`)));
    await opened[0]?.write(() => undefined);
    assert.equal(opened[0]?.changes()?.loops.length, 6);
  });

  it('R16.2 while the server is away writes wait; that is reported once, and they land when it is back', async () => {
    const store = await open();
    const told: (string | undefined)[] = [];
    store.onTrouble((error) => told.push((error as StoreError | undefined)?.kind));
    await cluster.end();
    const landed: string[] = [];
    const writes = ['a', 'b'].map((loopId) => submit(store, loopId).then(() => landed.push(loopId)));
    await until('the report', () => told.length === 1);
    assert.deepEqual([told, landed], [['unreachable'], []]);
    await cluster.begin();
    await Promise.all(writes);
    assert.deepEqual(
      [told, landed],
      [
        ['unreachable', undefined],
        ['a', 'b'],
      ],
    );
  });

  const full = (isFull: boolean) => cluster.fullDisk(isFull, parseAddress(address).schema);
  for (const [what, begin, end, says] of [
    ['a full disk of the server', () => full(true), () => full(false), /is out of space.+Free some/],
    ['a server that is locked against writes', () => cluster.lock(true), () => cluster.lock(false), /takes no writes/],
  ] as const)
    it(`R16.2 ${what} refuses writes with a sentence, loses nothing, and is over by itself`, async () => {
      const store = await open();
      const other = await open();
      const told: (string | undefined)[] = [];
      store.onTrouble((error) => told.push((error as StoreError | undefined)?.kind));
      const loop = await submit(store, 'a');
      await begin();
      try {
        await assert.rejects(submit(store, 'b'), isKind('disk', says));
        assert.deepEqual(told, ['disk']);
        assert.deepEqual(await store.latest('a'), loop, 'it can still be read');
        assert.equal(await store.latest('b'), undefined);
      } finally {
        await end();
      }
      await until('the end of the trouble', () => told.length === 2);
      assert.deepEqual(told, ['disk', undefined]);
      const [again, theirs] = [await submit(store, 'b'), await submit(other, 'c')];
      assert.deepEqual([again.state, theirs.state, store.finishedCount().total], ['queued', 'queued', 0]);
    });

  it('R16.2 R9.4 a write whose commit broke is not refused while it may have landed', async () => {
    const schema = parseAddress(address).schema;
    // The answer to a commit that takes so long is not waited for; the server makes it all the same.
    const timeouts = { connect: 60_000, answer: 1_000, statement: 50_000, lock: 50_000 };
    const options = { address, clock: systemClock, log: () => {}, timeouts, password: async () => undefined };
    const store = await openPatiently(options);
    stores.push(store);
    const told: (string | undefined)[] = [];
    store.onTrouble((error) => told.push((error as StoreError | undefined)?.kind));
    await submit(store, 'a');
    await cluster.sql(`CREATE FUNCTION ${schema}.slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON ${schema}.changes DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION ${schema}.slow()`);
    const written = submit(store, 'b');
    await until('the commit', async () => {
      const asleep = await cluster.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
      return asleep.length > 0;
    });
    await cluster.lockNew(true);
    try {
      await Promise.race([written, until('the report', () => told.includes('disk'))]);
      await cluster.sql(`SET default_transaction_read_only = off; BEGIN READ WRITE;
        DROP TRIGGER slow ON ${schema}.changes; COMMIT`);
    } finally {
      await cluster.lockNew(false);
    }
    assert.equal((await written).loopId, 'b');
    const rows = await cluster.sql(`SELECT count(*)::int AS n FROM ${schema}.loops WHERE loop_id = 'b'`);
    assert.deepEqual(rows, [{ n: 1 }]);
  });

  it('R9.4 changes that were trimmed, or a back-up that was restored, make it read everything again', async () => {
    const store = await open();
    const loop = await submit(store, 'a');
    store.changes();
    const { schema } = parseAddress(address);
    const in_ = `SET search_path = ${schema};`;
    await cluster.sql(`${in_} BEGIN; UPDATE loops SET priority = 7; UPDATE head SET counter = 99; DELETE FROM changes;
      INSERT INTO changes (rev, writer, loops) VALUES (99, '', '[]'); COMMIT`);
    await store.write(() => undefined);
    const trimmed = store.changes();
    assert.deepEqual([trimmed?.loops, trimmed?.live], [[{ ...loop, priority: 7 }], new Set([loop.seq])]);
    await cluster.sql(
      `${in_} BEGIN; UPDATE loops SET priority = 8; UPDATE head SET counter = 50; UPDATE changes SET rev = 50; COMMIT`,
    );
    await store.write(() => undefined);
    assert.equal(store.changes()?.loops[0]?.priority, 8);
  });
});
