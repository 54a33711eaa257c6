import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { until } from '../support/until.ts';
import { runChaos } from './chaos.ts';
import { HostProcess } from './hostProcess.ts';

/** Plain hosts with the real core and guardians, each with a folder of its own, on one PostgreSQL server. */
describe('Hosts on a shared store', () => {
  const prefix = `shared-${process.pid}-`;
  let cluster: Cluster;
  let address: string;
  const folders: string[] = [];
  const hosts: HostProcess[] = [];

  before(async function () {
    const started = await Cluster.start();
    if (!started) this.skip();
    cluster = started;
  });
  after(() => cluster?.stop());
  beforeEach(() => {
    address = cluster.address();
  });
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.kill();
    endMarked(prefix);
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(settings: Partial<Settings>): Promise<HostProcess> {
    const storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-shared-'));
    folders.push(storage);
    const host = new HostProcess({ storage, guardianProgram: await bundledGuardian(), settings, sharedStore: address });
    hosts.push(host);
    await host.ready();
    return host;
  }

  const reporter = (steps: number, stepMs: number) => JSON.stringify({ steps, stepMs, cost: 1_000, child: false });
  const alive = () =>
    new Set(
      markedProcesses(prefix)
        .filter(stillLives)
        .map(({ attempt }) => attempt),
    );
  const status = (host: HostProcess) => host.ask<Status>({ do: 'status' });

  it('R16.1 share queue, cap and budget: each loop is done once, and both see what was spent', async () => {
    const settings = { maxConcurrent: 2, maxQueueDepth: 100 };
    const [first, second] = [await open(settings), await open(settings)];
    for (let n = 0; n < 12; n++)
      for (const [name, host] of [
        ['a', first],
        ['b', second],
      ] as const)
        await host.ask({ do: 'submit', loopId: `${prefix}${name}${n}`, prompt: reporter(2, 20) });
    let most = 0;
    await until('all loops to be done', async () => {
      most = Math.max(most, alive().size);
      const { running, queued, backingOff } = await status(first);
      return running.length + queued.length + backingOff.length === 0;
    });
    assert.ok(most <= 2, `${most} attempts were alive at once`);
    const [here, there] = [
      await status(first),
      await until('the same there', async () => {
        const seen = await status(second);
        return seen.running.length === 0 && seen;
      }),
    ];
    assert.deepEqual([here.budget.spent, there.budget.spent], [24 * 2 * 1e-6, 24 * 2 * 1e-6]);
  });

  it('R7.2 R16.3 while the server hangs running loops go on and Stop works; what happened is booked once it is back', async () => {
    const host = await open({ maxConcurrent: 3, killGraceMs: 200 });
    const [stopped, goesOn] = [`${prefix}stopped`, `${prefix}goes-on`];
    await host.ask({ do: 'submit', loopId: stopped, prompt: reporter(100, 1_000) });
    await host.ask({ do: 'submit', loopId: goesOn, prompt: reporter(30, 100) });
    await until('both to run', () => alive().size === 2);
    cluster.signal('SIGSTOP');
    try {
      const cancelled = host.ask<boolean>({ do: 'cancel', loopId: stopped });
      await until(
        'the stopped loop to be gone',
        () => markedProcesses(`${prefix}stopped`).filter(stillLives).length === 0,
      );
      assert.ok(alive().size === 1, 'the other one goes on');
      await until('the other one to end by itself', () => alive().size === 0);
      cluster.signal('SIGCONT');
      assert.equal(await cancelled, true);
    } finally {
      cluster.signal('SIGCONT');
    }
    const stateOf = (loopId: string) => host.ask<string>({ do: 'state', loopId });
    await until('the stop to be booked', async () => (await stateOf(stopped)) === 'cancelled');
    await until('the end to be booked', async () => (await stateOf(goesOn)) === 'completed');
    const { budget, running } = await status(host);
    assert.equal(running.length, 0);
    assert.ok(budget.spent >= 30e-6, `${budget.spent} USD were booked`);
  });

  it('R6.7 R9.2 R16.2 kills of hosts, guardians and agents, and faults of the server, lose nothing and do nothing twice', async () => {
    const guardianProgram = await bundledGuardian();
    const result = await runChaos({ seed: 20_261_129, faults: 8, guardianProgram, cluster });
    assert.deepEqual(result.violations, []);
    assert.ok(result.ledger > 0);
  });
});
