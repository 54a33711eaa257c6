import * as z from 'zod/mini';
import { json } from '../rows/columns.ts';
import type { Connection, Query } from './connection.ts';

/** Changes are kept back to so many numbers of the counter: some thousand transactions. A window that sleeps longer reads all that is live. */
const KEPT = 1 << 16;
/** They are trimmed each time that the counter passes a multiple of this. */
const TRIMMED_EACH = 1 << 12;

const seqs = json(z.array(z.int()));
const counts = z.object({ finished: z.int().check(z.nonnegative()), failed: z.int().check(z.nonnegative()) });

/** What the last change says: the last number that was given, and how many loops are finished, and failed and not cleared. */
export interface LastChange {
  readonly counter: number;
  readonly finished: number;
  readonly failed: number;
}

/**
 * Which loops were changed by each transaction: what windows are told of each other. Rows are only added, at the end: an index on the loops
 * themselves, whose entries move with each change, costs several pages of the log instead of one. What else is to be kept at each change lies in
 * the same row.
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
    // Whatever has become of the rows here, it is never below a number that was given.
    this.#counter = connection.prepare(
      `SELECT max(${last('rev', 'changes')}, ${last('seq', 'loops')}, ${last('id', 'attempts')}) AS counter`,
    );
    this.#counts = connection.prepare(`SELECT finished, failed FROM changes WHERE ${known} ORDER BY rev DESC LIMIT 1`);
    this.#recount = connection.prepare(
      `SELECT (SELECT count(*) FROM loops WHERE finished_at IS NOT NULL) AS finished,
         (SELECT count(*) FROM loops WHERE state = 'failed' AND cleared = 0) AS failed`,
    );
    this.#add = connection.prepare('INSERT OR REPLACE INTO changes (rev, loops, finished, failed) VALUES (?, ?, ?, ?)');
    this.#between = connection.prepare('SELECT loops FROM changes WHERE rev > ? AND rev <= ? ORDER BY rev');
    this.#bounds = connection.prepare(
      `SELECT (SELECT min(rev) FROM changes) AS first, ${last('rev', 'changes')} AS last`,
    );
    // The last of those that could go stays: it tells from where on nothing is missing.
    this.#trim = connection.prepare('DELETE FROM changes WHERE rev < (SELECT max(rev) FROM changes WHERE rev <= ?)');
  }

  last(): LastChange {
    return { counter: this.#counter.get()?.counter as number, ...this.counts() };
  }

  /** How many loops are finished: kept, and counted anew only where that can not be read. */
  counts(): Omit<LastChange, 'counter'> {
    const kept = z.safeParse(counts, this.#counts.get());
    return kept.success ? kept.data : (this.#recount.get() as Omit<LastChange, 'counter'>);
  }

  /** Notes at the end of a transaction that it has brought the counter on from `from`, and has changed these loops. */
  add(from: number, { counter, finished, failed }: LastChange, loops: Iterable<number>): void {
    this.#add.run(counter, `[${[...loops].join()}]`, finished, failed);
    if (Math.floor(from / TRIMMED_EACH) !== Math.floor(counter / TRIMMED_EACH)) this.#trim.run(counter - KEPT);
  }

  /**
   * The `seq`s of the loops that were changed while the counter went `from` … `to`, where it is now, in the order of their last change. Undefined
   * when that is not known: older rows were trimmed, or some hand has changed them.
   */
  between(from: number, to: number): number[] | undefined {
    const { first, last } = this.#bounds.get() ?? {};
    if (typeof first !== 'number' || from < first || from > to || last !== to) return undefined;
    const changed = new Set<number>();
    for (const row of this.#between.all(from, to)) {
      const loops = z.safeParse(seqs, row.loops);
      if (!loops.success) return undefined;
      for (const seq of loops.data) {
        changed.delete(seq);
        changed.add(seq);
      }
    }
    return [...changed];
  }
}
