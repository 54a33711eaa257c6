import type { ProcessIdentity, SweptProcess } from '../../core/model/loop.ts';
import { identityOf, keyOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import type { RunProcesses } from './findProcesses.ts';

/** What became of the processes that were left of a run. */
export interface SweepResult {
  readonly swept: readonly SweptProcess[];
  readonly kept: readonly SweptProcess[];
  readonly remaining: readonly SweptProcess[];
}

/** What became of nobody. */
export const NOTHING_LEFT: SweepResult = { swept: [], kept: [], remaining: [] };

export interface SweepOptions {
  /** Time between the request to end and SIGKILL, ms. */
  readonly graceMs: number;
  /** Processes that were asked to end before, by key, with the time (of `performance.now`) at which they are killed. */
  readonly asked?: ReadonlyMap<string, number>;
  /** How long (ms) after SIGKILL a process that is still there is given up (R7.6). */
  readonly giveUpMs?: number;
  /** Whether SIGKILL must not wait any longer: nobody is asked to end before it, or woken for that. */
  readonly isUrgent?: () => boolean;
}

/** Time is passed in so that a sweep of processes that can not be ended can be tested without waiting. */
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
/** As many are named; a run that keeps more than this is told by the first. */
const NAMED_AT_MOST = 100;
const COMMAND_CHARACTERS = 200;
/** Between two looks at those that are being ended, ms. */
const LONGEST_PAUSE_MS = 25;

/** Looks for what is left of a run; `known` are those found before. */
export type Find = (known: readonly ProcessInfo[]) => Promise<RunProcesses>;

interface Tracked {
  readonly process: ProcessInfo;
  readonly told: SweptProcess;
  readonly killAt: number;
  killedAt: number | undefined;
}

/**
 * Ends all that `find` finds: SIGTERM (and SIGCONT, for a stopped process hears nothing else), then SIGKILL after the grace period, and looks again until
 * nothing is found but what can not be ended. It tells nothing gone that it has not seen gone.
 */
export async function sweep(
  table: ProcessTable,
  find: Find,
  options: SweepOptions,
  time = REAL_TIME,
): Promise<SweepResult> {
  const giveUpMs = options.giveUpMs ?? GIVE_UP_MS;
  const tracked = new Map<string, Tracked>();
  const began = time.now();
  const deadline = began + options.graceMs;
  const isStuck = ({ killedAt }: Tracked) => killedAt !== undefined && time.now() - killedAt >= giveUpMs;
  const isUrgent = options.isUrgent ?? (() => false);
  let found: RunProcesses;
  for (;;) {
    found = await find([...tracked.values()].map(({ process }) => process));
    const fresh = found.members.filter((process) => !tracked.has(keyOf(process)));
    for (const process of fresh) {
      const killAt = options.asked?.get(keyOf(process)) ?? deadline;
      tracked.set(keyOf(process), { process, told: described(table, process), killAt, killedAt: undefined });
    }
    const toAsk = isUrgent() ? [] : fresh.filter((process) => !options.asked?.has(keyOf(process)));
    await askToEnd(table, toAsk);
    const here = found.members.map((process) => tracked.get(keyOf(process)) as Tracked);
    if (here.every(isStuck)) break;
    // What comes up faster than it can be ended is not chased for ever. Those that were killed before we began may still be on their way out.
    if (time.now() - Math.max(began, ...here.map(({ killAt }) => killAt)) >= giveUpMs) break;
    await endThese(table, here, isStuck, isUrgent, time);
  }
  const remaining = found.members.map((process) => (tracked.get(keyOf(process)) as Tracked).told);
  const stillHere = new Set(remaining);
  return {
    swept: [...tracked.values()]
      .map(({ told }) => told)
      .filter((told) => !stillHere.has(told))
      .slice(0, NAMED_AT_MOST),
    kept: found.kept.slice(0, NAMED_AT_MOST).map((process) => described(table, process)),
    remaining: remaining.slice(0, NAMED_AT_MOST),
  };
}

/** Asks processes to end, one by one. */
export async function askToEnd(table: ProcessTable, processes: readonly ProcessIdentity[]): Promise<void> {
  if (processes.length === 0) return;
  await table.signal(processes, 'SIGTERM');
  await table.signal(processes, 'SIGCONT');
}

/**
 * Kills those whose time has come, and waits until all are gone, or only those are left that can not be ended, or the time of another has come: before
 * that one is killed we look again, for nobody may find what it has started since.
 */
async function endThese(
  table: ProcessTable,
  all: readonly Tracked[],
  isStuck: (one: Tracked) => boolean,
  isUrgent: () => boolean,
  time: SweepTime,
): Promise<void> {
  const isDue = ({ killAt, killedAt }: Tracked) => killedAt === undefined && (isUrgent() || killAt <= time.now());
  const due = all.filter(isDue);
  await table.signal(
    due.map(({ process }) => process),
    'SIGKILL',
  );
  for (const one of due) one.killedAt = time.now();
  let here = all;
  let pause = 1;
  while (here.length > 0 && !here.every(isStuck) && !here.some(isDue)) {
    const waiting = here.filter(({ killedAt }) => killedAt === undefined).map(({ killAt }) => killAt - time.now());
    await time.sleep(Math.max(0, Math.min(pause, ...waiting)));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    const alive = new Set((await table.alive(here.map(({ process }) => process))).map(keyOf));
    here = here.filter(({ process }) => alive.has(keyOf(process)));
  }
}

/** A process as it is recorded and shown. */
export function described(table: ProcessTable, process: ProcessInfo): SweptProcess {
  const command = table.args(process).join(' ') || process.name;
  return { ...identityOf(process), command: command.slice(0, COMMAND_CHARACTERS) };
}
