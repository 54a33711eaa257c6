import type { Disposable } from '../model/disposable.ts';
import { isForHere } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';

type RequestParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** Hears what other machines ask this one for (R16.7), and has it done, one after another. */
export class WorkRequests implements Disposable {
  readonly #parts: RequestParts;
  #isAtWork = false;
  #disposed = false;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Begins with what the store says is asked for. */
  reconcile(): void {
    const next = this.#next();
    if (next === undefined || this.#isAtWork) return;
    this.#isAtWork = true;
    void this.#answer(next);
  }

  dispose(): void {
    this.#disposed = true;
  }

  #next(): string | undefined {
    const { context, liveState, transactions } = this.#parts;
    const { transfers } = liveState.control;
    if (!transfers || context.window.role === 'caller' || this.#disposed || transactions.halted) return undefined;
    return Object.entries(transfers).find(([, transfer]) => isForHere(this.#parts, transfer))?.[0];
  }

  async #answer(id: string): Promise<void> {
    try {
      const { answerRequest } = await import('./workTreeActions.ts');
      await answerRequest(this.#parts, id);
      this.#isAtWork = false;
      this.reconcile();
    } catch (error) {
      // It is asked for again, or another host takes it.
      this.#isAtWork = false;
      this.#parts.context.log('What another machine has asked for could not be answered.', error);
    }
  }
}
