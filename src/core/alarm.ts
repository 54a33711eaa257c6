import { circuitAt, cooldownRemainingMs } from './circuitBreaker.ts';
import { type Disposable, LONGEST_SLEEP_MS, TRY_AGAIN_MS } from './clock.ts';
import { Complaint } from './complaint.ts';
import type { SupervisorContext } from './context.ts';
import { LEAST_FREE_BYTES } from './dispatch.ts';
import type { LoopState } from './loop.ts';
import type { LiveMirror, TimedLoop } from './mirror.ts';
import { requeue } from './settle.ts';
import { Timer } from './timer.ts';
import type { Turn } from './turn.ts';
import type { Turns } from './turns.ts';
import { isAhead } from './waits.ts';

/** How long (ms) after which a full disk is looked at again. */
const DISK_AGAIN_MS = 5_000;

/** Takes a turn when something changes by itself: back-offs, waits, holds, the cool-down, the day, a disk that has room again (R3.3). */
export class Alarm implements Disposable {
  readonly #context: SupervisorContext;
  readonly #mirror: LiveMirror;
  readonly #turns: Turns;
  readonly #timer: Timer;
  readonly #complaint: Complaint;
  /** Something could have started had the disk not been full, and no turn has tried since. */
  #waitsForDisk = false;

  constructor(context: SupervisorContext, mirror: LiveMirror, turns: Turns) {
    this.#context = context;
    this.#mirror = mirror;
    this.#turns = turns;
    this.#timer = new Timer(context.clock);
    this.#complaint = new Complaint(context);
  }

  /** Sets it anew: a turn was taken, which may have changed what is due next. `waitsForDisk`: what it found, where it was to start something. */
  set(waitsForDisk: boolean | undefined): void {
    this.#waitsForDisk = waitsForDisk ?? this.#waitsForDisk;
    this.#sleep();
  }

  dispose(): void {
    this.#timer.dispose();
  }

  #sleep(): void {
    const now = this.#context.clock.now();
    const due = this.#nextDue(now);
    // It may have been another window that woke them.
    if (due > now) this.#complaint.withdraw();
    this.#timer.set(Math.min(Math.max(0, due - now), LONGEST_SLEEP_MS), this.#ring);
  }

  readonly #ring = (): void => {
    const now = this.#context.clock.now();
    if (this.#nextDue(now) > now) {
      this.#sleep();
      return;
    }
    this.#turns.takeAndDispatch(wakeDue).catch((error: unknown) => {
      this.#complaint.make('Loops that are due could not be woken', error);
      this.#timer.set(TRY_AGAIN_MS, this.#ring);
    });
  };

  /** The next wall time (ms) at which something may change by itself. */
  #nextDue(now: number): number {
    const { clock, settings, launcher } = this.#context;
    const { circuit, holds } = this.#mirror.control;
    let next = Number.POSITIVE_INFINITY;
    const at = (time: number) => {
      next = Math.min(next, time);
    };
    for (const loop of this.#mirror.timed.values()) at(isDue(loop, now) ? now : loop.until);
    // What the clock has made wrong in it is put right at once: times that now lie in the future would keep it open (R4.5).
    if (circuitAt(circuit, settings.circuit, now).record !== circuit) at(now);
    else if (circuit.state === 'open') at(now + cooldownRemainingMs(circuit, settings.circuit, now));
    for (const hold of Object.values(holds)) at(isAhead(hold.until, now) ? hold.until : now);
    // A new day has its own budget, and a clock that went back has an old one: for what waits, and for what is shown (R6.1).
    at(clock.day(now) === this.#mirror.day.day ? clock.nextDay(now) : now);
    if (this.#mirror.queue.size > 0 && !this.#turns.halted) {
      if (launcher.freeBytes() < LEAST_FREE_BYTES) {
        this.#waitsForDisk = true;
        at(now + DISK_AGAIN_MS);
      } else if (this.#waitsForDisk) at(now);
    }
    return next;
  }
}

/** A back-off that began in the future (the clock went back) is over: no clock change makes a loop wait for ever (R4.5). */
function isDue(loop: TimedLoop, now: number): boolean {
  return !isAhead(loop.until, now) || (loop.state === 'backingOff' && loop.since > now);
}

const WOKEN: { readonly [state in Extract<LoopState, 'backingOff' | 'waiting'>]: string } = {
  backingOff: 'the back-off is over',
  waiting: 'the wait is over',
};

/** Brings back to the queue what has waited long enough, and lifts holds that are over. */
function wakeDue(turn: Turn): void {
  for (const loop of [...turn.mirror.timed.values()]) if (isDue(loop, turn.now)) requeue(turn, loop, WOKEN[loop.state]);
  const holds = Object.entries(turn.control.holds);
  const kept = holds.filter(([, hold]) => isAhead(hold.until, turn.now));
  if (kept.length < holds.length) turn.putControl({ ...turn.control, holds: Object.fromEntries(kept) });
}
