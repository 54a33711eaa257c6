import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { lookAtClaim } from '../../src/process/runFolder/recordSchemas.ts';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import { kill } from '../process/support/runHarness.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { endMarked, markedProcesses } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { until } from '../support/until.ts';
import { audit } from './audit.ts';
import { HostProcess } from './hostProcess.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const FIRST_HOST = fixture('firstEdition/host.mjs');
const FIRST_GUARDIAN = fixture('firstEdition/guardian.cjs');
const REPORTER = fixture('programs/reporter.mjs');
const LOOPS = 4;
const SETTINGS: Partial<Settings> = {
  maxConcurrent: LOOPS,
  killGraceMs: 300,
  restart: { maxRestarts: 3, windowMs: 300_000 } as Settings['restart'],
};

/** An update of the extension while runs of the first edition are alive, with their guardians and its store. */
describe('An update from the first edition', () => {
  const prefix = `update-${process.pid}-`;
  let storage: string;
  let hosts: HostProcess[];

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-update-'));
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) await host.kill();
    endMarked(prefix);
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  async function open(program?: string): Promise<HostProcess> {
    const guardianProgram = program ? FIRST_GUARDIAN : await bundledGuardian();
    const host = new HostProcess({ storage, guardianProgram, settings: SETTINGS, agentProgram: REPORTER }, program);
    hosts.push(host);
    await host.ready();
    return host;
  }

  function signalAgents(signal: NodeJS.Signals): void {
    for (const { pid } of markedProcesses(prefix)) kill(pid, signal);
  }

  const loopId = (n: number) => `${prefix}${n}`;
  const runsOf = (host: HostProcess) => host.ask<ListedRun[]>({ do: 'list' });

  /** Four runs of the first edition, each with a guardian of its own, that have reported a cost each. */
  async function firstEdition(stepMs: number, steps = 4): Promise<{ host: HostProcess; runs: ListedRun[] }> {
    const host = await open(FIRST_HOST);
    for (let n = 0; n < LOOPS; n++) {
      const prompt = JSON.stringify({ steps, stepMs, cost: 1_000 + n, child: true });
      await host.ask({ do: 'submit', loopId: loopId(n), prompt });
    }
    await until('all runs', async () => (await runsOf(host)).filter((run) => run.guardian).length === LOOPS);
    const runs = await runsOf(host);
    for (const { token } of runs) {
      const claim = lookAtClaim(runFiles(join(storage, 'runs'), token));
      assert.equal(claim.state === 'there' && claim.value.beatMs, undefined, 'its guardian is of the first edition');
    }
    return { host, runs };
  }

  async function settled(host: HostProcess): Promise<void> {
    await until('all loops to end', async () => {
      const { running, queued, backingOff, waiting } = await host.ask<Status>({ do: 'status' });
      return running.length + queued.length + backingOff.length + waiting.length === 0;
    });
  }

  async function assertAudit(mayBeCancelled: readonly string[] = []): Promise<void> {
    const admitted = Array.from({ length: LOOPS }, (_, n) => loopId(n));
    const { violations, ledger } = await audit({ storage, prefix, admitted, mayBeCancelled: new Set(mayBeCancelled) });
    assert.deepEqual(violations, []);
    assert.ok(ledger > 0);
  }

  for (const how of ['killed', 'released'] as const) {
    it(`R9.2 adopts its runs with their guardians and settles each once: the old window was ${how}`, async () => {
      const { host, runs } = await firstEdition(500);
      // They stand still until they are adopted, however long that takes.
      signalAgents('SIGSTOP');
      if (how === 'released') await host.ask({ do: 'release' });
      await host.kill();
      const updated = await open();
      const adopted = await runsOf(updated);
      assert.deepEqual(adopted.map(({ token }) => token).sort(), runs.map(({ token }) => token).sort());
      signalAgents('SIGCONT');
      await settled(updated);
      await assertAudit();
      assert.equal(readdirSync(join(storage, 'runs')).length, LOOPS, 'nothing was done a second time');
    });
  }

  it('R7.2 R7.3 its guardians obey: a cancel, a kill, and a run that was stopped', async () => {
    const { host, runs } = await firstEdition(2_000, 8);
    await host.kill();
    const updated = await open();
    await until('adoption', async () => (await runsOf(updated)).length === LOOPS);
    const guardian = runs.find((run) => run.loopId === loopId(2))?.guardian;
    process.kill(guardian?.pid as number, 'SIGSTOP');
    assert.equal(await updated.ask({ do: 'cancel', loopId: loopId(0) }), true);
    assert.equal(await updated.ask({ do: 'kill', loopId: loopId(1) }), true);
    assert.equal(await updated.ask({ do: 'cancel', loopId: loopId(2) }), true);
    await settled(updated);
    await assertAudit([loopId(0), loopId(1), loopId(2)]);
  });

  it('R3.2 a guardian of the first edition that is killed is replaced, and one that ended meanwhile is settled', async () => {
    const { host, runs } = await firstEdition(300);
    await host.kill();
    process.kill(runs[0]?.guardian?.pid as number, 'SIGKILL');
    const folder = runFiles(join(storage, 'runs'), runs[1]?.token as string);
    await until('a run to end while no window is open', () => existsSync(folder.ended));
    const updated = await open();
    await settled(updated);
    await assertAudit();
  });
});
