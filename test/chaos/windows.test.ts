import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { canExhaust, exhaust } from '../support/descriptors.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { until } from '../support/until.ts';
import { HostError, HostProcess } from './hostProcess.ts';

const HOLD_LOCK = fileURLToPath(new URL('../fixtures/programs/store/holdLock.ts', import.meta.url));

/** Real windows (plain hosts with the real core, store and guardians) on one storage folder. */
describe('Windows on one store', () => {
  const prefix = `windows-${process.pid}-`;
  let storage: string;
  let hosts: HostProcess[];

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-windows-'));
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) await host.kill();
    endMarked(prefix);
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(settings: Partial<Settings>): Promise<HostProcess> {
    const host = new HostProcess({ storage, guardianProgram: await bundledGuardian(), settings });
    hosts.push(host);
    await host.ready();
    return host;
  }

  const reporter = (steps: number, stepMs: number) => JSON.stringify({ steps, stepMs, cost: 1_000, child: false });
  const alive = () => markedProcesses(prefix).filter(stillLives);
  const status = (host: HostProcess) => host.ask<Status>({ do: 'status' });

  it('R3.1 R2.2 two windows with 100 loops each: never above the cap, all done once, none lost', async () => {
    const settings = { maxConcurrent: 2, maxQueueDepth: 200 };
    const [first, second] = [await open(settings), await open(settings)];
    const submitAll = async (host: HostProcess, name: string) => {
      for (let n = 0; n < 100; n++)
        await host.ask({ do: 'submit', loopId: `${prefix}${name}${n}`, prompt: reporter(1, 1) });
    };
    await Promise.all([submitAll(first, 'a'), submitAll(second, 'b')]);
    let most = 0;
    await until('all loops to be done', async () => {
      most = Math.max(most, new Set(alive().map(({ attempt }) => attempt)).size);
      const { running, queued, backingOff } = await status(first);
      return running.length + queued.length + backingOff.length === 0;
    });
    assert.ok(most <= 2, `${most} attempts were alive at once`);
    const store = openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => {} });
    try {
      for (const name of ['a', 'b']) {
        for (let n = 0; n < 100; n++) {
          const loop = await store.latest(`${prefix}${name}${n}`);
          assert.equal(loop?.state, 'completed', `${name}${n}`);
          assert.equal((await store.attempts(loop.seq)).length, 1, `${name}${n} ran once`);
        }
      }
      assert.equal((await store.spend('0000-00-00'))[0]?.cost, 200_000);
    } finally {
      store.close();
    }
  });

  it('R3.1 R6.2 R2.2 two windows race for the last place in the queue: exactly one wins', async () => {
    const settings = { maxConcurrent: 1, maxQueueDepth: 1 };
    const [first, second] = [await open(settings), await open(settings)];
    await first.ask({ do: 'submit', loopId: `${prefix}running`, prompt: reporter(100_000, 50) });
    const answers = await Promise.allSettled(
      [first, second].map((host, n) => host.ask({ do: 'submit', loopId: `${prefix}last${n}`, prompt: reporter(1, 1) })),
    );
    assert.equal(answers.filter(({ status: kind }) => kind === 'fulfilled').length, 1);
    const refusals = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [(answer.reason as HostError).code] : [],
    );
    assert.deepEqual(refusals, ['queue-full']);
    assert.equal(
      await second.ask({ do: 'cancel', loopId: `${prefix}running` }),
      true,
      'a window can stop the other one’s loop',
    );
    await until('the running loop to be gone', () => alive().every(({ loopId }) => loopId !== `${prefix}running`));
  });

  it('R7.2 a stop works while another process holds the database, and is recorded when that lets go', async () => {
    const host = await open({ killGraceMs: 200 });
    const loopId = `${prefix}locked`;
    await host.ask({ do: 'submit', loopId, prompt: reporter(100_000, 50) });
    await until('the agent to run', () => alive().length > 0);
    await until('its start to be stored', async () => (await status(host)).running[0]?.pid !== undefined);
    const locker = fork(HOLD_LOCK, [join(storage, 'supervisor.db')], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    try {
      await new Promise((resolve) => locker.once('message', resolve));
      assert.equal(await host.ask({ do: 'cancel', loopId }), true);
      await until('the agent to be gone while the database is held', () => alive().length === 0);
      assert.notEqual(await host.ask({ do: 'state', loopId }), 'cancelled');
    } finally {
      if (locker.connected) locker.send({ let: 'go' });
      await new Promise((resolve) => locker.once('exit', resolve));
    }
    await until('the stop to be recorded', async () => (await host.ask({ do: 'state', loopId })) === 'cancelled');
  });

  it('R7.2 a window without a free descriptor can still stop its run (A1, A7)', async function () {
    if (!canExhaust()) this.skip();
    const host = await open({ killGraceMs: 200 });
    const loopId = `${prefix}exhausted`;
    await host.ask({ do: 'submit', loopId, prompt: reporter(100_000, 50) });
    await until('the agent to run', () => alive().length > 0);
    await until('its start to be recorded', async () => (await status(host)).running[0]?.pid !== undefined);
    const restore = exhaust(host.child.pid as number);
    try {
      const cancelled = host.ask({ do: 'cancel', loopId });
      await until('the agent to be gone', () => alive().length === 0);
      restore();
      assert.equal(await cancelled, true);
    } finally {
      restore();
    }
    await until('the stop to be recorded', async () => (await host.ask({ do: 'state', loopId })) === 'cancelled');
  });

  it('R1.2 a database that is removed while loops run: nothing is taken, it says what to do, and a stop still works', async () => {
    const host = await open({ killGraceMs: 200 });
    const loopId = `${prefix}removed`;
    await host.ask({ do: 'submit', loopId, prompt: reporter(100_000, 50) });
    await until('the agent to run', () => alive().length > 0);
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(storage, `supervisor.db${suffix}`), { force: true });
    const { notReady } = await until('the trouble to be seen', async () => {
      const now = await status(host);
      return now.ready ? undefined : now;
    });
    assert.match(notReady ?? '', /supervisor\.db/);
    assert.match(notReady ?? '', /[Rr]eload/);
    const refusal = await host
      .ask({ do: 'submit', loopId: `${prefix}late`, prompt: reporter(1, 1) })
      .catch((error: HostError) => error);
    assert.ok(refusal instanceof HostError && refusal.code === 'not-ready', String(refusal));
    assert.equal(await host.ask({ do: 'cancel', loopId }), true);
    await until('the agent to be gone', () => alive().length === 0);
  });
});
