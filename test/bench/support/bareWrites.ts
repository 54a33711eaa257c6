import { DatabaseSync, StatementSync } from 'node:sqlite';

/** One write as it went to SQLite: its statement, and what was bound to it. */
type Write = readonly [sql: string, bound: readonly unknown[]];

const WRITES = /^\s*(insert|update|delete|replace|begin|commit|rollback)/i;

/** Notes all that is written to SQLite in this process while `work` runs, transactions included. */
export async function writesOf(work: () => Promise<unknown>): Promise<readonly Write[]> {
  const writes: Write[] = [];
  const undo = (['run', 'get', 'all'] as const).map((name) => {
    const original = StatementSync.prototype[name] as (...bound: unknown[]) => unknown;
    StatementSync.prototype[name] = function noted(this: StatementSync, ...bound: unknown[]) {
      if (WRITES.test(this.sourceSQL)) writes.push([this.sourceSQL, bound]);
      return original.apply(this, bound);
    } as never;
    return () => {
      StatementSync.prototype[name] = original as never;
    };
  });
  try {
    await work();
  } finally {
    for (const give of undo) give();
  }
  return writes;
}

/** How long (ms) SQLite takes for just these writes, on a database that is as it was before them. */
export function replay(path: string, writes: readonly Write[]): number {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = NORMAL');
  const statements = new Map<string, StatementSync>();
  for (const [sql] of writes) if (!statements.has(sql)) statements.set(sql, database.prepare(sql));
  const began = performance.now();
  for (const [sql, bound] of writes) statements.get(sql)?.all(...(bound as never[]));
  const ms = performance.now() - began;
  database.close();
  return ms;
}
