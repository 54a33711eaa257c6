import { Emitter, type Event } from '../../core/model/event.ts';
import type { FinishedLoop } from '../../core/model/loop.ts';

/** Where the marks are kept: VS Code's state of the extension, shared by all windows of the user. */
export interface MarkStore {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

interface Marks {
  /** What finished before (wall time, ms) counts as read. */
  readonly before: number;
  /** Later ones that were looked at: when each finished, by `seq`. */
  readonly read: { readonly [seq: string]: number };
}

const KEY = 'history.read';
/** Single marks kept; beyond that the oldest becomes the border. */
const KEPT = 500;

/** Which finished loops the user has not looked at yet. A loop that he cancelled himself needs no look. */
export class ReadMarks {
  readonly #store: MarkStore;
  readonly #changed: Emitter<void>;

  constructor(store: MarkStore, now: number, onError: (error: unknown) => void) {
    this.#store = store;
    this.#changed = new Emitter(onError);
    // What finished before there were marks is not news.
    if (!store.get<Marks>(KEY)) void store.update(KEY, { before: now, read: {} } satisfies Marks);
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  isUnread({ state, finishedAt, seq }: Pick<FinishedLoop, 'state' | 'finishedAt' | 'seq'>): boolean {
    const { before, read } = this.#marks;
    return state !== 'cancelled' && finishedAt > before && !(seq in read);
  }

  /** This loop was looked at. */
  async markRead(loop: Pick<FinishedLoop, 'state' | 'finishedAt' | 'seq'>): Promise<void> {
    if (!this.isUnread(loop)) return;
    const { before, read } = this.#marks;
    const all = Object.entries<number>({ ...read, [loop.seq]: loop.finishedAt }).sort(([, a], [, b]) => b - a);
    const dropped = all.slice(KEPT).map(([, finishedAt]) => finishedAt);
    await this.#save({ before: Math.max(before, ...dropped), read: Object.fromEntries(all.slice(0, KEPT)) });
  }

  /** Everything that has finished by then (wall time, ms) was looked at. */
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
