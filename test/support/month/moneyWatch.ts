import type { Attempt } from '../../../src/core/model/attempt.ts';
import type { Store, StoreTransaction } from '../../../src/core/ports/store.ts';

/**
 * Stands between a supervisor and its store, and adds up on its own what attempts were granted and have used: what is
 * granted never passes the limit of the day (R6.8).
 */
export class MoneyWatch {
  readonly complaints: string[] = [];
  /** Grants and top-ups that were seen. */
  grants = 0;
  readonly #open = new Map<number, Attempt>();
  readonly #day: () => string;
  readonly #limit: () => number;

  /** `day`: the present one; `limit`: what holds for it, 10⁻⁹ USD. */
  constructor(day: () => string, limit: () => number) {
    this.#day = day;
    this.#limit = limit;
  }

  wrap(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'write')
          return ((work, ...rest) => target.write((tx) => this.#watch(tx, work), ...rest)) as Store['write'];
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #watch<T>(tx: StoreTransaction, work: (tx: StoreTransaction) => T): T {
    const written: Attempt[] = [];
    const spied: Partial<StoreTransaction> = {
      insertAttempt: (seq, attempt) => {
        const inserted = tx.insertAttempt(seq, attempt);
        written.push(inserted);
        return inserted;
      },
      saveAttempt: (seq, attempt) => {
        const saved = tx.saveAttempt(seq, attempt);
        if (saved) written.push(attempt);
        return saved;
      },
    };
    const result = work(
      new Proxy(tx, {
        get: (target, name) => {
          const value = Reflect.get(name in spied ? spied : target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    );
    if (this.#note(written)) this.#look(tx);
    return result;
  }

  /** Returns whether more was granted than before. */
  #note(written: readonly Attempt[]): boolean {
    let isMore = false;
    for (const attempt of written) {
      if (amountOf(attempt) > amountOf(this.#open.get(attempt.id))) {
        isMore = true;
        this.grants++;
      }
      if (attempt.end) this.#open.delete(attempt.id);
      else this.#open.set(attempt.id, attempt);
    }
    return isMore;
  }

  #look(tx: StoreTransaction): void {
    const { spent, unknown } = tx.day(this.#day());
    let used = spent + unknown;
    let outstanding = 0;
    for (const attempt of this.#open.values()) {
      used += attempt.accrued;
      outstanding += Math.max(0, amountOf(attempt) - attempt.cost - attempt.accrued);
    }
    const limit = this.#limit();
    if (limit > 0 && used + outstanding > limit)
      this.complaints.push(`R6.8 on ${this.#day()} ${used} were used and ${outstanding} granted of ${limit}`);
  }
}

function amountOf(attempt: Attempt | undefined): number {
  return attempt?.allowance?.amount ?? 0;
}
