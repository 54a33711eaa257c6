import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckRequest } from '../../src/core/model/check.ts';
import type { Containment } from '../../src/core/model/containment.ts';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import { ComingToRest, heldNames, liveOf } from '../support/comingToRest.ts';
import { endMarked } from '../support/markedProcesses.ts';
import type { ListedQuestion, ListedRun } from '../support/plainHost.ts';
import type { Cluster } from '../support/postgres/cluster.ts';
import { Seeded } from '../support/seeded.ts';
import { smallDisk } from '../support/smallDisk.ts';
import { audit, violationsNow } from './audit.ts';
import { type Fault, Faults } from './faults.ts';
import { HostError, HostProcess } from './hostProcess.ts';
import { ChaosRepository } from './repository.ts';
import { Standby } from './standby.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** Faults in all: kills, stops, signals, lost folders, descriptors and disk that run out, clock jumps. */
  readonly faults: number;
  readonly guardianProgram: string;
  /** How runs are contained; by the strongest means of this machine if absent. */
  readonly containment?: Containment | undefined;
  /** Whether some loops have work trees of their own. */
  readonly hasWorkTrees?: boolean;
  /**
   * Whether there is a headless host, which is killed (R15.1); `leftAlone`: now and then no window is open for so long
   * that it takes over.
   */
  readonly headless?: 'killed' | 'leftAlone';
  /** A PostgreSQL server that holds the state, and which is hit by faults too. */
  readonly cluster?: Cluster | undefined;
  readonly say?: (line: string) => void;
}

/** What came of it: empty `violations` is what is wanted. */
export interface ChaosResult {
  readonly violations: readonly string[];
  readonly loops: number;
  readonly faults: { readonly [fault in Fault]?: number };
  /** Loops that had to prove their work. */
  readonly checked: number;
  /** Loops that had a work tree of their own. */
  readonly isolated: number;
  /** Questions that were answered. */
  readonly answered: number;
  /** Those of them that wanted words. */
  readonly decided: number;
  readonly ledger: number;
}

const CAP = 3;
const HOSTS = 2;
const SETTINGS: Partial<Settings> = {
  maxConcurrent: CAP,
  maxQueueDepth: 100_000,
  // Every fault costs a restart: the window is short, so that the back-off stays short too.
  restart: { maxRestarts: 1_000, windowMs: 1_500, maxTotal: 1_000 },
  circuit: { failureThreshold: 1_000_000, cooldownMs: 1_000, halfOpenMaxProbes: 1 },
  killGraceMs: 200,
  // All that happened is needed for the audit, however far a clock jumps.
  retention: {
    maxAgeMs: Number.MAX_SAFE_INTEGER,
    maxLogBytes: Number.MAX_SAFE_INTEGER,
    maxLoops: Number.MAX_SAFE_INTEGER,
  },
};
/** Guardians beat fast, so that one that was stopped is soon noticed (ms). */
const BEAT_MS = 300;
/** Longer (ms) than the headless host leaves the loops of windows to them that are gone. */
const ALONE_MS = 14_000;
/** Once nothing disturbs the loops, one of them must come to its end within this (ms), and then the next. */
const QUIET_MS = 180_000;

/**
 * A stream of loops over two windows, and the headless host if it is asked for, some with a check to pass, some in work
 * trees of their own, while everything around them fails at random moments.
 * All the time: no more attempts alive than the cap, no two attempts of a loop. At the end: no loop lost, none done
 * twice, no process left, the ledger equal to what agents reported; no work lost, and no work tree, branch or snapshot
 * left that belongs to nothing. The same seed makes the same plan; the times are
 * the machine's.
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
  readonly #address: string | undefined;
  readonly #disk = smallDisk('loop-supervisor-chaos-');
  readonly #faults: Faults;
  readonly #admitted = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #vandalised = new Set<string>();
  readonly #repository = new ChaosRepository(this.#disk.folder);
  readonly #isolated = new Set<string>();
  readonly #treesRemoved = new Set<string>();
  readonly #bringsHome: Promise<void>[] = [];
  readonly #violations = new Set<string>();
  readonly #counts: { [fault in Fault]?: number } = {};
  readonly #standby = new Standby(() => this.#start({ isHeadless: true }));
  #hosts: HostProcess[] = [];
  #checked = 0;
  #answered = 0;
  #decided = 0;
  #ledger = 0;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#random = new Seeded(options.seed);
    this.#address = options.cluster?.address();
    this.#prefix = `chaos-${process.pid}-${options.seed}-`;
    this.#faults = new Faults({
      storage: this.#disk.folder,
      disk: this.#disk,
      random: this.#random,
      inspector: createInspector(),
      host: () => this.#host(),
      runs: async () => (await this.#try<ListedRun[]>({ do: 'list' })) ?? [],
      reopen: () => this.#open(),
      ...(options.headless && {
        headless: { killHeadless: () => this.#killHeadless(), leaveAlone: () => this.#leaveAlone() },
      }),
      vandalised: (token) => this.#vandalised.add(token),
      treeRemoved: (loopId) => this.#treesRemoved.add(loopId),
    });
  }

  result(): ChaosResult {
    return {
      violations: [...this.#violations],
      loops: this.#admitted.size,
      faults: this.#counts,
      checked: this.#checked,
      isolated: this.#isolated.size,
      answered: this.#answered,
      decided: this.#decided,
      ledger: this.#ledger,
    };
  }

  async run(): Promise<void> {
    for (let host = 0; host < HOSTS; host++) await this.#open();
    let submitted = 0;
    for (let done = 0; done < this.#options.faults && this.#violations.size === 0; ) {
      while (submitted < done + 6) await this.#submit(submitted++);
      if (this.#options.headless) await this.#standby.ensure();
      await sleep(this.#random.between(20, 150));
      const fault = await this.#strike();
      if (fault !== undefined) {
        done++;
        this.#counts[fault] = (this.#counts[fault] ?? 0) + 1;
      }
      if (this.#random.chance(0.1)) await this.#cancelSomething();
      if (this.#random.chance(0.5)) await this.#answerSomething();
      if (this.#random.chance(0.2)) await this.#hitServer();
      if (this.#random.chance(0.1)) await this.#confirmEnds();
      // Not waited for: faults are to come while it is under way.
      if (this.#random.chance(0.1)) this.#bringsHome.push(this.#bringHome());
      this.#look();
      if (fault !== undefined && done % 50 === 0)
        this.#options.say?.(`${done} faults, ${this.#admitted.size} loops, ${this.#violations.size} violations`);
    }
    await this.#quiet();
    await Promise.all(this.#bringsHome);
    await this.#verify();
    await this.#verifyTrees();
  }

  async cleanUp(): Promise<void> {
    for (const host of this.#hosts) await host.kill();
    await this.#standby.kill();
    // Only what carries our marker, each verified by its start time: what a failed run has left.
    endMarked(this.#prefix);
    this.#disk.dispose();
    this.#repository.dispose();
  }

  // ── Hosts ────────────────────────────────────────────────────────────────────────────────────────────────────

  #start(kind: { readonly isHeadless?: boolean } = {}): HostProcess {
    const { guardianProgram, containment } = this.#options;
    return new HostProcess({
      ...{ storage: this.#disk.folder, repository: this.#repository.root },
      ...{ guardianProgram, settings: SETTINGS, beatMs: BEAT_MS },
      ...(containment && { containment }),
      ...(this.#address && { sharedStore: this.#address }),
      ...kind,
    });
  }

  async #killHeadless(): Promise<boolean> {
    const wasThere = await this.#standby.kill();
    await this.#standby.ensure();
    return wasThere;
  }

  /** All windows go, each in its own way, and come back: in between the headless host is alone, and killed at times. */
  async #leaveAlone(): Promise<boolean> {
    if (this.#options.headless !== 'leftAlone') return false;
    for (const window of this.#hosts)
      if (this.#random.chance(0.5)) await window.kill();
      else await this.#close(window);
    for (const end = performance.now() + this.#random.between(0, ALONE_MS); performance.now() < end; ) {
      if (this.#random.chance(0.03)) await this.#killHeadless();
      this.#look();
      await sleep(100);
    }
    for (let host = 0; host < HOSTS; host++) await this.#open();
    return true;
  }

  async #close(window: HostProcess): Promise<void> {
    try {
      await window.release();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      await window.kill();
    }
  }

  async #open(): Promise<void> {
    for (;;) {
      const host = this.#start();
      this.#hosts = [...this.#hosts.filter((other) => other.lives), host];
      try {
        await host.ready();
        return;
      } catch (error) {
        // It may not begin while the disk is full.
        if (!(error instanceof HostError)) throw error;
        await sleep(200);
      }
    }
  }

  #host(): HostProcess {
    for (const host of this.#hosts)
      if (!host.lives && !host.isEnding) this.#violations.add(`a host ended by itself: ${host.log.slice(-1_500)}`);
    return this.#random.pick(this.#hosts.filter((host) => host.lives)) as HostProcess;
  }

  /** Asks some host; undefined when it refuses or dies. */
  async #try<T>(request: Parameters<HostProcess['ask']>[0]): Promise<T | undefined> {
    try {
      return await this.#host().ask<T>(request);
    } catch (error) {
      if (error instanceof HostError) return undefined;
      throw error;
    }
  }

  async #strike(): Promise<Fault | undefined> {
    try {
      return await this.#faults.strike();
    } catch (error) {
      if (error instanceof HostError) return undefined;
      throw error;
    }
  }

  // ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────

  async #submit(nth: number): Promise<void> {
    const loopId = `${this.#prefix}${nth}`;
    const prompt = JSON.stringify({
      steps: this.#random.between(1, 5),
      stepMs: this.#random.between(5, 120),
      cost: this.#random.between(1, 5_000_000),
      child: this.#random.chance(0.2),
      file: fileOf(loopId),
      // A quarter of them, one kind as often as the other.
      asks: nth % 8 === 1 ? 'permission' : nth % 8 === 5 && 'decision',
    });
    const isIsolated = this.#options.hasWorkTrees === true && this.#random.chance(0.25);
    if (isIsolated) this.#isolated.add(loopId);
    const check = this.#random.chance(0.4) ? this.#check(loopId) : undefined;
    if (check) this.#checked++;
    // A host that died or refused may have taken the loop: it is asked for before it is submitted again.
    for (;;) {
      try {
        const host = this.#host();
        if ((await host.ask<string | undefined>({ do: 'state', loopId })) === undefined)
          await host.ask({ do: 'submit', loopId, prompt, isIsolated, ...(check && { check }) });
        this.#admitted.add(loopId);
        return;
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        await sleep(50);
      }
    }
  }

  /** Breaks the connections of the hosts, restarts the server, or has it hang. */
  async #hitServer(): Promise<void> {
    const { cluster } = this.#options;
    if (!cluster) return;
    const what = this.#random.pick(['connections', 'restart', 'hang'] as const);
    if (what === 'connections')
      await cluster.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'Loop Supervisor%'",
      );
    else if (what === 'restart') {
      await cluster.end();
      await cluster.begin();
    } else {
      cluster.signal('SIGSTOP');
      await sleep(this.#random.between(100, 1_500));
      cluster.signal('SIGCONT');
    }
  }

  #openBooks(address: string): Promise<Store> {
    return openPostgresStore({ address, clock: systemClock, log: () => {}, password: async () => undefined });
  }

  /** A check that fails a few times before it passes, and never says the same. */
  #check(loopId: string): CheckRequest {
    const counted = join(this.#disk.folder, `${loopId}.count`);
    const [pause, passes] = [this.#random.between(1, 9), this.#random.between(1, 4)];
    const lines = [
      `echo x >> '${counted}'`,
      `runs=$(wc -l < '${counted}')`,
      'echo "run $runs"',
      `sleep 0.${pause}`,
      `test "$runs" -ge ${passes}`,
    ];
    return { command: lines.join('\n'), maxRounds: 1_000, checkFirst: this.#random.chance(0.3) };
  }

  async #cancelSomething(): Promise<void> {
    const loopId = this.#random.pick([...this.#admitted]) as string;
    // It may be carried out though the answer is lost.
    const before = this.#cancelled.has(loopId);
    this.#cancelled.add(loopId);
    const isRefused = (await this.#try<boolean>({ do: 'cancel', loopId })) === false;
    // One that was cancelled before is refused too.
    if (isRefused && !before) this.#cancelled.delete(loopId);
  }

  /**
   * What a user does with loops that wait: look again at an end that nobody could see, continue rounds, and try what is
   * held, so that no fault meets an idle queue.
   */
  async #confirmEnds(): Promise<void> {
    const status = await this.#try<Status>({ do: 'status' });
    for (const { loopId } of status?.waiting ?? []) await this.#try({ do: 'lookAgain', loopId });
    // Checks that were killed without a word leave the same output again and again: that is no progress.
    for (const { loopId } of status?.waiting ?? []) await this.#try({ do: 'continueLoop', loopId });
    // Work trees could not be made on a full disk.
    for (const { loopId, reason } of status?.waiting ?? [])
      if (/work tree could not be made/.test(reason)) await this.#try({ do: 'restartNow', loopId });
    for (const account of status ? heldNames(status) : []) await this.#try({ do: 'tryNow', account });
  }

  /** Merges what some loop did, or discards it if it was cancelled. It is refused where it has not ended. */
  async #bringHome(): Promise<void> {
    const loopId = this.#random.pick([...this.#isolated]);
    if (loopId !== undefined) await this.#try({ do: this.#cancelled.has(loopId) ? 'discard' : 'merge', loopId });
  }

  /** Answers a question in two places at once, which may say something else: only one of them counts (R17.1). */
  async #answerSomething(): Promise<void> {
    const open = (await this.#try<ListedQuestion[]>({ do: 'questions' })) ?? [];
    const asked = this.#random.pick(open);
    if (!asked) return;
    const { loopId, question, command } = asked;
    const give = async (choice: 'yes' | 'no', says: string) => {
      const replies = command === '' && choice === 'yes' ? { replies: [['SQLite', 'PostgreSQL'], [says]] } : {};
      return (await this.#try<boolean>({ do: 'answer', loopId, question, choice, ...replies })) === true;
    };
    const other = this.#random.pick(['yes', 'no'] as const) as 'yes' | 'no';
    const taken = await Promise.all([give('yes', 'first'), give(other, 'second')]);
    if (taken.every(Boolean)) this.#violations.add(`the question ${question} of ${loopId} was answered twice`);
    if (taken.some(Boolean)) this.#answered++;
    if (taken.some(Boolean) && command === '') this.#decided++;
  }

  /** What must hold at every moment. */
  #look(): void {
    const { failure } = this.#standby;
    if (failure !== undefined) this.#violations.add(failure);
    for (const violation of violationsNow(this.#prefix, CAP)) this.#violations.add(violation);
  }

  /** Until every loop has come to its end. */
  async #quiet(): Promise<void> {
    const rest = new ComingToRest(QUIET_MS);
    let left = Number.POSITIVE_INFINITY;
    for (;;) {
      await this.#confirmEnds();
      await this.#answerSomething();
      const host = this.#host();
      const status = await this.#try<Status>({ do: 'status' });
      this.#look();
      if (status) left = liveOf(status);
      if (left === 0) return;
      if (rest.standsStill(left)) {
        const seen = JSON.stringify(status).slice(0, 1_500);
        this.#violations.add(`no loop has ended for ${QUIET_MS / 1_000} s: ${seen}; ${host.log.slice(-1_500)}`);
        return;
      }
      await sleep(100);
    }
  }

  /** *Clean Up* and *Clear Finished Loops*, and what is then left (R12.6, R12.3). */
  async #verifyTrees(): Promise<void> {
    const written: string[] = [];
    for (const loopId of this.#isolated) {
      const isExcused = this.#treesRemoved.has(loopId) || this.#cancelled.has(loopId);
      if (!isExcused && this.#admitted.has(loopId)) written.push(fileOf(loopId));
    }
    try {
      await this.#host().ask({ do: 'cleanUp' });
      for (const violation of this.#repository.violations(written)) this.#violations.add(violation);
      await this.#host().ask({ do: 'clearFinished' });
    } catch (error) {
      this.#violations.add(`Work trees could not be cleaned up: ${(error as Error).message}`);
    }
    const left = this.#repository.leftSnapshots();
    if (left.length > 0) this.#violations.add(`snapshots were left: ${left.join(', ')}`);
  }

  async #verify(): Promise<void> {
    const { violations, ledger } = await audit({
      storage: this.#disk.folder,
      open: this.#address ? () => this.#openBooks(this.#address as string) : undefined,
      prefix: this.#prefix,
      admitted: this.#admitted,
      mayBeCancelled: this.#cancelled,
      vandalised: this.#vandalised,
    });
    for (const violation of violations) this.#violations.add(violation);
    this.#ledger = ledger;
  }
}

/** The file that a loop writes into its folder. */
function fileOf(loopId: string): string {
  return `${loopId}.txt`;
}
