import * as z from 'zod/mini';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { CHANGES_KEPT, changedLoops, isTrimDue } from '../rows/changeLog.ts';
import { eventsOf, eventsText } from '../rows/eventRow.ts';
import type { Connection, Query } from './connection.ts';

const counts = z.object({ finished: z.int().check(z.nonnegative()), failed: z.int().check(z.nonnegative()) });

/**
 * The last change: the last number given out, how many loops are finished, and how many of them failed and were not
 * cleared.
 */
export interface LastChange {
  readonly counter: number;
  readonly finished: number;
  readonly failed: number;
}

/** What happened while the counter went from one number to another. */
export interface Passed {
  /** The `seq`s of the loops that changed, in the order of their last change. */
  readonly loops: readonly number[];
  readonly events: readonly SupervisorEvent[];
}

/**
 * Which loops each transaction changed, and its events: this is how windows learn of each other's changes. Rows are
 * only ever appended. An index on the loops themselves, whose entries move with each change, would cost several pages
 * of the log instead of one. Counts that each change updates share the row.
 */
export class ChangeTable {
  readonly #counter: Query;
  readonly #counts: Query;
  readonly #recount: Query;
  readonly #add: Query;
  readonly #between: Query;
  readonly #bounds: Query;
  readonly #trim: Query;

  constructor(connection: Connection) {
    const known = `rev <= ${Number.MAX_SAFE_INTEGER}`;
    const last = (column: string, table: string) =>
      `coalesce((SELECT max(${column}) FROM ${table} WHERE ${column} <= ${Number.MAX_SAFE_INTEGER}), 0)`;
    // Whatever happened to the rows here, the counter never falls below a number that was given out.
    this.#counter = connection.prepare(
      `SELECT max(${last('rev', 'changes')}, ${last('seq', 'loops')}, ${last('id', 'attempts')}) AS counter`,
    );
    this.#counts = connection.prepare(`SELECT finished, failed FROM changes WHERE ${known} ORDER BY rev DESC LIMIT 1`);
    this.#recount = connection.prepare(
      `SELECT (SELECT count(*) FROM loops WHERE finished_at IS NOT NULL) AS finished,
         (SELECT count(*) FROM loops WHERE state = 'failed' AND cleared = 0) AS failed`,
    );
    this.#add = connection.prepare(
      'INSERT OR REPLACE INTO changes (rev, loops, finished, failed, events) VALUES (?, ?, ?, ?, ?)',
    );
    this.#between = connection.prepare('SELECT loops, events FROM changes WHERE rev > ? AND rev <= ? ORDER BY rev');
    this.#bounds = connection.prepare(
      `SELECT (SELECT min(rev) FROM changes) AS first, ${last('rev', 'changes')} AS last`,
    );
    // The last row that could go stays: it marks where the complete part begins.
    this.#trim = connection.prepare('DELETE FROM changes WHERE rev < (SELECT max(rev) FROM changes WHERE rev <= ?)');
  }

  last(): LastChange {
    return { counter: this.#counter.get()?.counter as number, ...this.counts() };
  }

  /** How many loops are finished: the kept numbers, recounted only if they cannot be read. */
  counts(): Omit<LastChange, 'counter'> {
    const kept = z.safeParse(counts, this.#counts.get());
    return kept.success ? kept.data : (this.#recount.get() as Omit<LastChange, 'counter'>);
  }

  /**
   * Records at the end of a transaction that it advanced the counter from `from`, which loops it changed, and its
   * events.
   */
  add(
    from: number,
    { counter, finished, failed }: LastChange,
    loops: Iterable<number>,
    events: readonly SupervisorEvent[],
  ): void {
    this.#add.execute(counter, `[${[...loops].join()}]`, finished, failed, eventsText(events));
    if (isTrimDue(from, counter)) this.#trim.run(counter - CHANGES_KEPT);
  }

  /**
   * What happened while the counter went from `from` to `to`, its present value. Undefined if that is unknown because
   * rows were trimmed or edited by hand.
   */
  between(from: number, to: number): Passed | undefined {
    const { first, last } = this.#bounds.get() ?? {};
    if (typeof first !== 'number' || from < first || from > to || last !== to) return undefined;
    const rows = this.#between.all(from, to);
    const loops = changedLoops(rows);
    return loops && { loops, events: rows.flatMap((row) => eventsOf(row.events)) };
  }
}
