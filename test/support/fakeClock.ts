import type { Disposable } from '../../src/core/model/disposable.ts';
import type { Clock } from '../../src/core/ports/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const DAY_MS = 86_400_000;

/**
 * Time that a test owns. Wall time can be set apart from the timers (`jump`): timers count what `advance` lets pass, as
 * a monotonic clock does. Days are those of UTC.
 */
export class FakeClock implements Clock {
  #wall: number;
  #boot = 0;
  #elapsed = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  readonly #grainMs: number;
  readonly #rest: (() => Promise<void>) | undefined;

  /**
   * `grainMs`: timers fire at whole multiples of it, as on a busy machine, so that long times pass quickly. `rest`:
   * waits until nothing is under way, where that takes real time; then timers of the same moment fire together.
   */
  constructor(start = Date.UTC(2026, 0, 15, 12), grainMs = 1, rest?: () => Promise<void>) {
    this.#wall = start;
    this.#grainMs = grainMs;
    this.#rest = rest;
  }

  /** What has passed since the beginning, ms, whatever was done to wall time. */
  get elapsed(): number {
    return this.#elapsed;
  }

  now(): number {
    return this.#wall;
  }

  /** Time since the boot, ms: it counts sleep, and `jump` does not change it. */
  readonly bootNow = (): number => this.#boot;

  day(at: number): string {
    return new Date(at).toISOString().slice(0, 10);
  }

  nextDay(at: number): number {
    return (Math.floor(at / DAY_MS) + 1) * DAY_MS;
  }

  after(ms: number, run: () => void): Disposable {
    if (!(ms >= 0 && ms <= 2 ** 31 - 1)) throw new RangeError(`A timer of ${ms} ms`);
    const at = Math.ceil((this.#elapsed + ms) / this.#grainMs) * this.#grainMs;
    const timer: Timer = { at, order: this.#order++, run };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  /** Sets wall time off by `ms`, forwards or back; timers do not notice. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** The machine sleeps for `ms`: wall time and the boot's go on, timers stand still. */
  sleep(ms: number): void {
    this.#wall += ms;
    this.#boot += ms;
  }

  /** Lets `ms` pass: timers run in their order, and what they set going settles in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.#settle();
    for (;;) {
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#pass(next.at - this.#elapsed);
      this.#timers.delete(next);
      next.run();
      if (this.#rest && this.#next()?.at === next.at) continue;
      await this.#settle();
    }
    this.#pass(end - this.#elapsed);
    await this.#settle();
  }

  #settle(): Promise<void> {
    return this.#rest ? this.#rest() : settled();
  }

  #pass(ms: number): void {
    this.#elapsed += ms;
    this.#wall += ms;
    this.#boot += ms;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Lets all promises that are ready run to their ends. */
export async function settled(): Promise<void> {
  for (let unit = 0; unit < 3; unit++) await new Promise((resolve) => setImmediate(resolve));
}
