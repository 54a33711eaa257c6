import type { GuardianLink } from './guardianLink.ts';
import { GuardianPulse, type GuardianPulseOptions } from './guardianPulse.ts';
import { Sight, type SightOptions } from './sight.ts';

/** How often (ms) a guardian is checked that we did not start ourselves. */
const GUARDIAN_LOOK_MS = 1_000;

export interface GuardianWatchOptions extends Omit<GuardianPulseOptions, 'wake'>, SightOptions {
  readonly link: GuardianLink;
  readonly onGone: () => void;
  /** It could not be seen for so long that its run is given up (R3.1). */
  readonly onGivenUp: (why: string) => void;
}

/** Watches the guardian of one run: that it works, that it lives, and that both can be seen. */
export class GuardianWatch {
  readonly #options: GuardianWatchOptions;
  readonly #pulse: GuardianPulse;
  readonly #sight: Sight;
  /** When a guardian that is not our child was last checked. */
  #lookedAt = 0;
  /** The system will report its end: it is our child. */
  awaitsChild = false;

  /** `now`: time of a clock that only runs forward, ms. */
  constructor(options: GuardianWatchOptions, now: number) {
    this.#options = options;
    this.#pulse = new GuardianPulse({ ...options, wake: () => options.link.wake() }, now);
    this.#sight = new Sight(options);
  }

  /** Whether it is time for a look. */
  isDue(now: number): boolean {
    return this.#sight.isDue(now);
  }

  look(now: number): void {
    this.#pulse.feel(now);
    if (this.awaitsChild || now - this.#lookedAt < GUARDIAN_LOOK_MS) return;
    this.#lookedAt = now;
    const { link, onGone, onGivenUp } = this.#options;
    const guardian = link.look();
    if (guardian.state === 'there') this.#sight.succeeds();
    else if (guardian.state === 'gone') onGone();
    else if (!this.#sight.fails(guardian.why, now)) onGivenUp(guardian.why);
  }

  /** A look at its run's end failed. Returns false once the run is to be given up. */
  fails(why: string, now: number): boolean {
    return this.#sight.fails(why, now);
  }
}
