import type * as z from 'zod/mini';
import { $ZodObjectJIT } from 'zod/v4/core';
import type { Codec, SqlValue } from './codecs.ts';

/** One field of a record: the column that holds it, how it is stored, and on which occasion it is written. */
export interface Column<W extends string, T> {
  readonly name: string;
  readonly written: W;
  readonly codec: Codec<T>;
}

/** Makes columns that are written on the same occasion. */
export function written<W extends string>(occasion: W) {
  return <T>(name: string, codec: Codec<T>): Column<W, T> => ({ name, written: occasion, codec });
}

/** A column for each field of `R`. */
export type Columns<R, W extends string> = { readonly [F in keyof R]-?: Column<W, R[F]> };

/** The columns that one statement writes, with the values of a record in the same order. */
export interface ColumnGroup<R> {
  readonly names: readonly string[];
  values(record: R): SqlValue[];
}

/** A row whose columns have been checked. */
export type CheckedRow = { readonly [column: string]: unknown };

/**
 * All columns of one kind of record. Reading and writing share this list, so that a column is added in one place, and
 * the compiler refuses a field that has none.
 */
export class ColumnTable<R extends object, W extends string> {
  readonly names: readonly string[];
  /** The schema of each column, by name. */
  readonly shape: { readonly [column: string]: z.core.$ZodType };
  readonly #columns: readonly (readonly [field: string, column: Column<W, unknown>])[];

  constructor(columns: Columns<R, W>) {
    this.#columns = Object.entries<Column<W, unknown>>(columns);
    this.names = this.#columns.map(([, { name }]) => name);
    this.shape = Object.fromEntries(this.#columns.map(([, { name, codec }]) => [name, codec.schema]));
  }

  /** The columns that are written on any of these occasions; all of them if none is named. */
  group(...occasions: W[]): ColumnGroup<R> {
    const chosen = this.#columns.filter(([, column]) => occasions.length === 0 || occasions.includes(column.written));
    const encoders = chosen.map(([field, { codec }]) => ({ field: field as keyof R, encode: codec.encode }));
    const values = (record: R) => {
      const row: SqlValue[] = [];
      for (const { field, encode } of encoders) row.push(encode(record[field]));
      return row;
    };
    return { names: chosen.map(([, { name }]) => name), values };
  }

  /** `record` with the fields of these occasions as they are in `before`: they are not written again. */
  keep(record: R, before: R, ...occasions: W[]): R {
    const kept: { [field: string]: unknown } = { ...(record as object) };
    for (const [field, column] of this.#columns) {
      if (!occasions.includes(column.written)) continue;
      const value = (before as { readonly [field: string]: unknown })[field];
      if (value === undefined) delete kept[field];
      else kept[field] = value;
    }
    return kept as R;
  }

  /** The record of a row that was read through `shape`. */
  record(row: CheckedRow): R {
    const record: Record<string, unknown> = {};
    for (const [field, { name, codec }] of this.#columns) {
      const value = row[name];
      if (value === null && codec.isOptional) continue;
      record[field] = codec.decode ? codec.decode(value) : value;
    }
    return record as R;
  }
}

/**
 * Reads a row by its columns and drops all others. This is `z.object` with zod's compiled parser, which `zod/mini`
 * leaves out: it reads long lists several times as fast. The class is imported directly, because `z.core` would pull
 * all of zod into the bundle.
 */
export function columns<S extends z.core.$ZodLooseShape>(shape: S): z.core.$ZodObject<S, z.core.$strip> {
  return new $ZodObjectJIT({ type: 'object', shape }) as z.core.$ZodObject<S, z.core.$strip>;
}
