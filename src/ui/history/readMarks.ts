import { Emitter, type Event } from '../../core/model/event.ts';
import type { FinishedLoop } from '../../core/model/loop.ts';

/** Where marks are kept: the extension's global state, shared by all windows. */
export interface MarkStore {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

interface Marks {
  /** What finished before (wall time, ms) counts as read. */
  readonly before: number;
  /** Read ones that finished later: finish time by `seq`. */
  readonly read: { readonly [seq: string]: number };
}

const KEY = 'history.read';
/** Single marks kept at most; beyond that, everything up to the oldest counts as read. */
const KEPT = 500;

/** Tracks which finished loops the user has seen. Cancelled loops never count as unread. */
export class ReadMarks {
  readonly #store: MarkStore;
  readonly #changed: Emitter<void>;

  constructor(store: MarkStore, now: number, onError: (error: unknown) => void) {
    this.#store = store;
    this.#changed = new Emitter(onError);
    // Loops that finished before the first use are not news.
    if (!store.get<Marks>(KEY)) void store.update(KEY, { before: now, read: {} } satisfies Marks);
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  isUnread({ state, finishedAt, seq }: Pick<FinishedLoop, 'state' | 'finishedAt' | 'seq'>): boolean {
    const { before, read } = this.#marks;
    return state !== 'cancelled' && finishedAt > before && !(seq in read);
  }

  /** Marks a loop as read. */
  async markRead(loop: Pick<FinishedLoop, 'state' | 'finishedAt' | 'seq'>): Promise<void> {
    if (!this.isUnread(loop)) return;
    const { before, read } = this.#marks;
    const all = Object.entries<number>({ ...read, [loop.seq]: loop.finishedAt }).sort(([, a], [, b]) => b - a);
    const dropped = all.slice(KEPT).map(([, finishedAt]) => finishedAt);
    await this.#save({ before: Math.max(before, ...dropped), read: Object.fromEntries(all.slice(0, KEPT)) });
  }

  /** Marks everything finished by then (wall time, ms) as read. */
  async markAllRead(now: number): Promise<void> {
    await this.#save({ before: now, read: {} });
  }

  get #marks(): Marks {
    return this.#store.get<Marks>(KEY) ?? { before: Number.POSITIVE_INFINITY, read: {} };
  }

  async #save(marks: Marks): Promise<void> {
    await this.#store.update(KEY, marks);
    this.#changed.fire();
  }
}
