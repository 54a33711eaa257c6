import type { StoreChanges } from '../core/ports.ts';
import type { Connection } from './connection.ts';
import { checkVersion, SCHEMA_VERSION } from './schema.ts';
import type { Tables } from './tables.ts';

/** A moment of the database: which commits of others are in it (`version`), and up to where it has been numbered (`counter`). */
interface Moment {
  readonly version: number;
  readonly counter: number;
}

/**
 * Knows what this store has told its owner, and so what is new.
 *
 * Two markers. `#latest` is the last moment that a transaction has begun from or committed: it saves reading the counter anew. `#told` is the
 * last moment up to which changes were handed out. `#told` moves only when what was handed out is sure to have been taken: at once outside a
 * transaction, at the commit inside one. So what was read in a transaction that rolled back, or that runs again after a lock, is handed out
 * again. Our own commit moves `#told` along only when nothing of others lay in between; if something did, it is handed out later, and our own
 * write with it: then it may lie on top of theirs.
 */
export class ChangeFeed {
  readonly #connection: Connection;
  readonly #tables: Tables;
  #latest: Moment | undefined;
  #told: Moment | undefined;
  /** Handed out in the open transaction. */
  #telling: Moment | undefined;

  constructor(connection: Connection, tables: Tables) {
    this.#connection = connection;
    this.#tables = tables;
  }

  /** The counter as the open transaction finds it. Throws a `StoreError` of kind `newer` when the schema has changed. */
  begin(): number {
    this.#telling = undefined;
    return this.#observe().counter;
  }

  /** What is new to the owner, within the open transaction and before it has written. */
  read(): StoreChanges | undefined {
    const told = this.#telling ?? this.#told;
    const latest = this.#observe();
    if (told?.version === latest.version) return undefined;
    const { loops, head, changes: feed, ledger, windows } = this.#tables;
    const day = ledger.latestDay();
    const changed = told && feed.between(told.counter, latest.counter);
    const changes = {
      ...(changed ? loops.bySeqs(changed) : loops.live()),
      control: head.control(),
      windows: windows.all(),
      ...(day && { day }),
    };
    this.#telling = latest;
    return changes;
  }

  /** The open transaction was committed and has brought the counter to `counter`. */
  committed(counter: number): void {
    const { version } = this.#latest as Moment;
    const told = this.#telling ?? this.#told;
    this.#latest = { version, counter };
    this.#told = told?.version === version ? this.#latest : told;
    this.#telling = undefined;
  }

  /** The open transaction is over. Unless it was committed, what was handed out in it counts as not told. */
  ended(): void {
    this.#telling = undefined;
  }

  /** Like `read`, in a transaction of its own. Costs one pragma when nothing is new. */
  readNow(): StoreChanges | undefined {
    if (this.#told?.version === this.#connection.dataVersion()) return undefined;
    try {
      const changes = this.#connection.snapshot(() => this.read());
      if (this.#telling) this.#told = this.#telling;
      return changes;
    } finally {
      this.#telling = undefined;
    }
  }

  #observe(): Moment {
    const version = this.#connection.dataVersion();
    if (this.#latest?.version !== version) {
      checkVersion(this.#connection, SCHEMA_VERSION);
      this.#latest = { version, counter: this.#tables.changes.counter() };
    }
    return this.#latest;
  }
}
