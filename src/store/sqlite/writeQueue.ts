import type { Disposable } from '../../core/model/disposable.ts';
import { StoreError } from '../../core/model/errors.ts';
import type { Clock } from '../../core/ports/clock.ts';

/**
 * Pauses (ms) between tries while somebody holds the lock: doubled each time up to the longest. Each try itself waits
 * at most 10 ms.
 */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 100;
/** How long (ms) waiting writes run before the thread is free for others. */
const SLICE_MS = 5;

interface Job {
  /** Throws a `StoreError` of kind `locked` to run again. */
  run(): void;
  reject(error: unknown): void;
}

/**
 * Runs writes one after another, in the order of their calls. One that finds the database locked is tried again without
 * blocking the thread.
 */
export class WriteQueue implements Disposable {
  readonly #clock: Clock;
  readonly #onWaiting: (waitedMs: number) => void;
  readonly #jobs: Job[] = [];
  #isRunning = false;
  #pause: Disposable | undefined;
  #waitedMs = 0;
  #closed: StoreError | undefined;

  /** `onWaiting` receives, at each try that fails, how long the first write has waited. */
  constructor(clock: Clock, onWaiting: (waitedMs: number) => void) {
    this.#clock = clock;
    this.#onWaiting = onWaiting;
  }

  /** Runs `work` in its turn: now, if nothing waits. */
  add<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      this.#jobs.push({ run: () => resolve(work()), reject });
      if (!this.#pause) this.#run();
    });
  }

  /** Tries what waits once more, then rejects the rest, and everything from now on. */
  dispose(): void {
    if (this.#closed) return;
    if (this.#isRunning) throw new Error('The database was closed within a write.');
    this.#pause?.dispose();
    this.#run(Number.POSITIVE_INFINITY);
    this.#pause?.dispose();
    this.#closed = new StoreError('broken', 'The database was closed before this could be written.');
    for (const job of this.#jobs.splice(0)) job.reject(this.#closed);
  }

  #run(sliceMs = SLICE_MS): void {
    // A write within a write waits for its end.
    if (this.#isRunning || this.#closed) return;
    this.#isRunning = true;
    this.#pause = undefined;
    const until = performance.now() + sliceMs;
    try {
      for (let job = this.#jobs[0]; job; job = this.#jobs[0]) {
        if (!this.#try(job)) {
          this.#again(Math.min(FIRST_PAUSE_MS + this.#waitedMs, LONGEST_PAUSE_MS));
          break;
        }
        this.#waitedMs = 0;
        this.#jobs.shift();
        if (this.#jobs.length > 0 && performance.now() > until) {
          this.#again(0);
          break;
        }
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Returns false if the job found the database locked. */
  #try(job: Job): boolean {
    try {
      job.run();
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'locked') return false;
      job.reject(error);
    }
    return true;
  }

  #again(ms: number): void {
    if (ms === 0) {
      const next = setImmediate(() => this.#run());
      this.#pause = { dispose: () => clearImmediate(next) };
      return;
    }
    this.#waitedMs += ms;
    this.#pause = this.#clock.after(ms, () => this.#run());
    this.#onWaiting(this.#waitedMs);
  }
}
