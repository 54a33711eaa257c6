import { escapeIdentifier, escapeLiteral } from 'pg';
import type { SqlValue } from '../rows/codecs.ts';
import type { ColumnGroup } from '../rows/columnTable.ts';

/**
 * A value in a statement. Statements are sent in batches, several in one round trip, and a batch takes no parameters.
 */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`The number ${value} cannot be stored.`);
    return Object.is(value, -0) ? '0' : String(value);
  }
  return escapeLiteral(value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value);
}

export const identifier = escapeIdentifier;

/** `(a, b, c)` for `IN`. An empty list matches nothing. */
export function list(values: readonly SqlValue[]): string {
  return values.length === 0 ? '(NULL)' : `(${values.map(literal).join(', ')})`;
}

/** One row of `VALUES`. */
export function tuple(values: readonly SqlValue[]): string {
  return `(${values.map(literal).join(', ')})`;
}

/** Records as rows of a table's type, for a statement that takes many at once. */
export function rowsOf<R>(table: string, { names, values }: ColumnGroup<R>, records: readonly R[]): string {
  const clean = (value: SqlValue) =>
    typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value;
  const rows = records.map((record) => {
    const row = values(record);
    return Object.fromEntries(names.map((name, index) => [name, clean(row[index] as SqlValue)]));
  });
  return `json_populate_recordset(NULL::${table}, ${literal(JSON.stringify(rows))})`;
}

/** `a = 1, b = 'x'` for `SET`. */
export function assignments<R>({ names, values }: ColumnGroup<R>, record: R): string {
  const row = values(record);
  return names.map((name, index) => `${name} = ${literal(row[index] as SqlValue)}`).join(', ');
}
