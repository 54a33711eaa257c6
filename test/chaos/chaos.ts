import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../src/core/settings.ts';
import type { Status } from '../../src/core/status.ts';
import { systemClock } from '../../src/core/systemClock.ts';
import { createProbe } from '../../src/process/probe.ts';
import { runFiles } from '../../src/process/runFiles.ts';
import { openStore } from '../../src/store/store.ts';
import { type MarkedProcess, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { reportedIn } from '../support/reporterProfile.ts';
import { Seeded } from '../support/seeded.ts';
import { HostError, HostProcess } from './hostProcess.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** Hosts, guardians and agents killed in all. */
  readonly kills: number;
  readonly guardianProgram: string;
  readonly say?: (line: string) => void;
}

/** What came of it: empty `violations` is what is wanted. */
export interface ChaosResult {
  readonly violations: readonly string[];
  readonly loops: number;
  readonly killed: { readonly host: number; readonly guardian: number; readonly agent: number };
  readonly ledger: number;
}

const CAP = 3;
const HOSTS = 2;
const SETTINGS: Partial<Settings> = {
  maxConcurrent: CAP,
  maxQueueDepth: 100_000,
  // Every kill costs a restart: the window is short, so that the back-off stays short too.
  restart: { maxRestarts: 1_000, windowMs: 1_500 },
  circuit: { failureThreshold: 1_000_000, cooldownMs: 1_000, halfOpenMaxProbes: 1 },
  killGraceMs: 200,
};

/**
 * A stream of loops over two hosts, while hosts, guardians and agents are killed at random moments. All the time: no more attempts alive than
 * the cap, no two attempts of a loop. At the end: no loop lost, none twice, no process left, the ledger equal to what agents reported.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const chaos = new Chaos(options);
  try {
    await chaos.run();
    return chaos.result();
  } finally {
    await chaos.cleanUp();
  }
}

class Chaos {
  readonly #options: ChaosOptions;
  readonly #random: Seeded;
  readonly #prefix: string;
  readonly #storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-chaos-'));
  readonly #probe = createProbe();
  readonly #admitted = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #violations = new Set<string>();
  readonly #killed = { host: 0, guardian: 0, agent: 0 };
  #hosts: HostProcess[] = [];
  #ledger = 0;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#random = new Seeded(options.seed);
    this.#prefix = `chaos-${process.pid}-${options.seed}-`;
    mkdirSync(this.#storage, { recursive: true, mode: 0o700 });
  }

  result(): ChaosResult {
    return { violations: [...this.#violations], loops: this.#admitted.size, killed: this.#killed, ledger: this.#ledger };
  }

  async run(): Promise<void> {
    for (let host = 0; host < HOSTS; host++) await this.#open();
    let submitted = 0;
    for (let kill = 0; kill < this.#options.kills; ) {
      while (submitted < kill + 6) await this.#submit(`${this.#prefix}${submitted++}`);
      await sleep(this.#random.between(20, 150));
      if (await this.#killSomething()) kill++;
      if (this.#random.chance(0.1)) await this.#cancelSomething();
      this.#look();
      if (kill % 50 === 0) this.#options.say?.(`${kill} kills, ${this.#admitted.size} loops, ${this.#violations.size} violations`);
    }
    await this.#quiet();
    this.#verify();
  }

  async cleanUp(): Promise<void> {
    for (const host of this.#hosts) await host.kill();
    // Only what carries our marker, each verified by its start time: what a failed run has left.
    for (const left of markedProcesses(this.#prefix)) if (stillLives(left)) process.kill(left.pid, 'SIGKILL');
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 });
  }

  async #open(): Promise<void> {
    const host = new HostProcess(this.#storage, this.#options.guardianProgram, SETTINGS);
    this.#hosts = [...this.#hosts.filter((other) => other.lives), host];
    await host.ready();
  }

  async #submit(loopId: string): Promise<void> {
    const prompt = JSON.stringify({
      steps: this.#random.between(1, 5),
      stepMs: this.#random.between(5, 120),
      cost: this.#random.between(1, 5_000_000),
      child: this.#random.chance(0.2),
    });
    for (;;) {
      const host = this.#random.pick(this.#hosts) as HostProcess;
      try {
        // A host that died before it answered may have taken the loop: ask before submitting again.
        if ((await host.ask<string | undefined>({ do: 'state', loopId })) === undefined) await host.ask({ do: 'submit', loopId, prompt });
        this.#admitted.add(loopId);
        return;
      } catch (error) {
        if (!(error instanceof HostError) || error.code !== 'gone') throw error;
        await this.#open();
      }
    }
  }

  async #killSomething(): Promise<boolean> {
    const what = this.#random.pick(['host', 'guardian', 'agent', 'both'] as const);
    const host = this.#random.pick(this.#hosts) as HostProcess;
    if (what === 'host') {
      await host.kill();
      this.#killed.host++;
      await this.#open();
      return true;
    }
    const run = this.#random.pick(await host.ask<ListedRun[]>({ do: 'list' }));
    if (!run) return false;
    let done = false;
    const roles = what === 'both' || what === undefined ? (['guardian', 'agent'] as const) : [what];
    for (const role of roles) {
      const victim = role === 'guardian' ? run.guardian : run.leader;
      if (!victim || !this.#probe.isAlive(victim)) continue;
      process.kill(victim.pid, 'SIGKILL');
      this.#killed[role]++;
      done = true;
    }
    return done;
  }

  async #cancelSomething(): Promise<void> {
    const loopId = this.#random.pick([...this.#admitted]) as string;
    const host = this.#random.pick(this.#hosts) as HostProcess;
    if (await host.ask<boolean>({ do: 'cancel', loopId })) this.#cancelled.add(loopId);
  }

  /** What must hold at every moment. */
  #look(): void {
    const seen = markedProcesses(this.#prefix);
    const byLoop = Map.groupBy(seen, (process) => process.loopId);
    for (const [loopId, processes] of byLoop) {
      // Those of an earlier attempt may have ended while we read: only what still lives counts.
      const attempts = new Set(processes.filter(stillLives).map((process) => process.attempt));
      if (attempts.size > 1) this.#violations.add(`two attempts of ${loopId} were alive together: ${[...attempts].join(', ')}`);
    }
    const alive = new Set(seen.filter(stillLives).map((process: MarkedProcess) => process.attempt));
    if (alive.size > CAP) this.#violations.add(`${alive.size} attempts were alive, above the cap of ${CAP}`);
  }

  /** Until every loop has come to its end. */
  async #quiet(): Promise<void> {
    const deadline = performance.now() + 120_000;
    for (;;) {
      const host = this.#hosts.find((other) => other.lives) as HostProcess;
      const status = await host.ask<Status>({ do: 'status' });
      const live = status.running.length + status.queued.length + status.backingOff.length + status.waiting.length;
      this.#look();
      if (live === 0) return;
      if (performance.now() > deadline) {
        this.#violations.add(
          `${live} loops had not come to their end after 120 s: ${JSON.stringify(status).slice(0, 1_500)}; ${host.log.slice(-1_500)}`,
        );
        return;
      }
      await sleep(100);
    }
  }

  #verify(): void {
    const left = markedProcesses(this.#prefix);
    if (left.length > 0) this.#violations.add(`processes were left: ${JSON.stringify(left)}`);
    const store = openStore({ path: join(this.#storage, 'supervisor.db'), clock: systemClock, log: (message) => this.#violations.add(message) });
    let reported = 0;
    for (const loopId of this.#admitted) {
      const loop = store.latest(loopId);
      if (!loop) {
        this.#violations.add(`${loopId} is lost`);
        continue;
      }
      if (loop.state !== 'completed' && !(loop.state === 'cancelled' && this.#cancelled.has(loopId))) {
        this.#violations.add(`${loopId} ended as ${loop.state}: ${JSON.stringify(store.history(loop.seq).slice(-4))}`);
      }
      const attempts = store.attempts(loop.seq);
      const ok = attempts.filter((attempt) => attempt.end?.outcome === 'ok').length;
      if (loop.state === 'completed' && ok !== 1) this.#violations.add(`${loopId} was done ${ok} times`);
      if (attempts.some((attempt) => !attempt.end)) this.#violations.add(`${loopId} has an attempt that was never settled`);
      const cost = store.ledger(loop.seq).reduce((sum, row) => sum + row.cost, 0);
      if (cost !== loop.cost) this.#violations.add(`${loopId} cost ${loop.cost}, and its ledger says ${cost}`);
      this.#ledger += cost;
    }
    for (const token of readdirSync(join(this.#storage, 'runs'))) {
      try {
        reported += reportedIn(runFiles(join(this.#storage, 'runs'), token).stdout);
      } catch (error) {
        // A run that was never claimed has no output.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    const spent = store.spend('0000-00-00').reduce((sum, row) => sum + row.cost, 0);
    if (this.#ledger !== reported) this.#violations.add(`agents reported ${reported}, the ledger says ${this.#ledger}`);
    if (spent !== this.#ledger) this.#violations.add(`the ledger says ${this.#ledger}, the days say ${spent}`);
    store.close();
  }
}
