import type { Disposable } from '../../core/model/disposable.ts';
import { Emitter, type Event } from '../../core/model/event.ts';
import type { FinishedLoop } from '../../core/model/loop.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';
import type { FinishedFilter } from '../tree/finishedFilter.ts';
import type { Grouping } from '../tree/finishedSections.ts';
import { type HistoryQuery, parseHistoryQuery, queryWords } from './historyQuery.ts';
import type { MarkStore, ReadMarks } from './readMarks.ts';

const OPTIONS_KEY = 'history.options';

/** How the view lists finished loops; kept for the workspace. */
export interface ListOptions {
  readonly grouping: Grouping;
  readonly hideCancelled: boolean;
}

/** What the filter needs. */
export interface FilterDeps {
  now(): number;
  /** Where options are kept: VS Code's workspace state. */
  readonly store: MarkStore;
  readonly marks: Pick<ReadMarks, 'isUnread' | 'onDidChange'>;
  /** The folders of this window, for `folder:here`. */
  folders(): readonly string[];
  onError(error: unknown): void;
}

/** Which finished loops the view lists, and how. */
export class HistoryFilter implements FinishedFilter, Disposable {
  readonly #deps: FilterDeps;
  readonly #changed: Emitter<void>;
  readonly #marks: Disposable;
  #search = '';

  constructor(deps: FilterDeps) {
    this.#deps = deps;
    this.#changed = new Emitter(deps.onError);
    this.#marks = deps.marks.onDidChange(() => this.#changed.fire());
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** As typed; empty: everything is listed. */
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

  get options(): ListOptions {
    return { grouping: 'day', hideCancelled: false, ...this.#deps.store.get<Partial<ListOptions>>(OPTIONS_KEY) };
  }

  get grouping(): Grouping {
    return this.options.grouping;
  }

  get hidesCancelled(): boolean {
    return this.options.hideCancelled;
  }

  set(search: string): void {
    const next = search.trim();
    if (next === this.#search) return;
    this.#search = next;
    this.#changed.fire();
  }

  async setOptions(options: Partial<ListOptions>): Promise<void> {
    await this.#deps.store.update(OPTIONS_KEY, { ...this.options, ...options });
    this.#changed.fire();
  }

  isUnread(loop: FinishedLoop): boolean {
    return this.#deps.marks.isUnread(loop);
  }

  /** The query for one page of the view. */
  page(limit: number, offset = 0): FinishedQuery {
    const query = this.#query();
    const hidden = this.options.hideCancelled && !query.states;
    return { ...query, ...(hidden && { states: ['completed', 'failed'] as const }), limit, offset };
  }

  dispose(): void {
    this.#marks.dispose();
    this.#changed.dispose();
  }

  /** Parsed each time, since `since:7d` moves with the clock. */
  #query(): HistoryQuery {
    return parseHistoryQuery(this.#search, this.#deps.now(), this.#deps.folders());
  }
}
