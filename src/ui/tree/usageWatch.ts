import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** What the processes of one run take. */
export interface Usage {
  /** Of one core since the last sample; absent at the first. */
  readonly cpuPercent?: number;
  /** Resident memory of all of them, bytes. */
  readonly memoryBytes: number;
}

/** How often (ms) the processes are looked at while somebody looks. */
const EVERY_MS = 3000;

/** CPU and memory of running loops, by the token of their attempt: sampled only while somebody watches and something runs. */
export class UsageWatch implements Disposable {
  readonly #sample: () => Promise<ReadonlyMap<string, Usage>>;
  readonly #isWatched: () => boolean;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #changed: Emitter<void>;
  readonly #onError: (error: unknown) => void;
  #usage: ReadonlyMap<string, Usage> = new Map();
  #timer: Disposable | undefined;
  #sampling = false;
  #disposed = false;

  /** `sample` answers an empty map where nothing runs. */
  constructor(
    sample: () => Promise<ReadonlyMap<string, Usage>>,
    isWatched: () => boolean,
    clock: Pick<Clock, 'after'>,
    onError: (error: unknown) => void,
  ) {
    this.#sample = sample;
    this.#isWatched = isWatched;
    this.#clock = clock;
    this.#onError = onError;
    this.#changed = new Emitter(onError);
  }

  /** New figures are there. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  of(token: string): Usage | undefined {
    return this.#usage.get(token);
  }

  /** Begins to sample if there is a reason to; it ends by itself when there is none any more. */
  readonly wake = (): void => {
    if (this.#disposed || this.#sampling || this.#timer || !this.#isWatched()) return;
    this.#sampling = true;
    this.#sample()
      .then((usage) => {
        const changed = usage.size > 0 || this.#usage.size > 0;
        this.#usage = usage;
        if (changed && !this.#disposed) this.#changed.fire();
      }, this.#onError)
      .finally(() => {
        this.#sampling = false;
        if (this.#usage.size > 0 && !this.#disposed) {
          this.#timer = this.#clock.after(EVERY_MS, () => {
            this.#timer = undefined;
            this.wake();
          });
        }
      });
  };

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
    this.#changed.dispose();
  }
}
