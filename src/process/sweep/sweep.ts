import type { Leftovers } from '../../core/model/leftovers.ts';
import type { ProcessIdentity, SweptProcess } from '../../core/model/processIdentity.ts';
import { commandOf, identityOf, keyOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import type { RunLook, RunProcesses } from './findProcesses.ts';

export interface SweepOptions {
  /** Time between the request to end and SIGKILL, ms. */
  readonly graceMs: number;
  /** Processes that were asked to end before, by key, with the time (of `performance.now`) at which they are killed. */
  readonly asked?: ReadonlyMap<string, number>;
  /**
   * How long (ms) after SIGKILL a process that is still there is given up (R7.6), and how long looks may fail in a row
   * before the sweep says so.
   */
  readonly giveUpMs?: number | undefined;
  /** Whether SIGKILL must not wait any longer: nobody is asked to end before it, or woken for that. */
  readonly isUrgent?: () => boolean;
  /** Whether the kernel says that nobody is left: then one empty look is enough (R7.4). */
  readonly isEmpty?: (() => boolean) | undefined;
}

/** Time is passed in so that a sweep of processes that cannot be ended can be tested without waiting. */
export interface SweepTime {
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const REAL_TIME: SweepTime = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export const GIVE_UP_MS = 10_000;
/** The least time (ms) that what is left of an ended leader gets to end by itself (R7.4). */
export const LEAST_GRACE_MS = 1_000;
/** At most so many processes are named of a run. */
const NAMED_AT_MOST = 100;
const COMMAND_CHARACTERS = 200;
/** Between two looks at those that are being ended, ms. */
const LONGEST_PAUSE_MS = 25;
/**
 * A process between two forks is in no list: its parent is gone by the time the list comes to the child. So nothing is
 * left only if this many looks in a row, this long (ms) apart, found nothing (R7.4).
 */
export const EMPTY_LOOKS = 3;
export const BETWEEN_EMPTY_LOOKS_MS = 25;
/** Longest pause (ms) after a look that failed; each pause is twice as long as the one before. */
const LONGEST_WAIT_FOR_SIGHT_MS = 1_000;

/** Looks for what is left of a run; `known` are those found before. */
export type Find = (known: readonly ProcessInfo[]) => Promise<RunLook>;

interface Tracked {
  readonly process: ProcessInfo;
  readonly described: SweptProcess;
  readonly killAt: number;
  killedAt: number | undefined;
}

/**
 * Ends all that `find` finds: SIGTERM (and SIGCONT, as a stopped process handles nothing else), then SIGKILL after
 * the grace period. It looks again until several looks in a row find nothing but what cannot be ended, and reports
 * only those as gone that it has seen gone.
 */
export function sweep(table: ProcessTable, find: Find, options: SweepOptions, time = REAL_TIME): Promise<Leftovers> {
  return new Sweep(table, find, options, time).run();
}

class Sweep {
  readonly #table: ProcessTable;
  readonly #find: Find;
  readonly #options: SweepOptions;
  readonly #time: SweepTime;
  readonly #giveUpMs: number;
  readonly #began: number;
  readonly #tracked = new Map<string, Tracked>();
  /** Looks in a row that found nothing to end. */
  #emptyLooks = 0;
  #unseenSince: number | undefined;
  #unseenPause = LONGEST_PAUSE_MS;

  constructor(table: ProcessTable, find: Find, options: SweepOptions, time: SweepTime) {
    this.#table = table;
    this.#find = find;
    this.#options = options;
    this.#time = time;
    this.#giveUpMs = options.giveUpMs ?? GIVE_UP_MS;
    this.#began = time.now();
  }

  async run(): Promise<Leftovers> {
    for (;;) {
      const look = await this.#find([...this.#tracked.values()].map(({ process }) => process));
      if (look.state === 'unknown') {
        if (await this.#waitForSight()) continue;
        return this.#unseen(look.why, look.known);
      }
      this.#unseenSince = undefined;
      const here = await this.#track(look.value.members);
      if (here.length === 0) {
        this.#emptyLooks++;
        if (this.#emptyLooks >= EMPTY_LOOKS || this.#options.isEmpty?.()) return this.#seen(look.value);
        await this.#time.sleep(BETWEEN_EMPTY_LOOKS_MS);
        continue;
      }
      this.#emptyLooks = 0;
      if (here.every(this.#isStuck)) return this.#seen(look.value);
      // What multiplies faster than it can be ended is not chased forever. Those that were killed before this sweep
      // began may still be exiting.
      if (this.#time.now() - Math.max(this.#began, ...here.map(({ killAt }) => killAt)) >= this.#giveUpMs)
        return this.#seen(look.value);
      await this.#endThese(here);
    }
  }

  readonly #isStuck = ({ killedAt }: Tracked): boolean =>
    killedAt !== undefined && this.#time.now() - killedAt >= this.#giveUpMs;

  #isUrgent(): boolean {
    return this.#options.isUrgent?.() ?? false;
  }

  /** Pauses before the next look; false when looks have failed for too long. */
  async #waitForSight(): Promise<boolean> {
    const now = this.#time.now();
    if (this.#unseenSince === undefined) {
      this.#unseenSince = now;
      this.#unseenPause = LONGEST_PAUSE_MS;
    }
    if (now - this.#unseenSince >= this.#giveUpMs) return false;
    await this.#time.sleep(this.#unseenPause);
    this.#unseenPause = Math.min(this.#unseenPause * 2, LONGEST_WAIT_FOR_SIGHT_MS);
    return true;
  }

  /** Asks those that are new to end. */
  async #track(members: readonly ProcessInfo[]): Promise<Tracked[]> {
    const { asked, graceMs } = this.#options;
    const fresh = members.filter((process) => !this.#tracked.has(keyOf(process)));
    for (const process of fresh) {
      const killAt = asked?.get(keyOf(process)) ?? this.#began + graceMs;
      this.#tracked.set(keyOf(process), {
        process,
        described: described(this.#table, process),
        killAt,
        killedAt: undefined,
      });
    }
    const toAsk = this.#isUrgent() ? [] : fresh.filter((process) => !asked?.has(keyOf(process)));
    await askToEnd(this.#table, toAsk);
    return members.map((process) => this.#tracked.get(keyOf(process)) as Tracked);
  }

  /**
   * Kills those whose time has come. Waits until all are gone, or only those are left that cannot be ended, or the
   * time of another has come: that one is killed after a new look only, since nothing else leads to what it has
   * started meanwhile.
   */
  async #endThese(all: readonly Tracked[]): Promise<void> {
    const isDue = ({ killAt, killedAt }: Tracked) =>
      killedAt === undefined && (this.#isUrgent() || killAt <= this.#time.now());
    const due = all.filter(isDue);
    await this.#kill(due);
    for (const one of due) one.killedAt = this.#time.now();
    let here = all;
    let pause = 1;
    while (here.length > 0 && !here.every(this.#isStuck) && !here.some(isDue)) {
      const waiting = here
        .filter(({ killedAt }) => killedAt === undefined)
        .map(({ killAt }) => killAt - this.#time.now());
      await this.#time.sleep(Math.max(0, Math.min(pause, ...waiting)));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      const { there, unknown } = await this.#table.look(here.map(({ process }) => process));
      const alive = new Set([...there, ...unknown].map(keyOf));
      here = here.filter(({ process }) => alive.has(keyOf(process)));
      // Where it could not be looked at when its time came, it got no signal.
      if (unknown.length > 0) await this.#kill(here.filter(({ killedAt }) => killedAt !== undefined));
    }
  }

  async #kill(those: readonly Tracked[]): Promise<void> {
    await this.#table.signal(
      those.map(({ process }) => process),
      'SIGKILL',
    );
  }

  #seen({ members, kept }: RunProcesses): Leftovers {
    const remaining = members.map((process) => (this.#tracked.get(keyOf(process)) as Tracked).described);
    return {
      swept: this.#without(remaining),
      kept: kept.slice(0, NAMED_AT_MOST).map((process) => described(this.#table, process)),
      remaining: remaining.slice(0, NAMED_AT_MOST),
    };
  }

  /** None of them could be seen. */
  #unseen(unseen: string, known: readonly ProcessIdentity[]): Leftovers {
    const others = known.filter((process) => !this.#tracked.has(keyOf(process)));
    const remaining = [
      ...[...this.#tracked.values()].map((one) => one.described),
      ...others.map((process) => ({ ...identityOf(process), command: `process ${process.pid}` })),
    ];
    return { swept: [], kept: [], remaining: remaining.slice(0, NAMED_AT_MOST), unseen };
  }

  #without(remaining: readonly SweptProcess[]): SweptProcess[] {
    const stillHere = new Set(remaining);
    const all = [...this.#tracked.values()].map((one) => one.described);
    const gone = all.filter((one) => !stillHere.has(one));
    return gone.slice(0, NAMED_AT_MOST);
  }
}

/** Asks processes to end, one by one. */
export async function askToEnd(table: ProcessTable, processes: readonly ProcessIdentity[]): Promise<void> {
  if (processes.length === 0) return;
  await table.signal(processes, 'SIGTERM');
  await table.signal(processes, 'SIGCONT');
}

/** A process as it is recorded and shown. */
export function described(table: ProcessTable, process: ProcessInfo): SweptProcess {
  return { ...identityOf(process), command: commandOf(table, process).slice(0, COMMAND_CHARACTERS) };
}
