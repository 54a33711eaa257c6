import type { Attempt } from '../../core/model/attempt.ts';
import type { Loop } from '../../core/model/loop.ts';
import { ATTEMPT_COLUMNS, attemptSchema } from '../rows/attemptRow.ts';
import { isActiveRow, LOOP_COLUMNS, loopRowSchema, toActiveLoop, toLoop } from '../rows/loopRow.ts';
import type { RawRow, RowReader } from '../rows/rowReader.ts';

/**
 * Selects loops, and in a second statement the present attempts of those that are active. `where` is a condition on
 * `loops`.
 */
export function selectLoops(where: string, order = 'seq'): string {
  return `SELECT ${LOOP_COLUMNS} FROM loops WHERE ${where} ORDER BY ${order};
    SELECT ${ATTEMPT_COLUMNS} FROM attempts
      WHERE id IN (SELECT attempt_id FROM loops WHERE ${where} AND finished_at IS NULL)`;
}

/** The loops of what `selectLoops` returned; `unreadable` has the rows of the others. */
export function readLoops(
  reader: RowReader,
  rows: readonly RawRow[],
  attemptRows: readonly RawRow[],
): { readonly loops: Loop[]; readonly unreadable: RawRow[] } {
  const attempts = new Map(readAttempts(reader, attemptRows).map((attempt) => [attempt.id, attempt]));
  const loops: Loop[] = [];
  const unreadable: RawRow[] = [];
  for (const row of rows) {
    const loop = readLoop(reader, row, attempts);
    if (loop) loops.push(loop);
    else unreadable.push(row);
  }
  return { loops, unreadable };
}

export function readAttempts(reader: RowReader, rows: readonly RawRow[]): Attempt[] {
  return reader.readAll(attemptSchema, rows, (row) => `the attempt ${String(row.id)} (run ${String(row.token)})`);
}

function readLoop(reader: RowReader, raw: RawRow, attempts: ReadonlyMap<number, Attempt>): Loop | undefined {
  const row = reader.read(loopRowSchema, raw, nameOf);
  if (!row) return undefined;
  if (!isActiveRow(row)) return toLoop(row);
  const attempt = attempts.get(row.attempt_id);
  if (attempt) return toActiveLoop(row, attempt);
  reader.report(nameOf(raw), `it is ${row.state}, and its attempt ${row.attempt_id} cannot be read`);
  return undefined;
}

function nameOf(row: RawRow): string {
  return `the loop ${String(row.loop_id)} (row ${String(row.seq)})`;
}
