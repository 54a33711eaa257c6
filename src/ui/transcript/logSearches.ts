import type { AttemptLog } from './attemptLog.ts';
import { searchLogs } from './logSearch.ts';
import type { SearchHit, ToView } from './protocol.ts';

const MAX_HITS = 500;

/** The searches of one open transcript: a new one ends the one before. */
export class LogSearches {
  readonly #post: (message: ToView) => void;
  readonly #now: () => number;
  /** The least interval (ms) between two messages with hits. */
  readonly #pauseMs: number;
  #current: AbortController | undefined;

  constructor(post: (message: ToView) => void, now: () => number, pauseMs: number) {
    this.#post = post;
    this.#now = now;
    this.#pauseMs = pauseMs;
  }

  /** Ends the current search. */
  abort(): void {
    this.#current?.abort();
  }

  /** Posts the hits of `text` as they are found, under the number `id`. */
  async find(id: number, text: string, read: () => Promise<readonly AttemptLog[] | undefined>): Promise<void> {
    this.abort();
    const logs = await read();
    if (!logs || text.trim() === '') return;
    const search = new AbortController();
    this.#current = search;
    let posted = 0;
    const hits: SearchHit[] = [];
    const more = await searchLogs(logs, {
      text,
      limit: MAX_HITS,
      signal: search.signal,
      found: (found, progress) => {
        hits.push(...found);
        const now = this.#now();
        if (now - posted < this.#pauseMs && now >= posted) return;
        posted = now;
        this.#post({ type: 'hits', id, hits: hits.splice(0), progress, done: false, more: false });
      },
    });
    if (!search.signal.aborted) this.#post({ type: 'hits', id, hits, progress: 1, done: true, more });
  }
}
