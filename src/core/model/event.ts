import type { CheckOutcome } from './check.ts';
import type { CircuitState } from './circuit.ts';
import type { Disposable } from './disposable.ts';
import type { GateOf, HoldReason } from './gate.ts';
import type { Waiting } from './loop.ts';
import type { AnsweredBy } from './question.ts';

/** Why a submit was rejected: the `reason` of `loop:rejected`. */
export type RejectReason =
  | 'not-ready'
  | 'invalid'
  | 'shutdown'
  | 'permanently-failed'
  | 'duplicate'
  | 'circuit'
  | 'budget'
  | 'queue-full'
  | 'store';

/** When something happened, and where. */
export interface EventOrigin {
  /** Wall time, ms. */
  readonly at: number;
  /** The host that caused it: the id of its window. Every host hears every event, once at most (R10.2). */
  readonly host: string;
}

/** An event, sent once it is stored. Costs in USD, times in ms. */
export type SupervisorEvent = EventOrigin &
  (
    | { readonly type: 'loop:queued'; readonly loopId: string; readonly position: number }
    | { readonly type: 'loop:started'; readonly loopId: string; readonly attempt: number; readonly agent: string }
    | { readonly type: 'loop:completed'; readonly loopId: string; readonly costUsd: number }
    | {
        readonly type: 'loop:failed';
        readonly loopId: string;
        readonly error: string;
        /** True: it is not taken again until it is cleared or retried (R5.1). */
        readonly permanent: boolean;
        /** The class of the failure. */
        readonly reason: string;
      }
    | {
        readonly type: 'loop:recovered';
        readonly loopId: string;
        readonly error: string;
        readonly restarting: true;
        readonly delayMs: number;
        readonly restartsInWindow: number;
      }
    | { readonly type: 'loop:rejected'; readonly loopId: string; readonly reason: RejectReason; readonly error: string }
    | { readonly type: 'loop:cancelled'; readonly loopId: string }
    /** Back in the queue without a restart: an orderly shutdown, the budget, nobody home (R5.3). */
    | { readonly type: 'loop:interrupted'; readonly loopId: string; readonly reason: string }
    /** It waits, and goes on at `until` (wall time, ms); absent where it waits for its user. */
    | {
        readonly type: 'loop:waiting';
        readonly loopId: string;
        readonly for: Waiting['for'];
        readonly until?: number;
        readonly reason: string;
      }
    /** Its work tree is being made (R12.1). */
    | { readonly type: 'loop:preparing'; readonly loopId: string }
    /** Its agent asks whether it may do something (R17.1). `asks`: what, in one line; the loop has all of it. */
    | { readonly type: 'loop:asking'; readonly loopId: string; readonly question: string; readonly asks: string }
    /** Such a question is answered: by its user, by a rule of theirs, or by a deadline (R17.2). */
    | {
        readonly type: 'loop:answered';
        readonly loopId: string;
        readonly question: string;
        readonly allow: boolean;
        readonly by: AnsweredBy;
      }
    /** Its check runs (R11.1). `round` 0: the check before the first round. */
    | { readonly type: 'loop:checking'; readonly loopId: string; readonly round: number }
    | {
        readonly type: 'loop:checked';
        readonly loopId: string;
        readonly round: number;
        readonly passed: boolean;
        readonly outcome: CheckOutcome;
        readonly exitCode?: number;
        readonly score?: number;
      }
    /** It has been silent for long; `forMs` is absent when it has broken its silence. */
    | {
        readonly type: 'loop:silent';
        readonly loopId: string;
        /** `retrying`: it writes, but only that it tries again (R8.4). */
        readonly kind: 'first-output' | 'silence' | 'retrying';
        readonly forMs?: number;
        /** With `retrying`: since when (wall time, ms), and why. */
        readonly since?: number;
        readonly why?: string;
      }
    | {
        readonly type: 'circuit:change';
        readonly account: string;
        readonly from: CircuitState;
        readonly to: CircuitState;
        readonly reason: string;
      }
    | { readonly type: 'circuit:trip'; readonly account: string; readonly reason: string; readonly cooldownMs: number }
    | { readonly type: 'circuit:recover'; readonly account: string; readonly reason: string }
    /**
     * What is held has changed (R14): `trial`: one loop goes first; `asks`: the time of its hold has come, and it waits
     * for a hand. `until`: when it goes on by itself, wall time in ms; `guessed`: nobody named that time.
     */
    | {
        readonly type: 'hold:change';
        readonly of: GateOf;
        readonly state: 'held' | 'trial' | 'asks' | 'open';
        readonly reason: HoldReason;
        readonly why: string;
        readonly until?: number;
        readonly guessed?: true;
      }
    /**
     * Work that nobody has looked after for `awayMs`, since `since` (wall time, ms), is held until its user starts it
     * (R9.5). `loopIds`: the first 100 of `count`.
     */
    | {
        readonly type: 'work:stale';
        readonly loopIds: readonly string[];
        readonly count: number;
        readonly since: number;
        readonly awayMs: number;
      }
    /** All work trees together exceed their limit: the user decides which old ones go (R12.6). */
    | { readonly type: 'workTrees:full'; readonly bytes: number; readonly limitBytes: number }
    | { readonly type: 'budget:warning'; readonly spentUsd: number; readonly limitUsd: number }
    | {
        readonly type: 'budget:exceeded';
        readonly spentUsd: number;
        readonly limitUsd: number;
        readonly loopId?: string;
      }
  );

export type SupervisorEventType = SupervisorEvent['type'];

/** Subscribes a listener; dispose what it returns to end that. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** Hands values to listeners. One that throws breaks nothing: the error goes to `onError`, the others go on (R9.3). */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  readonly event: Event<T> = (listener) => {
    // A wrapper of its own, so that the same function can be subscribed twice.
    const entry = (value: T) => listener(value);
    this.#listeners.add(entry);
    return { dispose: () => void this.#listeners.delete(entry) };
  };

  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
