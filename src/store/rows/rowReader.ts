import * as z from 'zod/mini';

/** A row as the database returns it: nothing is known about it until a schema has checked it. */
export type RawRow = { readonly [column: string]: unknown };

/** Distinct reports that are remembered; a database with more unreadable rows repeats itself in the log. */
const REMEMBERED = 10_000;

/**
 * Reads rows through schemas. A row that does not parse is left out, stays where it is and is reported once, so that it
 * stops nothing else.
 */
export class RowReader {
  readonly #log: (message: string, error?: unknown) => void;
  readonly #reported = new Set<string>();

  constructor(log: (message: string, error?: unknown) => void) {
    this.#log = log;
  }

  /** Reads one row or column. `nameOf` names it for people. */
  read<S extends z.core.$ZodType, V>(schema: S, value: V, nameOf: (value: V) => string): z.output<S> | undefined {
    const result = z.safeParse(schema, value);
    if (result.success) return result.data;
    this.report(nameOf(value), reasonOf(result.error));
    return undefined;
  }

  /** Reads rows and leaves out those that do not parse. */
  readAll<S extends z.core.$ZodType>(
    schema: S,
    rows: readonly RawRow[],
    nameOf: (row: RawRow) => string,
  ): z.output<S>[] {
    const results: z.output<S>[] = [];
    for (const row of rows) {
      const result = z.safeParse(schema, row);
      if (result.success) results.push(result.data);
      else this.report(nameOf(row), reasonOf(result.error));
    }
    return results;
  }

  /** Reports once that something was left out. */
  report(what: string, why: string): void {
    const message =
      `The database holds something that cannot be read: ${what} (${why}). ` +
      'It is left out, and everything else goes on.';
    if (this.#reported.has(message)) return;
    if (this.#reported.size >= REMEMBERED) this.#reported.clear();
    this.#reported.add(message);
    this.#log(message);
  }
}

/** What is wrong, by column. */
function reasonOf(error: z.core.$ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'row'}: ${issue.message || issue.code}`).join('; ');
}
