import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../src/core/ports/clock.ts';
import { until } from '../support/until.ts';
import { newLoop, StoreFolder, submit, systemClock } from './support.ts';

const program = (name: string) => fileURLToPath(new URL(`../fixtures/programs/store/${name}.ts`, import.meta.url));

interface Program {
  readonly child: ChildProcess;
  /** What it has told, in order. */
  readonly told: Record<string, unknown>[];
}

describe('store: several processes on one file', () => {
  let folder: StoreFolder;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = new StoreFolder();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    folder.dispose();
  });

  function followed(child: ChildProcess): Program {
    children.push(child);
    const told: Record<string, unknown>[] = [];
    child.on('message', (message) => told.push(message as Record<string, unknown>));
    child.stderr?.on('data', (text) => told.push({ stderr: String(text) }));
    return { child, told };
  }

  const start = (name: string, ...args: string[]) =>
    followed(
      fork(program(name), [folder.path, ...args], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        execArgv: ['--disable-warning=ExperimentalWarning'],
      }),
    );

  it('R3.1 two processes that decide in transactions never pass the cap together, and each loop is run once', async () => {
    const cap = 3;
    const count = 400;
    const store = folder.open();
    await store.write((tx) => {
      for (let i = 0; i < count; i++) tx.insertLoop(newLoop(`loop-${i}`), '');
    });
    const programs = [start('contend', String(cap)), start('contend', String(cap))];
    // Or one might have done all the work before the other is there.
    await until('both ready', () => programs.every(({ told }) => told.length > 0));
    for (const { child } of programs) child.send('begin');
    await Promise.all(programs.map(({ child }) => once(child, 'exit')));
    const results = programs.map(({ told }) => told.at(-1) as { ran: number; full: number });
    assert.deepEqual(
      programs.flatMap(({ told }) => told.filter((message) => 'stderr' in message || 'log' in message)),
      [],
    );
    assert.equal(
      results.reduce((sum, { ran }) => sum + ran, 0),
      count,
    );
    for (const { ran } of results) assert.ok(ran > 0, 'both have taken part');
    assert.ok(
      results.some(({ full }) => full > 0),
      'the cap was reached',
    );

    // History rows are numbered over all windows in the order of their transactions.
    let running = 0;
    let most = 0;
    for (const { to_state } of folder.rows('SELECT to_state FROM history ORDER BY n')) {
      if (to_state === 'running') running++;
      if (to_state === 'completed') running--;
      most = Math.max(most, running);
    }
    assert.deepEqual([most, running], [cap, 0]);
    assert.deepEqual(folder.rows('SELECT count(*) AS n, count(DISTINCT seq) AS loops FROM attempts'), [
      { n: count, loops: count },
    ]);
    assert.deepEqual(store.finishedCount(), { total: count, failed: 0 });
    assert.equal((await store.spend('2026'))[0]?.cost, count);
    assert.equal(store.changes()?.loops.length, 0);
    assert.equal(folder.rows('PRAGMA integrity_check')[0]?.integrity_check, 'ok');
  });

  it('R6.7 a writer killed at any moment loses nothing acknowledged, and leaves nothing half done', async () => {
    folder.open();
    for (let round = 0; round < 3; round++) {
      const { child, told } = start('writeOn');
      const before = 40 * (round + 1);
      await until('some writes', () => told.length >= before);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = folder.open();
      const ids = new Set(store.changes()?.loops.map(({ loopId }) => loopId));
      const lost = told.filter(({ loopId }) => !ids.has(String(loopId)));
      assert.deepEqual(lost, []);
      await submit(store, `after ${round}`);
    }
    const halves = folder.rows(`SELECT loop_id FROM loops WHERE loop_id NOT LIKE 'after%' AND (
      seq NOT IN (SELECT seq FROM prompts) OR seq NOT IN (SELECT seq FROM attempts) OR seq NOT IN (SELECT seq FROM ledger) OR seq NOT IN (SELECT seq FROM history))`);
    assert.deepEqual(halves, []);
    assert.deepEqual(folder.rows('SELECT (SELECT sum(cost) FROM spend) = (SELECT count(*) FROM ledger) AS same'), [
      { same: 1 },
    ]);
    assert.equal(folder.rows('PRAGMA integrity_check')[0]?.integrity_check, 'ok');
  });

  it('a lock held for 10 s by another process leaves the thread free, and pending writes land in order', async () => {
    let tries = 0;
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) =>
        systemClock.after(ms, () => {
          tries++;
          run();
        }),
    };
    const store = folder.open(clock);
    await submit(store, 'first');
    const troubles: (string | undefined)[] = [];
    store.onTrouble((error) => troubles.push(error?.message));
    const { child, told } = start('holdLock');
    await until('the lock', () => told.length > 0);

    const held = performance.now();
    const landed: string[] = [];
    const writes = ['a', 'b', 'c', 'd'].map((loopId) => submit(store, loopId).then(() => landed.push(loopId)));
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    try {
      await until('10 s', () => performance.now() - held > 10_000);
      assert.deepEqual(landed, []);
      assert.equal((await store.latest('first'))?.state, 'queued', 'reading goes on');
      assert.equal(await store.tidy(), false);
      // A try that waited for the lock with the thread would be the only one, and no timer would come.
      assert.ok(tries > 20, `it was tried ${tries} times`);
      assert.ok(ticks > 20, `a timer of 10 ms came ${ticks} times in 10 s`);
      assert.equal(troubles.length, 1);
      assert.match(String(troubles[0]), /is held by another program\. Writes wait until it is free\.$/);
    } finally {
      clearInterval(ticking);
    }
    child.send('let go');
    await Promise.all(writes);
    assert.deepEqual(landed, ['a', 'b', 'c', 'd']);
    assert.deepEqual(await store.finished({ limit: 1 }), []);
    assert.deepEqual(
      folder.rows('SELECT loop_id FROM loops ORDER BY seq').map((row) => row.loop_id),
      ['first', 'a', 'b', 'c', 'd'],
    );
    assert.deepEqual(troubles.slice(1), [undefined]);
  });

  it('a database that is locked on opening is used as soon as it is free', async () => {
    folder.open().close();
    folder.sql('PRAGMA journal_mode = DELETE');
    const { child, told } = start('holdLock');
    await until('the lock', () => told.length > 0);
    // It is to become a WAL database again, for which it must be held alone.
    const store = folder.open();
    assert.throws(() => store.changes(), /is held by another program/);
    const write = submit(store, 'a');
    child.send('let go');
    await write;
    assert.deepEqual(
      store.changes()?.loops.map(({ loopId }) => loopId),
      ['a'],
    );
  });

  it('many windows opening at once share one database', async () => {
    const programs = Array.from({ length: 6 }, () => start('writeOn'));
    await until('all of them write', () => {
      assert.deepEqual(
        programs.flatMap(({ told }) => told.filter((message) => 'stderr' in message)),
        [],
      );
      return programs.every(({ told }) => told.some((message) => 'loopId' in message));
    });
    for (const { child } of programs) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    const ids = new Set(
      folder
        .open()
        .changes()
        ?.loops.map(({ loopId }) => loopId),
    );
    for (const { told } of programs) {
      for (const message of told)
        assert.ok('loopId' in message && ids.has(String(message.loopId)), JSON.stringify(message));
    }
  });

  it('a removed database is not recreated while another process uses it', async function () {
    if (process.platform === 'win32') this.skip();
    const store = folder.open();
    await submit(store, 'a');
    store.close();
    const { child, told } = start('sit');
    await until('it to be open', () => told.length === 1);
    assert.deepEqual(told, [{ live: 1 }]);
    rmSync(folder.path);
    assert.throws(() => folder.open(), /was removed while other windows use it/);
    child.send('look');
    await until('it to notice', () => told.length === 2);
    assert.deepEqual(told[1], { trouble: 'replaced' });
    await submit(folder.open(), 'b');

    // The same once more, but the other window dies without a word.
    const { child: second, told: tells } = start('sit');
    await until('it to be open', () => tells.length === 1);
    rmSync(folder.path);
    for (const open of folder.stores) open.close();
    assert.throws(() => folder.open(), /was removed while other windows use it/);
    second.kill('SIGKILL');
    await once(second, 'exit');
    await submit(folder.open(), 'c');
  });

  it('R8.3 a full disk is reported, loses nothing, and work goes on once there is space again', async function () {
    if (process.platform !== 'linux') this.skip();
    mkdirSync(dirname(folder.path), { recursive: true });
    // A limit on the size of files stands for a full disk: in blocks of 512 bytes. It is lifted from outside.
    const command = `ulimit -S -f 1500; exec "$0" --disable-warning=ExperimentalWarning "$@"`;
    const child = spawn('sh', ['-c', command, process.execPath, program('fillDisk'), folder.path], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const { told } = followed(child);
    const refused = await until('the refusal', () => told.find((message) => 'refused' in message));
    assert.equal(refused.refused, 'disk', JSON.stringify(told));
    assert.ok(
      told.some(
        (message) =>
          message.trouble === 'disk' && /The disk is full|cannot be read or written/.test(String(message.message)),
      ),
      JSON.stringify(told),
    );
    assert.equal(refused.timers, 10, 'it looks again every 2 s');
    const written = Number(refused.written);
    assert.ok(written > 10);
    assert.deepEqual(folder.open().changes()?.loops.length, written);
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    child.send('there is space');
    const last = await until('the next write', () => told.find((message) => 'live' in message));
    assert.deepEqual(last, { written: written + 1, live: written + 1 });
    assert.deepEqual(
      told.flatMap(({ trouble }) => trouble ?? []),
      ['disk', 'over'],
    );
  });
});
