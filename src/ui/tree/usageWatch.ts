import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** CPU and memory of the processes of one run. */
export interface Usage {
  /** Percent of one core since the last sample; absent at the first. */
  readonly cpuPercent?: number;
  /** Their resident memory, bytes. */
  readonly memoryBytes: number;
}

/** How often (ms) processes are sampled while the view is visible. */
const EVERY_MS = 3000;

/** CPU and memory of running loops by token, sampled only while the view is visible and something runs. */
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

  /** `sample` returns an empty map if nothing runs. */
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

  /** New figures are available. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  of(token: string): Usage | undefined {
    return this.#usage.get(token);
  }

  /** Starts sampling if needed; it stops by itself. */
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
