import type { Clock } from '../../core/ports/clock.ts';
import type { Tail } from './tail.ts';

/** Bytes that are read at once. One buffer serves all runs. */
const PIECE_BYTES = 256 * 1024;
/** How long (ms) the end of a log that cannot be read is tried for. */
const PATIENCE_MS = 60_000;
/** The first and the longest pause (ms) before it is tried again. */
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Reads for all runs of the window in turn, a piece each, and lets other work go between: memory and delay stay flat
 * however much they write.
 */
export class Pump {
  readonly #onError: (message: string, error: unknown) => void;
  readonly #waiting = new Map<Tail, (() => void)[]>();
  #buffer: Buffer | undefined;
  #running = false;

  constructor(onError: (message: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Reads what is new; resolves when its end is reached. */
  read(tail: Tail): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(tail);
      if (others) others.push(resolve);
      else this.#waiting.set(tail, [resolve]);
      if (!this.#running) void this.#run();
    });
  }

  /** Reads all that is in the file now. */
  async drain(tail: Tail): Promise<void> {
    tail.limitToNow();
    // A piece may be on its way that was read before the last of it was written.
    await this.read(tail);
    for (let before = -1; tail.hasNews() && tail.position !== before; ) {
      before = tail.position;
      await this.read(tail);
    }
  }

  /**
   * Reads all there is. A log that cannot be read for the moment is tried for a while: what the agent said last decides
   * how the run ended (R5.6). `isOver`: it is no longer wanted.
   */
  async drainPatiently(tail: Tail, clock: Clock, isOver: () => boolean): Promise<void> {
    const patience = performance.now() + PATIENCE_MS;
    for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await this.drain(tail);
      if (isOver() || !tail.isBlind || performance.now() > patience) return;
      await new Promise<void>((resolve) => clock.after(pause, resolve));
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#buffer ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
    while (this.#waiting.size > 0) {
      for (const [tail, done] of this.#waiting) {
        const more = await this.#readPiece(tail, this.#buffer);
        if (!more) {
          this.#waiting.delete(tail);
          for (const resolve of done) resolve();
        }
        await new Promise(setImmediate);
      }
    }
    this.#running = false;
  }

  async #readPiece(tail: Tail, buffer: Buffer): Promise<boolean> {
    try {
      return await tail.readPiece(buffer);
    } catch (error) {
      this.#onError('Output of a run could not be read.', error);
      return false;
    }
  }
}
