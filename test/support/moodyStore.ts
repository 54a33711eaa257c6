import type { Attempt } from '../../src/core/model/attempt.ts';
import { StoreError } from '../../src/core/model/errors.ts';
import type { Store, StoreTransaction } from '../../src/core/ports/store.ts';

/** Stands between a supervisor and its store, and has its writes wait or fail, and its reads fail, as a test wants. */
export class MoodyStore {
  /** `held`: writes wait for `release`. `broken`: they fail. */
  mood: 'well' | 'held' | 'broken' = 'well';
  /** So many of the next writes fail. */
  failing = 0;
  /** So many of the next writes fail at their commit, when their work is done. */
  failingCommits = 0;
  /** Somebody else has settled every attempt already: an end that is written changes nothing. */
  hasAllEnds = false;
  /** Reads of these names fail, within a transaction and outside. */
  readonly unreadable = new Set<keyof Store | keyof StoreTransaction>();
  /** Writes asked for so far. */
  writes = 0;
  readonly #held: (() => void)[] = [];
  readonly #listeners: ((error: Error | undefined) => void)[] = [];

  readonly wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === 'write') return (...call: Parameters<Store['write']>) => this.#write(target, ...call);
        if (name === 'onTrouble') return (listener: (error: Error | undefined) => void) => this.#listen(listener);
        return this.#read(target, name);
      },
    });

  /** Lets go of what waits. */
  release(): void {
    this.mood = 'well';
    for (const go of this.#held.splice(0)) go();
  }

  /** The database cannot be used, or again. */
  tell(trouble: Error | undefined): void {
    for (const listener of this.#listeners) listener(trouble);
  }

  async #write(store: Store, ...[work, reads]: Parameters<Store['write']>): Promise<unknown> {
    this.writes++;
    if (this.mood === 'broken') throw new StoreError('broken', 'The database is damaged.');
    if (this.failing > 0) {
      this.failing--;
      throw new StoreError('disk', 'The disk is full.');
    }
    if (this.mood === 'held') await new Promise<void>((resolve) => this.#held.push(resolve));
    return store.write((tx) => {
      const result = work(new Proxy(tx, { get: (target, name) => this.#read(target, name) }));
      if (this.failingCommits === 0) return result;
      this.failingCommits--;
      throw new StoreError('disk', 'The disk is full.');
    }, reads);
  }

  #read(target: object, name: string | symbol): unknown {
    const value = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    return (...values: unknown[]) => {
      if (this.hasAllEnds && name === 'saveAttempt' && (values[1] as Attempt).end) return false;
      if (this.unreadable.has(name as keyof Store)) throw new StoreError('disk', 'The disk cannot be read.');
      return value.apply(target, values);
    };
  }

  #listen(listener: (error: Error | undefined) => void) {
    this.#listeners.push(listener);
    return { dispose: () => void this.#listeners.splice(this.#listeners.indexOf(listener), 1) };
  }
}
