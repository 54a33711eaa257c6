import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { leaseSpans } from '../../src/core/policy/machineLease.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import { ComingToRest, heldNames, liveOf } from '../support/comingToRest.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import type { Cluster } from '../support/postgres/cluster.ts';
import { Seeded } from '../support/seeded.ts';
import { audit } from './audit.ts';
import { HostError } from './hostProcess.ts';
import { TestMachine } from './machine.ts';

export interface MachinesOptions {
  readonly seed: number;
  readonly faults: number;
  readonly guardianProgram: string;
  readonly cluster: Cluster;
  /** Some agents run for longer than it takes until their machine's lease has lapsed. */
  readonly hasLongRuns?: boolean;
  readonly say?: (line: string) => void;
}

export interface MachinesResult {
  readonly violations: readonly string[];
  readonly loops: number;
  readonly faults: { readonly [fault: string]: number };
  readonly ledger: number;
  /** How often a machine's runs were taken over. */
  readonly takenOver: number;
}

const MACHINES = 3;
const CAP = 4;
const KILL_GRACE_MS = 200;
const GRACE_MS = 2_000;
const { lapsesAfterMs } = leaseSpans({ partitionGraceMs: GRACE_MS, killGraceMs: KILL_GRACE_MS });
const SETTINGS: Partial<Settings> = {
  maxConcurrent: CAP,
  maxQueueDepth: 100_000,
  partitionGraceMs: GRACE_MS,
  killGraceMs: KILL_GRACE_MS,
  budget: { dailyLimit: 1_000_000_000_000, warnAtPercent: 90, onExceeded: 'finish', minAllowance: 500_000_000 },
  restart: { maxRestarts: 1_000, windowMs: 1_500, maxTotal: 1_000 },
  circuit: { failureThreshold: 1_000_000, cooldownMs: 1_000, halfOpenMaxProbes: 1 },
  retention: {
    maxAgeMs: Number.MAX_SAFE_INTEGER,
    maxLogBytes: Number.MAX_SAFE_INTEGER,
    maxLoops: Number.MAX_SAFE_INTEGER,
  },
};
const QUIET_MS = 240_000;
const LONG_STEPS = 50;

/** The kinds of faults, and how often each comes beside the others. */
const DECK = [
  ...['killHost', 'killGuardian', 'killGuardian', 'killAgent', 'killAgent', 'connections', 'restart'],
  ...['cutShort', 'cutShort', 'cutLong', 'sleepLong'],
] as const;
type Fault = (typeof DECK)[number];

/**
 * Loops on three machines with one store, one cap and one budget, while hosts, guardians and agents are killed, the
 * server restarts, machines are cut off for less and for more than the grace, and one sleeps past it. All the time: no
 * more attempts alive than the cap, no two of one loop. At the end: each loop done once, no process left, the ledger
 * equal to the reports. The same seed makes the same plan; the times are the machine's.
 */
export async function runMachines(options: MachinesOptions): Promise<MachinesResult> {
  const chaos = new MachinesChaos(options);
  try {
    return await chaos.run();
  } finally {
    await chaos.dispose();
  }
}

class MachinesChaos {
  readonly #options: MachinesOptions;
  readonly #random: Seeded;
  readonly #prefix: string;
  readonly #address: string;
  readonly #machines: readonly TestMachine[];
  readonly #admitted = new Set<string>();
  readonly #violations = new Set<string>();
  readonly #counts: { [fault: string]: number } = {};
  /** What goes on beside the other faults. */
  readonly #weather = new Set<Promise<void>>();
  /** Attempts of machines that sleep or have just woken: they stand still, or are being stopped. */
  readonly #frozen = new Set<string>();

  constructor(options: MachinesOptions) {
    this.#options = options;
    this.#random = new Seeded(options.seed);
    this.#prefix = `machines-${process.pid}-${options.seed}-`;
    this.#address = options.cluster.address();
    const { cluster, guardianProgram } = options;
    const facts = { cluster, guardianProgram, address: this.#address, settings: SETTINGS, beatMs: 300 };
    this.#machines = Array.from({ length: MACHINES }, () => new TestMachine(facts));
  }

  async run(): Promise<MachinesResult> {
    await Promise.all(this.#machines.map((machine) => machine.open()));
    const { faults, say } = this.#options;
    let submitted = 0;
    for (let done = 0; done < faults && this.#violations.size === 0; ) {
      while (submitted < done + 8) await this.#submit(`${this.#prefix}${submitted++}`);
      await sleep(this.#random.between(20, 150));
      const fault = this.#random.pick(DECK) as Fault;
      if (await this.#strike(fault)) {
        done++;
        this.#counts[fault] = (this.#counts[fault] ?? 0) + 1;
        if (done % 50 === 0) say?.(`${done} faults, ${this.#admitted.size} loops, ${this.#violations.size} violations`);
      }
      this.#look();
    }
    await Promise.all(this.#weather);
    await this.#quiet();
    const { ledger, takenOver } = await this.#verify();
    return { violations: [...this.#violations], loops: this.#admitted.size, faults: this.#counts, ledger, takenOver };
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#weather);
    for (const machine of this.#machines) await machine.dispose();
    endMarked(this.#prefix);
  }

  // ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #submit(loopId: string): Promise<void> {
    const random = this.#random;
    const isLong = this.#options.hasLongRuns === true && random.chance(0.1);
    const prompt = JSON.stringify({
      steps: isLong ? LONG_STEPS : random.between(1, 6),
      stepMs: isLong ? (lapsesAfterMs + GRACE_MS) / LONG_STEPS : random.between(5, 150),
      ...{ cost: random.between(1, 5_000_000), child: random.chance(0.2) },
    });
    // A host that died or was cut off may have taken the loop: it is asked for before it is submitted again.
    for (;;) {
      const machine = random.pick(this.#machines.filter(({ answers }) => answers));
      try {
        if (!machine) await sleep(50);
        else {
          const estimatedCostUsd = random.chance(0.5) ? 0 : 0.01;
          if ((await machine.host.ask<string | undefined>({ do: 'state', loopId })) === undefined)
            await machine.host.ask({ do: 'submit', loopId, prompt, estimatedCostUsd });
          this.#admitted.add(loopId);
          return;
        }
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        await sleep(50);
      }
    }
  }

  // ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Returns whether there was something to do it to. */
  async #strike(fault: Fault): Promise<boolean> {
    const { cluster } = this.#options;
    const answering = this.#machines.filter(({ answers }) => answers);
    const machine = this.#random.pick(answering);
    // One of them always works.
    const isWeather = fault === 'cutShort' || fault === 'cutLong' || fault === 'sleepLong';
    if (!machine || (isWeather && answering.length < 2)) return false;
    switch (fault) {
      case 'killHost':
        await machine.kill();
        await machine.open();
        return true;
      case 'killGuardian':
      case 'killAgent':
        return this.#killOf(machine, fault === 'killAgent' ? 'leader' : 'guardian');
      case 'connections':
        await cluster.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'Loop Supervisor%'",
        );
        return true;
      case 'restart':
        await cluster.end();
        await cluster.begin();
        return true;
      case 'cutShort':
        return this.#goesOn(this.#cut(machine, this.#random.between(100, GRACE_MS / 2)));
      case 'cutLong':
        return this.#goesOn(this.#cut(machine, lapsesAfterMs + this.#random.between(500, 3_000)));
      case 'sleepLong':
        return this.#goesOn(this.#sleep(machine, lapsesAfterMs + this.#random.between(500, 3_000)));
    }
  }

  /** It lasts while other faults come. */
  #goesOn(weather: Promise<void>): true {
    this.#weather.add(weather);
    void weather.finally(() => this.#weather.delete(weather));
    return true;
  }

  async #killOf(machine: TestMachine, role: 'guardian' | 'leader'): Promise<boolean> {
    const pids = role === 'guardian' ? machine.guardians() : machine.processes(this.#prefix).map(({ pid }) => pid);
    const own = new Set(pids);
    const run = this.#random.pick((await machine.runs()).filter(({ [role]: one }) => one && own.has(one.pid)));
    const pid = run?.[role]?.pid;
    if (pid === undefined) return false;
    signal(pid, 'SIGKILL');
    return true;
  }

  async #cut(machine: TestMachine, ms: number): Promise<void> {
    machine.cable.cut();
    await sleep(ms);
    machine.cable.mend();
  }

  /** All processes of a machine stand still. What wakes first is up to the system: guardians here. */
  async #sleep(machine: TestMachine, ms: number): Promise<void> {
    machine.isAsleep = true;
    // The host first: it starts nothing more meanwhile.
    const host = machine.host.child.pid as number;
    signal(host, 'SIGSTOP');
    const guardians = machine.guardians();
    for (const pid of guardians) signal(pid, 'SIGSTOP');
    const asleep = machine.processes(this.#prefix);
    for (const { pid, attempt } of asleep) {
      signal(pid, 'SIGSTOP');
      this.#frozen.add(attempt);
    }
    // Nothing of it reaches the server meanwhile.
    machine.cable.cut();
    await sleep(ms);
    machine.cable.mend();
    for (const pid of [...guardians, ...asleep.map((one) => one.pid), host]) signal(pid, 'SIGCONT');
    machine.isAsleep = false;
    const deadline = performance.now() + QUIET_MS;
    while (asleep.some(stillLives)) {
      if (performance.now() > deadline) {
        this.#violations.add('what slept too long was not stopped when it woke');
        break;
      }
      await sleep(50);
    }
    for (const { attempt } of asleep) this.#frozen.delete(attempt);
  }

  // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** What must hold at every moment. */
  #look(): void {
    const alive = markedProcesses(this.#prefix).filter(({ attempt }) => !this.#frozen.has(attempt));
    for (const [loopId, processes] of Map.groupBy(alive, (one) => one.loopId)) {
      const attempts = new Set(processes.filter(stillLives).map(({ attempt }) => attempt));
      if (attempts.size > 1) this.#violations.add(`two attempts of ${loopId} were alive: ${[...attempts].join(', ')}`);
    }
    const attempts = new Set(alive.filter(stillLives).map(({ attempt }) => attempt));
    if (attempts.size > CAP) this.#violations.add(`${attempts.size} attempts were alive, above the cap of ${CAP}`);
  }

  async #quiet(): Promise<void> {
    const rest = new ComingToRest(QUIET_MS);
    for (;;) {
      this.#look();
      const [first] = this.#machines;
      const status = await first?.host.ask<Status>({ do: 'status' });
      const left = status ? liveOf(status) : Number.POSITIVE_INFINITY;
      if (left === 0) return;
      // What its user would do: only the machine on which it ran can tell whether it has ended.
      for (const { loopId } of status?.waiting ?? [])
        for (const { host } of this.#machines) await host.ask({ do: 'lookAgain', loopId }).catch(() => {});
      for (const account of status ? heldNames(status) : [])
        for (const { host } of this.#machines) await host.ask({ do: 'tryNow', account }).catch(() => {});
      if (rest.standsStill(left)) {
        const logs = this.#machines.map(({ host }) => host.log.slice(-700)).join('\n');
        this.#violations.add(
          `no loop has ended for ${QUIET_MS / 1_000} s: ${JSON.stringify(status).slice(0, 2_500)}\n${logs}`,
        );
        return;
      }
      await sleep(200);
    }
  }

  async #verify(): Promise<Pick<MachinesResult, 'ledger' | 'takenOver'>> {
    const [storage = '', ...otherStorages] = this.#machines.map((machine) => machine.storage);
    const open = () =>
      openPostgresStore({ address: this.#address, clock: systemClock, log: () => {}, password: async () => undefined });
    const facts = { open, prefix: this.#prefix, admitted: this.#admitted, mayBeCancelled: new Set<string>() };
    const { violations, ledger } = await audit({ storage, otherStorages, ...facts });
    for (const violation of violations) this.#violations.add(violation);
    const { schema } = parseAddress(this.#address);
    const [count] = await this.#options.cluster.sql(
      `SELECT count(*)::int AS n FROM ${schema}.history
       WHERE to_state = 'waiting' AND why LIKE '%has not been heard from%'`,
    );
    return { ledger, takenOver: Number(count?.n) };
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
