import type { Disposable } from '../model/disposable.ts';
import { isForHere } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';

type RequestParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** Hears what other machines ask this one for (R16.7), and has it done: for each loop one after another. */
export class WorkRequests implements Disposable {
  readonly #parts: RequestParts;
  /** The loops (`seq`) for which something is being done. */
  readonly #atWork = new Set<number>();
  #disposed = false;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Begins with what the store says is asked for. */
  reconcile(): void {
    const { context, liveState, transactions } = this.#parts;
    const { transfers } = liveState.control;
    if (!transfers || context.window.role === 'caller' || this.#disposed || transactions.halted) return;
    for (const [id, transfer] of Object.entries(transfers)) {
      if (this.#atWork.has(transfer.seq) || !isForHere(this.#parts, transfer)) continue;
      this.#atWork.add(transfer.seq);
      void this.#answer(id, transfer.seq);
    }
  }

  dispose(): void {
    this.#disposed = true;
  }

  async #answer(id: string, seq: number): Promise<void> {
    try {
      const { answerRequest } = await import('./workTreeActions.ts');
      await answerRequest(this.#parts, id);
      this.#atWork.delete(seq);
      this.reconcile();
    } catch (error) {
      // It is asked for again, or another host takes it.
      this.#atWork.delete(seq);
      this.#parts.context.log('What another machine has asked for could not be answered.', error);
    }
  }
}
