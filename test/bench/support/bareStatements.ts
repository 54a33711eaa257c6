import { DatabaseSync, StatementSync } from 'node:sqlite';
import { quickest } from './figures.ts';

/** A statement as it went to SQLite, and what was bound to it. */
type Statement = readonly [sql: string, bound: readonly unknown[]];

const WRITES = /^\s*(insert|update|delete|replace|begin|commit|rollback)/i;
const READS = /^\s*(select|with)/i;

/** Records all that is written to SQLite in this process while `work` runs, transactions included. */
export function writesOf(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  return recorded(WRITES, work);
}

/** Records all that is read from SQLite in this process while `work` runs. */
export function readsOf(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  return recorded(READS, work);
}

async function recorded(kind: RegExp, work: () => Promise<unknown>): Promise<readonly Statement[]> {
  const statements: Statement[] = [];
  const undo = (['run', 'get', 'all'] as const).map((name) => {
    const original = StatementSync.prototype[name] as (...bound: unknown[]) => unknown;
    StatementSync.prototype[name] = function noted(this: StatementSync, ...bound: unknown[]) {
      if (kind.test(this.sourceSQL)) statements.push([this.sourceSQL, bound]);
      return original.apply(this, bound);
    } as never;
    return () => {
      StatementSync.prototype[name] = original as never;
    };
  });
  try {
    await work();
  } finally {
    for (const restore of undo) restore();
  }
  return statements;
}

/**
 * How long (ms) SQLite takes for just these statements. Writes need a database that is as it was before them. `times`:
 * how often they are run; the result is the quickest.
 */
export function replay(path: string, statements: readonly Statement[], times = 1): number {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = NORMAL');
  const prepared = new Map<string, StatementSync>();
  for (const [sql] of statements) if (!prepared.has(sql)) prepared.set(sql, database.prepare(sql));
  const samples: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    for (const [sql, bound] of statements) prepared.get(sql)?.all(...(bound as never[]));
    samples.push(performance.now() - began);
  }
  database.close();
  return quickest(samples);
}
