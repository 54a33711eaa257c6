import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { StopStep } from '../../core/ports/agents.ts';
import { LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { findRun, NOBODY, type RunMarks, type RunProcesses } from '../sweep/findProcesses.ts';
import { askToEnd, GIVE_UP_MS } from '../sweep/sweep.ts';
import { keyOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';

export interface GroupStopOptions {
  readonly table: ProcessTable;
  readonly token: string;
  readonly folder: string;
  readonly ownFolders: readonly string[];
  readonly leader: ProcessIdentity;
  /** The control group of the run, where it has one (R13.1). */
  readonly group?: Cgroup | undefined;
  /** Our own parent, where it takes in what loses its parent. */
  readonly reaper?: number | undefined;
  readonly keep: readonly string[];
  readonly steps: readonly StopStep[];
  /** These were seen below the leader. */
  readonly onSeen: (processes: readonly ProcessInfo[]) => void;
  /** The leader is still there long after SIGKILL (R7.6). */
  readonly onStuck: () => void;
  readonly onError: (error: unknown) => void;
}

/** How long (ms) a signal waits for a look at who would get it. */
const LOOK_PATIENCE_MS = 500;
const DEFAULT_STEPS: readonly StopStep[] = [{ signal: 'SIGTERM', share: 1 }];

/** When each step of a stop is due, ms after its beginning: every step has its share of the grace period. */
export function stopTimes(
  steps: readonly StopStep[],
  graceMs: number,
): { readonly signal: StopStep['signal']; readonly afterMs: number }[] {
  const wanted = steps.length > 0 ? steps : DEFAULT_STEPS;
  const total = wanted.reduce((sum, { share }) => sum + share, 0) || 1;
  let share = 0;
  return wanted.map((step) => {
    const afterMs = (share / total) * graceMs;
    share += step.share;
    return { signal: step.signal, afterMs };
  });
}

/**
 * Signals and stops the process group of a run while its leader lives (R7.2, R7.3): a picture of all below it before
 * the first signal, each signal followed by SIGCONT, SIGKILL when the grace period is over. What is left after the
 * leader is for the sweep.
 */
export class GroupStop {
  /** All that were seen below the leader before signals. */
  readonly #seen = new Map<string, ProcessIdentity>();
  /** The processes that got a signal to end, and when (time of `performance.now`) they are killed. */
  readonly asked = new Map<string, number>();
  readonly #options: GroupStopOptions;
  /** Signals go out one after another. */
  #work: Promise<unknown> = Promise.resolve();
  #steps: { readonly signal: StopStep['signal']; readonly at: number }[] = [];
  #killAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leaderGone = false;
  /** The whole run is frozen, and nothing may wake it before it is killed. */
  #frozen = false;

  constructor(options: GroupStopOptions) {
    this.#options = options;
  }

  /** Stops in steps. While a stop is under way, another can only make it quicker. */
  begin(graceMs: number): void {
    if (this.#leaderGone || this.#frozen) return;
    const now = performance.now();
    const killAt = now + graceMs;
    if (this.#killAt === undefined) {
      this.#steps = stopTimes(this.#options.steps, graceMs).map(({ signal, afterMs }) => ({
        signal,
        at: now + afterMs,
      }));
    }
    this.#killAt = Math.min(this.#killAt ?? killAt, killAt);
    this.#next();
  }

  /** Sends SIGKILL to the group and to all that was ever seen below it. Returns whether it reached any process. */
  kill(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#options.onStuck, GIVE_UP_MS);
    this.#killAt = performance.now();
    return this.#inTurn(async () => {
      const found = await this.#look();
      const outside = this.#outside(found);
      if (this.#frozen) await this.#options.table.signal(outside, 'SIGSTOP');
      const group = await this.#signalGroup(found, 'SIGKILL');
      const others = await this.#options.table.signal(outside, 'SIGKILL');
      for (const process of found.members) this.asked.set(keyOf(process), 0);
      // What is spared was frozen with its group.
      if (this.#frozen) await this.#options.table.signal(found.kept, 'SIGCONT');
      return group || others.length > 0;
    });
  }

  /** Kills the group, which was frozen just now, and the rest of the run, without waking any of it first. */
  killFrozen(): Promise<boolean> {
    this.#frozen = true;
    return this.kill();
  }

  /** Sends just this signal to the group. Returns whether it was delivered. */
  signal(signal: string): Promise<boolean> {
    return this.#inTurn(async () => this.#signalIfAwake(await this.#look(), signal));
  }

  get leader(): ProcessIdentity {
    return this.#options.leader;
  }

  /** The leader has ended: nothing more is sent to its group as a whole. */
  leaderEnded(): void {
    this.#leaderGone = true;
    clearTimeout(this.#timer);
  }

  /** What to find the processes of the run by. */
  marks(known: readonly ProcessIdentity[] = []): RunMarks {
    const { token, leader, folder, ownFolders, group, reaper } = this.#options;
    const seen = [...this.#seen.values(), ...known];
    return { token, leader, folder, ownFolders, group, reaper, seen, trustGroup: true };
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#leaderGone || this.#killAt === undefined) return;
    const now = performance.now();
    if (now >= this.#killAt) {
      void this.kill();
      return;
    }
    const [step] = this.#steps;
    if (step && now >= step.at) {
      this.#steps.shift();
      void this.#inTurn(() => this.#step(step.signal)).then(() => this.#next());
      return;
    }
    const at = Math.min(this.#killAt, step?.at ?? this.#killAt);
    this.#timer = setTimeout(() => this.#next(), Math.min(Math.max(1, at - now), LONGEST_TIMER_MS));
  }

  async #step(signal: StopStep['signal']): Promise<boolean> {
    const found = await this.#look();
    const delivered = await this.#signalIfAwake(found, signal);
    await this.#signalIfAwake(found, 'SIGCONT');
    // An interrupt is for the agent, so that it can finish its work; a request to end is for all that it has started
    // too.
    if (signal !== 'SIGTERM' || this.#frozen) return delivered;
    await askToEnd(this.#options.table, this.#outside(found));
    for (const process of found.members) this.asked.set(keyOf(process), this.#killAt ?? 0);
    return delivered;
  }

  async #look(): Promise<RunProcesses> {
    const { table, keep, leader } = this.#options;
    const looking = findRun(table, this.marks(), { keep, deep: this.#frozen, since: leader }).catch((error: unknown) =>
      this.#options.onError(error),
    );
    // The group gets its signal without a look, too (R7.2).
    const look = await Promise.race([looking, sleep(LOOK_PATIENCE_MS, undefined, { ref: false })]);
    const found = look && look.state === 'there' ? look.value : NOBODY;
    const seen = [...found.members, ...found.kept];
    for (const process of seen) this.#seen.set(keyOf(process), process);
    this.#options.onSeen(seen);
    return found;
  }

  async #signalIfAwake(found: RunProcesses, signal: string): Promise<boolean> {
    return !this.#frozen && (await this.#signalGroup(found, signal));
  }

  /** The group as one if all of it is ours to end, else its members one by one. */
  async #signalGroup(found: RunProcesses, signal: string): Promise<boolean> {
    const { table, leader } = this.#options;
    if (this.#leaderGone) return false;
    if (!found.kept.some((process) => this.#isInGroup(process))) return table.signalGroup(leader, signal);
    const members = found.members.filter((process) => this.#isInGroup(process));
    return (await table.signal(members, signal)).length > 0;
  }

  #outside(found: RunProcesses): ProcessInfo[] {
    return found.members.filter((process) => !this.#isInGroup(process));
  }

  /** Where there are no groups, all below the leader are its group. */
  #isInGroup({ group }: ProcessInfo): boolean {
    return group === this.#options.leader.pid || group === 0;
  }

  #inTurn(work: () => Promise<boolean>): Promise<boolean> {
    const result = this.#work.then(work).catch((error: unknown) => {
      this.#options.onError(error);
      return false;
    });
    this.#work = result;
    return result;
  }
}
