import type { StoreChanges } from '../../core/ports/store.ts';
import type { LastChange } from './changeTable.ts';
import type { Connection } from './connection.ts';
import { checkVersion, SCHEMA_VERSION } from './schema.ts';
import type { Tables } from './tables.ts';

/** A moment of the database: which commits of others are in it (`version`), and what its last change says. */
interface Moment {
  readonly version: number;
  readonly last: LastChange;
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

  /** The last change as the open transaction finds it. Throws a `StoreError` of kind `newer` when the schema has changed. */
  begin(): LastChange {
    this.#telling = undefined;
    return this.#observe().last;
  }

  /** What is new to the owner, within the open transaction and before it has written. */
  read(): StoreChanges | undefined {
    return this.#since(this.#latest as Moment);
  }

  #since(latest: Moment): StoreChanges | undefined {
    const told = this.#telling ?? this.#told;
    if (told?.version === latest.version) return undefined;
    const { loops, head, changes: feed, ledger, windows } = this.#tables;
    const day = ledger.latestDay();
    const changed = told && feed.between(told.last.counter, latest.last.counter);
    const changes = {
      ...(changed ? loops.bySeqs(changed) : loops.live()),
      control: head.control(),
      windows: windows.all(),
      ...(day && { day }),
    };
    this.#telling = latest;
    return changes;
  }

  /** The open transaction was committed with that change as its last. */
  committed(last: LastChange): void {
    const { version } = this.#latest as Moment;
    const told = this.#telling ?? this.#told;
    this.#latest = { version, last };
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
      const changes = this.#connection.snapshot(() => this.#since(this.#observe()));
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
      this.#latest = { version, last: this.#tables.changes.last() };
    }
    return this.#latest;
  }
}
