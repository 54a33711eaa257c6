import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { FinishedQuery } from '../../core/ports/store.ts';
import { type HistoryQuery, parseHistoryQuery, queryWords } from './historyQuery.ts';

/** Which finished loops the view lists: what the user has searched for, until that is cleared. */
export class HistoryFilter implements Disposable {
  readonly #changed: Emitter<void>;
  readonly #now: () => number;
  #search = '';

  constructor(now: () => number, onError: (error: unknown) => void) {
    this.#now = now;
    this.#changed = new Emitter(onError);
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** As it was written; empty: everything is listed. */
  get search(): string {
    return this.#search;
  }

  /** In words, for the group's description; empty when nothing is filtered. */
  get words(): string {
    return queryWords(this.#query());
  }

  get isOn(): boolean {
    return this.#search !== '';
  }

  set(search: string): void {
    const next = search.trim();
    if (next === this.#search) return;
    this.#search = next;
    this.#changed.fire();
  }

  /** The query for one page of the view. */
  page(limit: number, offset = 0): FinishedQuery {
    return { ...this.#query(), limit, offset };
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** Made anew each time: `since:7d` goes on with the time. */
  #query(): HistoryQuery {
    return parseHistoryQuery(this.#search, this.#now());
  }
}
