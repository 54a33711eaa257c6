import { type Leftovers, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { whyOf } from '../../core/model/looks.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { emptied, isEmpty, whileLeaving } from '../contain/runGroup.ts';
import type { RunRequest } from '../runFolder/records.ts';
import { findRun } from '../sweep/findProcesses.ts';
import { LEAST_GRACE_MS, sweep } from '../sweep/sweep.ts';
import type { ProcessInfo, ProcessTable } from '../tables/processTable.ts';
import type { GroupStop } from './groupStop.ts';

export interface RunSweepOptions {
  readonly limits: RunRequest['limits'];
  readonly table: ProcessTable;
  /** How to find the run's processes, and who was asked to end. */
  readonly stop: GroupStop;
  /** The control group of the run, where it has one (R13.1). */
  readonly group: Cgroup | undefined;
  readonly isUrgent: () => boolean;
  /** These were found. */
  readonly onSeen: (processes: readonly ProcessInfo[]) => void;
  readonly log: (message: string, error?: unknown) => void;
}

/** Ends what is left of a run after its leader (R7.4). */
export class RunSweep {
  readonly #options: RunSweepOptions;
  /** Who was found by the last look. */
  #found: readonly ProcessInfo[] = [];

  constructor(options: RunSweepOptions) {
    this.#options = options;
  }

  /** Ends the rest. Resolves with what was swept, spared and could not be ended; never rejects. */
  async run(giveUpMs?: number): Promise<Leftovers> {
    const { limits, table, stop, group, isUrgent, log } = this.#options;
    try {
      const [killAt = 0] = stop.asked.values();
      if (group) await whileLeaving(group, () => isUrgent() || performance.now() >= killAt);
      const left = await sweep(table, this.#find, {
        graceMs: Math.max(limits.graceMs, LEAST_GRACE_MS),
        asked: stop.asked,
        isUrgent,
        isEmpty: group && (() => isEmpty(group)),
        giveUpMs,
      });
      return group ? await emptied(group, left) : left;
    } catch (error) {
      log('What was left of the run could not be cleaned up.', error);
      return { ...NOTHING_LEFT, unseen: whyOf(error) };
    }
  }

  /** Stops those of the last look where they stand. */
  async freeze(): Promise<void> {
    await this.#options.table.signal(this.#found, 'SIGSTOP');
  }

  readonly #find = async (known: readonly ProcessInfo[]) => {
    const { limits, table, stop, onSeen } = this.#options;
    const found = await findRun(table, stop.marks(known), { keep: limits.keep, deep: true, since: stop.leader });
    if (found.state === 'there') {
      this.#found = found.value.members;
      onSeen(found.value.members);
    }
    return found;
  };
}
