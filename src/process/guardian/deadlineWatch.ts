import type { StopBy } from '../../core/model/attempt.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import { questionIds } from '../runFolder/questionFiles.ts';
import { FORMAT, type Order, type RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { Attendance } from './attendance.ts';
import { Deadlines, type Verdict } from './deadlines.ts';
import type { RunRecords } from './runRecords.ts';
import { TickClock } from './tickClock.ts';

/** Looks at each tick what the deadlines of the run say, and records when it has been silent for long. */
export class DeadlineWatch {
  readonly #files: RunFiles;
  readonly #limits: RunRequest['limits'];
  readonly #deadlines: Deadlines;
  readonly #attendance: Attendance;
  readonly #records: RunRecords;
  readonly #clock = new TickClock(() => performance.now());
  #isSilent = false;
  #wasAsking = false;

  constructor(
    { limits, windowsFolder }: RunRequest,
    files: RunFiles,
    inspector: ProcessInspector,
    records: RunRecords,
  ) {
    this.#files = files;
    this.#limits = limits;
    this.#deadlines = new Deadlines(limits);
    this.#attendance = new Attendance(windowsFolder, inspector);
    this.#records = records;
  }

  /** Takes note of the time. */
  tick(): void {
    this.#clock.tick();
  }

  /** How long (ms) to wait for the next tick when something is due after `ms`. */
  plan(ms: number): number {
    return this.#clock.plan(ms);
  }

  /** Whether the run must be stopped now, and in how long (ms) the next deadline is due at most. */
  look(logBytes: number): { readonly stop?: StopBy; readonly dueMs: number } {
    const now = this.#clock.elapsed;
    const attended = this.#attendance.isAttended(now, this.#limits.unattendedGraceMs);
    const { silent, ...verdict } = this.#deadlines.look(now, { logBytes, attended, asking: this.#isAsking() });
    if (!verdict.stop) this.#noteSilence(silent);
    return verdict;
  }

  /** An order that changes when the run is stopped; others change nothing here. */
  obey(order: Order): void {
    const now = this.#clock.elapsed;
    if (order.kind === 'leave') this.#deadlines.leave(now, order.stopAfterMs);
    if (order.kind === 'adopted' && order.mine) this.#deadlines.stay();
    if (order.kind === 'keepWaiting') this.#deadlines.keepWaiting(now);
  }

  /** What cannot be seen now is as it was: neither does an open question vanish, nor does a deadline wait for none. */
  #isAsking(): boolean {
    const open = questionIds(this.#files, 'open');
    if (open.state === 'there') this.#wasAsking = open.value.length > 0;
    return this.#wasAsking;
  }

  #noteSilence(silent: Verdict['silent']): void {
    if ((silent !== undefined) === this.#isSilent) return;
    this.#isSilent = silent !== undefined;
    this.#records.silent(silent && { format: FORMAT, ...silent });
  }
}
