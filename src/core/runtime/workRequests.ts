import type { Disposable } from '../model/disposable.ts';
import { isLogAskedHere } from '../steps/logRequests.ts';
import { isForHere } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';
import type * as actions from './workTreeActions.ts';

type RequestParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/**
 * Hears what other machines ask this one for, and has it done: work of loops (R16.7), for each one after another, and
 * output (R16.8).
 */
export class WorkRequests implements Disposable {
  readonly #parts: RequestParts;
  /** The loops (`seq`) whose work is being sent, and the requests for output (ids) that are being answered. */
  readonly #atWork = new Set<number | string>();
  #disposed = false;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Begins with what the store says is asked for. */
  reconcile(): void {
    const { context, liveState, transactions } = this.#parts;
    const { transfers = {}, logRequests = {} } = liveState.control;
    if (context.window.role === 'caller' || this.#disposed || transactions.halted) return;
    for (const [id, transfer] of Object.entries(transfers))
      if (isForHere(this.#parts, transfer))
        this.#begin(transfer.seq, ({ answerRequest }) => answerRequest(this.#parts, id));
    for (const [id, request] of Object.entries(logRequests))
      if (isLogAskedHere(this.#parts, request)) this.#begin(id, ({ sendOutput }) => sendOutput(this.#parts, id));
  }

  dispose(): void {
    this.#disposed = true;
  }

  #begin(what: number | string, answer: (from: typeof actions) => Promise<void>): void {
    if (this.#atWork.has(what)) return;
    this.#atWork.add(what);
    void this.#answer(what, answer);
  }

  async #answer(what: number | string, answer: (from: typeof actions) => Promise<void>): Promise<void> {
    try {
      await answer(await import('./workTreeActions.ts'));
      this.#atWork.delete(what);
      this.reconcile();
    } catch (error) {
      // It is asked for again, or another host takes it.
      this.#atWork.delete(what);
      this.#parts.context.log('What another machine has asked for could not be answered.', error);
    }
  }
}
