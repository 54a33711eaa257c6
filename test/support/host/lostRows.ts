import { setTimeout as sleep } from 'node:timers/promises';
import type { QuickInput } from './quickInput.ts';

/** What a command says that has lost its row. */
const LOST = 'The list changed while the menu was open';
/** How often (ms) it is looked for. */
const LOOK_MS = 500;

/**
 * While VS Code reads rows anew it does not know them, and a command that was called on one asks which loop is meant.
 * Answers that question, as a user would.
 */
export class LostRows {
  readonly #input: QuickInput;
  #looking = new AbortController();

  constructor(input: QuickInput) {
    this.#input = input;
  }

  /** Chooses this loop whenever it is asked for, until `stop`. */
  choose(row: string | RegExp): void {
    this.stop();
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    const answer = async (): Promise<void> => {
      while (!(await this.isAsked())) await sleep(LOOK_MS, undefined, { ref: false, signal });
      if (!signal.aborted) await this.#input.pick(row);
    };
    // A window that is closed or reloaded asks nothing any more.
    answer().catch(() => undefined);
  }

  stop(): void {
    this.#looking.abort();
  }

  /** Whether a command asks which loop is meant. */
  async isAsked(): Promise<boolean> {
    return (await this.#input.question()).includes(LOST);
  }
}
