import type { CheckResult } from '../../core/model/check.ts';
import { CHECK_COLUMNS, checkInserted, checkRowSchema } from '../rows/checkRow.ts';
import type { RowReader } from '../rows/rowReader.ts';
import { type Connection, parameters, type Query } from './connection.ts';

/** The results of each loop's check (R11.2). */
export class CheckTable {
  readonly #rowReader: RowReader;
  readonly #insert: Query;
  readonly #ofLoop: Query;

  constructor(connection: Connection, rowReader: RowReader) {
    this.#rowReader = rowReader;
    const values = parameters(checkInserted.names.length);
    this.#insert = connection.prepare(`INSERT INTO checks (seq, n, ${CHECK_COLUMNS}) VALUES (?, ?, ${values})`);
    this.#ofLoop = connection.prepare(`SELECT ${CHECK_COLUMNS} FROM checks WHERE seq = ? ORDER BY n`);
  }

  /** `n` orders the rows of a loop. */
  add(seq: number, n: number, result: CheckResult): void {
    this.#insert.run(seq, n, ...checkInserted.values(result));
  }

  /** Oldest first. */
  ofLoop(seq: number): CheckResult[] {
    return this.#rowReader.readAll(checkRowSchema, this.#ofLoop.all(seq), () => `a check of the loop in row ${seq}`);
  }
}
