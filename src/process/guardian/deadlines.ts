import type { StopBy } from '../../core/model/attempt.ts';
import type { RunLimits } from '../../core/ports/launcher.ts';

/** What is seen of a run at a tick. */
export interface Sight {
  /** Bytes that the agent has written to standard output and standard error. */
  readonly logBytes: number;
  /** Whether any window lives. */
  readonly attended: boolean;
  /** It waits for its user's answer (R17.2). */
  readonly asking?: boolean;
}

/** What the deadlines say now. */
export interface Verdict {
  readonly stop?: StopBy;
  /** The agent has been silent for that long; only a warning follows. */
  readonly silent?: { readonly kind: 'first-output' | 'silence'; readonly forMs: number };
  /** When (ms from now) the next of them is due, at most. */
  readonly dueMs: number;
}

/**
 * The deadlines of one run (R7.6). Times are those of a clock that stands still in suspend, ms; a limit of 0 is none.
 */
export class Deadlines {
  readonly #limits: RunLimits;
  #logBytes = 0;
  /** When something was last heard, or waiting was restarted. */
  #heardAt = 0;
  #unattendedSince: number | undefined;
  #leaveAt: number | undefined;
  /** When it was last looked at, and how long it has waited for answers. */
  #lookedAt = 0;
  #askedMs = 0;

  constructor(limits: RunLimits) {
    this.#limits = limits;
  }

  keepWaiting(now: number): void {
    this.#heardAt = now;
  }

  /** Its window has gone: it stops after that time, unless `stay` is called. */
  leave(now: number, stopAfterMs: number | undefined): void {
    this.#leaveAt = stopAfterMs === undefined ? undefined : now + stopAfterMs;
  }

  stay(): void {
    this.#leaveAt = undefined;
  }

  look(now: number, sight: Sight): Verdict {
    const { timeoutMs, unattendedGraceMs } = this.#limits;
    if (sight.asking) {
      // Its deadlines for silence and run time stand still meanwhile.
      this.#askedMs += now - this.#lookedAt;
      this.#heardAt += now - this.#lookedAt;
    }
    this.#lookedAt = now;
    const grown = sight.logBytes - this.#logBytes;
    this.#logBytes = sight.logBytes;
    if (grown > 0) this.#heardAt = now;
    if (sight.attended) this.#unattendedSince = undefined;
    else this.#unattendedSince ??= now;

    const due: number[] = [];
    const passed = (since: number | undefined, span: number) => {
      if (since === undefined || span === 0) return false;
      due.push(since + span - now);
      return now - since >= span;
    };
    const silence = this.#silence(now, passed);
    const stop = this.#stop([
      [passed(this.#askedMs, timeoutMs), 'timeout'],
      [silence !== undefined && this.#limits.onSilence === 'restart', 'hung'],
      [passed(this.#unattendedSince, unattendedGraceMs), 'unattended'],
      [this.#leaveAt !== undefined && now >= this.#leaveAt, 'unattended'],
    ]);
    if (this.#leaveAt !== undefined) due.push(this.#leaveAt - now);
    const dueMs = Math.min(...due.filter((ms) => ms > 0), Number.MAX_SAFE_INTEGER);
    return { ...(stop && { stop }), ...(silence && this.#limits.onSilence === 'warn' && { silent: silence }), dueMs };
  }

  #silence(now: number, passed: (since: number, span: number) => boolean): Verdict['silent'] {
    const kind = this.#logBytes === 0 ? 'first-output' : 'silence';
    const span = kind === 'first-output' ? this.#limits.firstOutputMs : this.#limits.silenceMs;
    return passed(this.#heardAt, span) ? { kind, forMs: Math.round(now - this.#heardAt) } : undefined;
  }

  #stop(causes: readonly (readonly [boolean, StopBy])[]): StopBy | undefined {
    return causes.find(([holds]) => holds)?.[1];
  }
}
