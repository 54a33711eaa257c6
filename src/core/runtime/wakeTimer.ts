import type { Disposable } from '../model/disposable.ts';
import { ALIVE_EVERY_MS, isAliveDue } from '../policy/absence.ts';
import { gateAt } from '../policy/accountGate.ts';
import { circuitAt, cooldownRemainingMs } from '../policy/circuitBreaker.ts';
import { LONGEST_SLEEP_MS, TRY_AGAIN_MS } from '../ports/clock.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import { LEAST_FREE_BYTES } from '../steps/dispatch.ts';
import { isChecked, trialEndsAt } from '../steps/holds.ts';
import { askingDueAt } from '../steps/questions.ts';
import { isDue, wakeDue } from '../steps/wake.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';
import type { TransactionQueue } from './transactionQueue.ts';

/** How long (ms) after which a full disk is checked again. */
const DISK_AGAIN_MS = 5_000;

/**
 * Runs a transaction when something changes by itself: back-offs, waits, holds, the cool-down, the day, a disk that has
 * room again (R3.3).
 */
export class WakeTimer implements Disposable {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #transactions: TransactionQueue;
  readonly #timer: Timer;
  readonly #retryLog: RetryLog;
  /** Something could have started had the disk not been full, and no transaction has tried since. */
  #waitsForDisk = false;

  constructor(context: SupervisorContext, liveState: LiveState, transactions: TransactionQueue) {
    this.#context = context;
    this.#liveState = liveState;
    this.#transactions = transactions;
    this.#timer = new Timer(context.clock);
    this.#retryLog = new RetryLog(context);
  }

  /** Resets it after a commit. `waitsForDisk`: what the transaction found, where it was to start something. */
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
    // Another window may have woken them.
    if (due > now) this.#retryLog.withdraw();
    this.#timer.set(Math.min(Math.max(0, due - now), LONGEST_SLEEP_MS), this.#ring);
  }

  readonly #ring = (): void => {
    const now = this.#context.clock.now();
    if (this.#nextDue(now) > now) {
      this.#sleep();
      return;
    }
    this.#transactions.takeAndDispatch(wakeDue).catch((error: unknown) => {
      this.#retryLog.make('Loops that are due could not be woken', error);
      this.#timer.set(TRY_AGAIN_MS, this.#ring);
    });
  };

  /** The next wall time (ms) at which something may change by itself. */
  #nextDue(now: number): number {
    const { clock, settings, launcher } = this.#context;
    const { circuits, gates } = this.#liveState.control;
    let next = Number.POSITIVE_INFINITY;
    const at = (time: number) => {
      next = Math.min(next, time);
    };
    // One transaction marks only so many.
    if (this.#liveState.lanes.hasNewlyParked) at(now);
    for (const loop of this.#liveState.timed.values()) at(isDue(loop, now) ? now : loop.until);
    for (const loop of this.#liveState.active.values()) if (loop.asking) at(askingDueAt(this.#context, loop, now));
    // What a clock change has spoilt is corrected at once: times that now lie in the future would keep it open (R4.5).
    for (const circuit of Object.values(circuits)) {
      if (circuitAt(circuit, settings.circuit, now).record !== circuit) at(now);
      else if (circuit.state === 'open') at(now + cooldownRemainingMs(circuit, settings.circuit, now));
    }
    for (const gate of Object.values(gates)) {
      if (gateAt(gate, now) !== gate) at(now);
      else if (gate.state === 'trial') at(trialEndsAt({ liveState: this.#liveState, now }, gate));
      else if (gate.until !== undefined && !isChecked(this.#context, gate)) at(gate.until);
    }
    const { seen } = this.#liveState.control;
    at(seen && !isAliveDue(seen.at, now) ? seen.at + ALIVE_EVERY_MS : now);
    // A new day has its own budget, and a clock that went back has an old one: for what waits, and for what is shown
    // (R6.1).
    at(clock.day(now) === this.#liveState.day.day ? clock.nextDay(now) : now);
    if (this.#liveState.queue.size > 0 && !this.#transactions.halted) {
      if (launcher.freeBytes() < LEAST_FREE_BYTES) {
        this.#waitsForDisk = true;
        at(now + DISK_AGAIN_MS);
      } else if (this.#waitsForDisk) at(now);
    }
    return next;
  }
}
