import { isWritable, timeOf } from '../runFolder/atomicFile.ts';
import { lookAtClaim } from '../runFolder/recordSchemas.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { Heartbeat } from './heartbeat.ts';

/** How often (ms) to look at the heartbeat. */
const LOOK_MS = 1_000;
/** How often (ms) a guardian is woken that does not show whether it works. */
const WAKE_MS = 10_000;

export interface GuardianPulseOptions {
  readonly files: RunFiles;
  /** Resumes a guardian that was stopped (SIGSTOP); harmless to one that runs. */
  readonly wake: () => void;
  /** It does not work although it was woken. */
  readonly replace: () => void;
  readonly onLate: () => void;
}

/**
 * Notices a guardian that somebody has stopped: it is woken within a minute, and replaced if that does not help. One of
 * the first edition has no heartbeat, and is woken now and then.
 */
export class GuardianPulse {
  readonly #options: GuardianPulseOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #wokenAt: number;
  /** How often it beats; undefined if it does not, or if that is not known yet. */
  #beatMs: number | undefined;
  #heartbeat: Heartbeat | undefined;
  #isLate = false;

  /** `now`: time of a clock that only runs forward, ms. */
  constructor(options: GuardianPulseOptions, now: number) {
    this.#options = options;
    this.#wokenAt = now;
  }

  feel(now: number): void {
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const { files, onLate, replace } = this.#options;
    const beat = timeOf(files.claim);
    if (!this.#heartbeat) this.#begin(now);
    const pulse = this.#heartbeat?.look(beat, now);
    if (pulse === 'late' && !this.#isLate) onLate();
    this.#isLate = pulse === 'late';
    if (pulse === 'beats') return;
    this.#wake(now);
    if (pulse === 'dead' && isWritable(files.folder)) replace();
  }

  #begin(now: number): void {
    const claim = lookAtClaim(this.#options.files);
    if (claim.state === 'there') this.#beatMs = claim.value.beatMs;
    if (this.#beatMs !== undefined) this.#heartbeat = new Heartbeat(this.#beatMs, now);
  }

  #wake(now: number): void {
    if (!this.#isLate && now - this.#wokenAt < WAKE_MS) return;
    this.#wokenAt = now;
    this.#options.wake();
  }
}
