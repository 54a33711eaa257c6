import type { StoreChanges } from '../../core/ports/store.ts';
import type { LastChange } from './changeTable.ts';
import type { Connection } from './connection.ts';
import { checkVersion } from './migrate.ts';
import { SCHEMA_VERSION } from './schema.ts';
import type { Tables } from './tables.ts';

/** A moment of the database: `version` says which commits of others it contains, `last` is its last change. */
interface Moment {
  readonly version: number;
  readonly last: LastChange;
}

/**
 * Knows which changes this store has delivered to its owner, and so which are new.
 *
 * It keeps two markers. `#latest` is the last moment that a transaction began from or committed; it saves reading the
 * counter again. `#delivered` is the last moment up to which changes were delivered. It moves only once they are sure
 * to have been taken: at once outside a transaction, and at the commit inside one. Changes read in a transaction that
 * rolls back, or runs again after a lock, are delivered again. Our own commit moves `#delivered` along only if nobody
 * else committed in between. Otherwise their changes are delivered later, together with our own, which may lie on top
 * of theirs.
 */
export class ChangeFeed {
  readonly #connection: Connection;
  readonly #tables: Tables;
  #latest: Moment | undefined;
  #delivered: Moment | undefined;
  /** Returned in the open transaction. */
  #delivering: Moment | undefined;

  constructor(connection: Connection, tables: Tables) {
    this.#connection = connection;
    this.#tables = tables;
  }

  /**
   * The last change as the open transaction finds it. Throws a `StoreError` of kind `newer` if the schema has changed.
   */
  begin(): LastChange {
    this.#delivering = undefined;
    return this.#observe().last;
  }

  /** What is new to the owner, in the open transaction and before it writes. */
  read(): StoreChanges | undefined {
    return this.#since(this.#latest as Moment);
  }

  #since(latest: Moment): StoreChanges | undefined {
    const delivered = this.#delivering ?? this.#delivered;
    if (delivered?.version === latest.version) return undefined;
    const { loops, head, changes: feed, ledger, windows } = this.#tables;
    const day = ledger.latestDay();
    const passed = delivered && feed.between(delivered.last.counter, latest.last.counter);
    const changes = {
      ...(passed ? loops.bySeqs(passed.loops) : loops.live()),
      control: head.control(),
      windows: windows.all(),
      ...(day && { day }),
      ...(passed && passed.events.length > 0 && { events: passed.events }),
    };
    this.#delivering = latest;
    return changes;
  }

  /** The open transaction was committed with this change as its last. */
  committed(last: LastChange): void {
    const { version } = this.#latest as Moment;
    const delivered = this.#delivering ?? this.#delivered;
    this.#latest = { version, last };
    this.#delivered = delivered?.version === version ? this.#latest : delivered;
    this.#delivering = undefined;
  }

  /** The open transaction is over. Unless it was committed, what it returned counts as not delivered. */
  ended(): void {
    this.#delivering = undefined;
  }

  /** Like `read`, in a transaction of its own. Costs one pragma when nothing is new. */
  readNow(): StoreChanges | undefined {
    if (this.#delivered?.version === this.#connection.dataVersion()) return undefined;
    try {
      const changes = this.#connection.snapshot(() => this.#since(this.#observe()));
      if (this.#delivering) this.#delivered = this.#delivering;
      return changes;
    } finally {
      this.#delivering = undefined;
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
