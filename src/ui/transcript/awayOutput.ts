import type { Disposable } from '../../core/model/disposable.ts';
import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import { ANY_MACHINE } from '../../core/model/repository.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { FetchedOutput } from '../../core/runtime/fetchedLogs.ts';
import { oneLine } from '../text/safeText.ts';
import { sizeWord } from '../webviewHost/sizeWord.ts';
import type { LogPaths } from './attemptLog.ts';

/** So many of a loop's latest attempts are fetched; the output of earlier ones stays where it is. */
const LATEST = 10;
/** Between two looks (ms) for more of an attempt that runs. */
const PAUSE_MS = 2_000;
/** After a machine did not send anything (ms). */
const TRY_AGAIN_MS = 10_000;

export interface AwayOutputDeps {
  /** Brings the copy of an attempt's output up to date by one piece, as `fetchOutput` of the supervisor. */
  fetch(token: string): Promise<FetchedOutput>;
  /** Where the copy is. */
  paths(token: string): Omit<LogPaths, 'isComplete'>;
  readonly clock: Pick<Clock, 'after'>;
  /** There is more to show. */
  changed(): void;
}

/** What a transcript shows of a loop that runs on another machine. */
export interface AwayView {
  /** What is to be said of its output. */
  readonly note: string | undefined;
  paths(token: string): LogPaths;
}

/**
 * Has the output of a loop come from the machine that runs it, for as long as somebody looks (R16.8): attempt after
 * attempt, the earliest of the latest ones first, as a transcript is read.
 */
export class AwayOutput implements Disposable {
  readonly #deps: AwayOutputDeps;
  readonly #complete = new Set<string>();
  #attempts: readonly AttemptDetail[] = [];
  #machine = '';
  /** What is missing of what has come, and why nothing comes. */
  #missing: string | undefined;
  #trouble: string | undefined;
  #isAtWork = false;
  #isVisible = true;
  #pause: Disposable | undefined;

  constructor(deps: AwayOutputDeps) {
    this.#deps = deps;
  }

  /** Where a loop's output is, if it runs on another machine; more of it comes from now on. */
  of({ machine, attempts }: LoopDetail): AwayView | undefined {
    if (machine === undefined || machine === ANY_MACHINE) return undefined;
    this.#machine = oneLine(machine, 60);
    this.#attempts = attempts.slice(-LATEST);
    this.#begin();
    const notFetched = attempts.length > LATEST;
    return {
      note: this.#trouble ?? this.#missing ?? (notFetched ? this.#earlierStay(attempts.length - LATEST) : undefined),
      paths: (token) => ({ ...this.#deps.paths(token), isComplete: !this.#isToCome(token) }),
    };
  }

  /** Nothing comes while nobody looks. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) this.#begin();
    else this.#endPause();
  }

  dispose(): void {
    this.setVisible(false);
  }

  #earlierStay(count: number): string {
    return `The output of the first ${count === 1 ? 'attempt' : `${count} attempts`} is on ${this.#machine}`;
  }

  #isToCome(token: string): boolean {
    return !this.#complete.has(token) && this.#attempts.some((attempt) => attempt.token === token);
  }

  #begin(): void {
    if (this.#isAtWork || this.#pause || !this.#isVisible) return;
    if (this.#attempts.every(({ token }) => this.#complete.has(token))) return;
    this.#isAtWork = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    let pauseMs = 0;
    while (this.#isVisible && pauseMs === 0) {
      const next = this.#attempts.find(({ token }) => !this.#complete.has(token));
      if (!next) break;
      pauseMs = await this.#fetch(next.token);
      this.#deps.changed();
    }
    this.#isAtWork = false;
    if (pauseMs > 0 && this.#isVisible)
      this.#pause = this.#deps.clock.after(pauseMs, () => {
        this.#pause = undefined;
        this.#begin();
      });
  }

  /** Returns how long (ms) to wait before asking for the next piece. */
  async #fetch(token: string): Promise<number> {
    try {
      const { isAtEnd, isComplete, isFull, left } = await this.#deps.fetch(token);
      this.#trouble = undefined;
      if (left > 0) this.#missing = `The first ${sizeWord(left)} of its output stay on ${this.#machine}`;
      else if (isFull) this.#missing = `The end of its output stays on ${this.#machine}`;
      if (isComplete) this.#complete.add(token);
      return isAtEnd && !isComplete ? PAUSE_MS : 0;
    } catch (error) {
      this.#trouble = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
      return TRY_AGAIN_MS;
    }
  }

  #endPause(): void {
    this.#pause?.dispose();
    this.#pause = undefined;
  }
}
