import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { markedProcesses, stillLives } from '../support/markedProcesses.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { Seeded } from '../support/seeded.ts';
import { audit, violationsNow } from './audit.ts';
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
  restart: { maxRestarts: 1_000, windowMs: 1_500, maxTotal: 1_000 },
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
  readonly #inspector = createInspector();
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
    return {
      violations: [...this.#violations],
      loops: this.#admitted.size,
      killed: this.#killed,
      ledger: this.#ledger,
    };
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
      if (kill % 50 === 0)
        this.#options.say?.(`${kill} kills, ${this.#admitted.size} loops, ${this.#violations.size} violations`);
    }
    await this.#quiet();
    await this.#verify();
  }

  async cleanUp(): Promise<void> {
    for (const host of this.#hosts) await host.kill();
    // Only what carries our marker, each verified by its start time: what a failed run has left.
    for (const left of markedProcesses(this.#prefix)) if (stillLives(left)) process.kill(left.pid, 'SIGKILL');
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 });
  }

  async #open(): Promise<void> {
    const host = new HostProcess({
      storage: this.#storage,
      guardianProgram: this.#options.guardianProgram,
      settings: SETTINGS,
    });
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
        if ((await host.ask<string | undefined>({ do: 'state', loopId })) === undefined)
          await host.ask({ do: 'submit', loopId, prompt });
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
      if (!victim || this.#inspector.look(victim).state !== 'there') continue;
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
    for (const violation of violationsNow(this.#prefix, CAP)) this.#violations.add(violation);
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

  async #verify(): Promise<void> {
    const { violations, ledger } = await audit({
      storage: this.#storage,
      prefix: this.#prefix,
      admitted: this.#admitted,
      mayBeCancelled: this.#cancelled,
    });
    for (const violation of violations) this.#violations.add(violation);
    this.#ledger = ledger;
  }
}
