import type { StatedRead, StoreChanges } from '../../core/ports/store.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { Draft } from './draft.ts';
import {
  CHANGES_STATEMENTS,
  changedSince,
  type HeadRow,
  type Passed,
  readChanges,
  readHead,
  selectChanges,
} from './readingQuery.ts';
import { LoadedReads, type Read } from './reads.ts';
import type { Replica, StoreHead } from './replica.ts';
import type { ServerClock } from './serverClock.ts';
import { literal } from './sql.ts';
import { batchOf, INSERT_PROMPT, largePrompts } from './statements.ts';

export interface WriterParts {
  readonly replica: Replica;
  readonly reader: RowReader;
  readonly clock: ServerClock;
  readonly connecting: ConnectionOptions;
  /** Names this store among those that use the database. */
  readonly name: string;
}

type Work<T> = (draft: Draft) => T;

/** The head row, and what happened since the replica was exact; undefined if everything must be read. */
interface Since {
  readonly row: HeadRow;
  readonly passed: Passed | undefined;
}

/** A transaction whose connection broke at its commit: whether it landed is not known yet. */
interface Unsettled {
  readonly work: unknown;
  readonly result: unknown;
  readonly counter: number;
  readonly writer: string;
  /** Up to which change its owner has taken what was new. */
  readonly takenTo: number | undefined;
}

/** The channel on which hosts hear of each other's changes. */
export const channelOf = (schema: string) => `loop_supervisor_${schema}`.slice(0, 63);

/**
 * Runs transactions, one at a time: takes the head row's lock, folds in what others changed, runs the work against
 * memory, and sends what it wrote together with the commit. That is two round trips, and one more for each read that
 * was not stated. Other hosts wait for the lock meanwhile.
 */
export class Writer {
  readonly #parts: WriterParts;
  #connection: Connection | undefined;
  #draft: Draft | undefined;
  #isWriting = false;
  #transactions = 0;
  #unsettled: Unsettled | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Whether a transaction holds the lock. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /**
   * What `changes` returns within the transaction that is under way. Its owner has them already unless its work runs
   * right now.
   */
  changesWithin(): StoreChanges | undefined {
    return this.#draft?.changes();
  }

  /** Whether the connection broke at the commit of that work, and no try since has seen whether it landed. */
  mayHaveLanded(work: unknown): boolean {
    return this.#unsettled?.work === work;
  }

  use(connection: Connection): void {
    this.#connection = connection;
  }

  close(): void {
    this.#connection?.close();
  }

  /** Finds out whether the server takes a write. */
  async probe(): Promise<void> {
    const connection = await this.#connect();
    await this.#orRollback(connection, () => connection.run('BEGIN; UPDATE head SET one = 1; COMMIT'));
  }

  /** Folds in what others changed, or reads everything if it must, without the lock. */
  async refresh(): Promise<void> {
    const connection = await this.#connect();
    await this.#orRollback(connection, () => this.#refresh(connection));
  }

  async #refresh(connection: Connection): Promise<void> {
    const sentAt = this.#parts.clock.machineNow();
    const changes = selectChanges(this.#parts.replica.revision, false);
    const [, ...results] = await connection.run(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${changes}`);
    await this.#fold(connection, this.#since(results, sentAt));
    await connection.run('COMMIT');
  }

  /**
   * Runs `work` in one transaction, now. Rejects with what `work` threw, or with a `StoreError`; after one that is
   * passing the same call may be repeated, and if the first one has landed after all it returns that result.
   */
  async transact<T>(work: Work<T>, stated: readonly StatedRead[], abandoned: () => void): Promise<T> {
    const connection = await this.#connect();
    return this.#orRollback(connection, async () => {
      const { since, results } = await this.#begin(connection, stated);
      this.#isWriting = true;
      try {
        await this.#fold(connection, since);
        if (this.#unsettled && (await this.#hasLanded(connection, work))) return this.#unsettled.result as T;
        const reads = new LoadedReads();
        reads.take(this.#parts.reader, stated, results);
        return await this.#run(connection, work, reads, abandoned);
      } finally {
        this.#isWriting = false;
      }
    });
  }

  /**
   * Takes the lock. Resolves with what happened since the replica was exact, and the results of the stated reads. If
   * everything must be read, that comes first: others would wait for the lock as long as it takes.
   */
  async #begin(connection: Connection, stated: readonly StatedRead[]) {
    const loading = stated.length > 0 ? [LoadedReads.sql(stated)] : [];
    for (let isAgain = false; ; isAgain = true) {
      const sentAt = this.#parts.clock.machineNow();
      const [, ...results] = await connection.run(
        ['BEGIN', selectChanges(this.#parts.replica.revision, true), ...loading].join('; '),
      );
      const since = this.#since(results, sentAt);
      if (since.passed || isAgain) return { since, results: results.slice(CHANGES_STATEMENTS) };
      await connection.run('ROLLBACK');
      await this.#refresh(connection);
    }
  }

  /** Runs the work until it has all its reads, then writes and commits. */
  async #run<T>(connection: Connection, work: Work<T>, reads: LoadedReads, abandoned: () => void): Promise<T> {
    const { replica, reader } = this.#parts;
    for (;;) {
      const draft = new Draft(replica, reads);
      const result = this.#try(draft, work);
      if (draft.missing) {
        abandoned();
        const missing: Read[] = [draft.missing.read];
        reads.take(reader, missing, await connection.run(LoadedReads.sql(missing)));
        continue;
      }
      if ('error' in result) throw result.error;
      const after = draft.finish();
      if (after) await this.#commit(connection, draft, after, { work, result: result.value, abandoned });
      else await connection.run('COMMIT');
      if (draft.takenTo !== undefined) replica.delivered();
      return result.value;
    }
  }

  /** The work is synchronous: nothing else happens while it runs. */
  #try<T>(draft: Draft, work: Work<T>): { readonly value: T } | { readonly error: unknown } {
    this.#draft = draft;
    try {
      return { value: work(draft) };
    } catch (error) {
      return { error };
    } finally {
      this.#draft = undefined;
    }
  }

  async #commit(
    connection: Connection,
    draft: Draft,
    after: StoreHead,
    { work, result, abandoned }: { work: unknown; result: unknown; abandoned: () => void },
  ): Promise<void> {
    const { replica, clock, name, connecting } = this.#parts;
    const { writes } = draft;
    const writer = `${name}:${++this.#transactions}`;
    const committed = {
      ...{ head: after, loops: draft.changedLoops(), windows: writes.windows, day: draft.latestDay() },
      ledger: writes.ledger.map(({ row }) => row),
    };
    const channel = channelOf(connecting.address.schema);
    const batch = batchOf({
      ...{ writes, before: replica.head, after, writer, channel, payload: name, now: clock.now() },
    });
    try {
      for (const [seq, prompt] of largePrompts(writes)) await connection.runWith(INSERT_PROMPT, [seq, prompt]);
    } catch (error) {
      abandoned();
      throw error;
    }
    try {
      await connection.run(batch);
    } catch (error) {
      // What the server refused it has rolled back. If the connection broke, the commit may have landed.
      if (connection.isBroken)
        this.#unsettled = { work, result, counter: after.counter, writer, takenTo: draft.takenTo };
      else abandoned();
      throw error;
    }
    replica.commit(committed);
  }

  /** Whether the transaction that broke at its commit has landed. We hold the lock, so it is decided by now. */
  async #hasLanded(connection: Connection, work: unknown): Promise<boolean> {
    const { work: earlier, counter, writer, takenTo } = this.#unsettled as Unsettled;
    const row = `SELECT 1 FROM changes WHERE rev = ${literal(counter)} AND writer = ${literal(writer)}`;
    const [found = []] = await connection.run(row);
    const isSame = earlier === work;
    if (found.length > 0 && takenTo !== undefined) this.#parts.replica.deliveredTo(takenTo);
    if (found.length > 0 && isSame) {
      await connection.run('COMMIT');
      return true;
    }
    this.#unsettled = undefined;
    return false;
  }

  /** What the results of `selectChanges` say. */
  #since(results: readonly (readonly RawRow[])[], sentAt: number): Since {
    const { replica, reader, clock, connecting } = this.#parts;
    const [head = [], moment = [], changes = []] = results;
    const row = readHead(reader, head[0], moment[0], connecting.address.shown);
    clock.measure(row.now, sentAt, clock.machineNow());
    clock.setZone(row.zone);
    return { row, passed: changedSince(replica, row, changes) };
  }

  /** Reads what has changed, and brings the replica up to date. */
  async #fold(connection: Connection, { row, passed }: Since): Promise<void> {
    const { replica, reader } = this.#parts;
    const needsFailed = replica.failedIds.isShort;
    if (passed && row.head.counter === replica.revision && !needsFailed) return;
    replica.fold(await readChanges(connection, reader, row, passed, needsFailed));
  }

  async #connect(): Promise<Connection> {
    if (!this.#connection || this.#connection.isBroken)
      this.#connection = await Connection.open(this.#parts.connecting);
    return this.#connection;
  }

  async #orRollback<T>(connection: Connection, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!connection.isBroken) await connection.run('ROLLBACK').catch(() => connection.close());
      throw error;
    }
  }
}
