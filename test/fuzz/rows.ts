import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import type { FuzzOptions, FuzzResult } from './outcome.ts';
import { onceIn, tryCases } from './property.ts';
import { makeDatabase, RowBench } from './rowBench.ts';

/** A file system in memory where there is one: these files are many, and nobody needs them on a disk. */
const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const value = fc.oneof(
  fc.constantFrom<string | number | bigint | null>(
    null,
    '',
    'x',
    '{',
    '[]',
    '{}',
    'null',
    'running',
    'queued',
    'completed',
    '1e999',
    '[1e999]',
  ),
  fc.constantFrom<string | number | bigint | null>(0, -1, 2, 1e15, 2n ** 53n, 2n ** 62n, -(2n ** 62n), 0.5),
  fc.integer(),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.json({ maxDepth: 2 }),
);

/** One spoilt column of one row; or bytes of the file itself. */
const spoiling = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('column' as const), table: place, row: place, column: place, value }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removed' as const), table: place, row: place }) },
);
const bytes = fc.record({ at: place, with: fc.uint8Array({ minLength: 1, maxLength: 64 }) });
const rowCase = fc.record({
  spoilings: fc.array(spoiling, { minLength: 1, maxLength: 5 }),
  bytes: onceIn(9, fc.array(bytes, { minLength: 1, maxLength: 3 })),
  truncated: onceIn(30, place),
});

const TABLES = [
  ...[
    { name: 'loops', key: 'seq' },
    { name: 'loops', key: 'seq' },
    { name: 'loops', key: 'seq' },
    { name: 'attempts', key: 'id' },
  ],
  ...[
    { name: 'attempts', key: 'id' },
    { name: 'head', key: 'one' },
    { name: 'changes', key: 'rev' },
    { name: 'history', key: 'n' },
    { name: 'ledger', key: 'n' },
  ],
  ...[
    { name: 'spend', key: 'day' },
    { name: 'day_marks', key: 'day' },
    { name: 'windows', key: 'id' },
    { name: 'prompts', key: 'seq' },
  ],
  { name: 'circuit_changes', key: 'id' },
] as const;

/**
 * Rows of a real database spoilt, now and then its bytes: the store opens it or says why not, and the supervisor goes
 * on with what can be read.
 */
export async function fuzzRows(options: FuzzOptions): Promise<FuzzResult> {
  const folder = mkdtempSync(join(FAST, 'loop-supervisor-fuzz-rows-'));
  const original = join(folder, 'original.db');
  await makeDatabase(original);
  let files = 0;
  try {
    return await tryCases(rowCase, options, async ({ spoilings, bytes, truncated }) => {
      const path = join(folder, String(files++), 'supervisor.db');
      const bench = new RowBench(path, original);
      try {
        const spoilt = new DatabaseSync(path);
        for (const one of spoilings) spoil(spoilt, one);
        spoilt.close();
        if (bytes || truncated !== undefined) {
          const content = readFileSync(path);
          for (const one of bytes ?? [])
            content.set(
              one.with.subarray(0, content.length - Math.floor(one.at * content.length)),
              Math.floor(one.at * content.length),
            );
          writeFileSync(
            path,
            truncated === undefined ? content : content.subarray(0, Math.floor(truncated * content.length)),
          );
        }
        return await bench.wrong();
      } finally {
        bench.dispose();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Spoiling = typeof spoiling extends fc.Arbitrary<infer T> ? T : never;

const choose = <T>(from: readonly T[], at: number): T | undefined => from[Math.floor(at * from.length)];

/**
 * What a curious hand, another program or a half-broken disk does. What the types of the columns forbid is not done.
 */
function spoil(database: DatabaseSync, one: Spoiling): void {
  const table = choose(TABLES, one.table) as (typeof TABLES)[number];
  const select = database.prepare(`SELECT ${table.key} AS key FROM ${table.name} ORDER BY 1`);
  select.setReadBigInts(true);
  const key = choose(select.all(), one.row)?.['key'] as string | bigint | undefined;
  if (key === undefined) return;
  try {
    if (one.kind === 'removed') database.prepare(`DELETE FROM ${table.name} WHERE ${table.key} = ?`).run(key);
    else {
      const columns = database.prepare(`SELECT name FROM pragma_table_info(?)`).all(table.name);
      const column = choose(columns, one.column)?.['name'] as string;
      database.prepare(`UPDATE ${table.name} SET ${column} = ? WHERE ${table.key} = ?`).run(one.value, key);
    }
  } catch {
    // A number where text belongs, or an id that is there already.
  }
}
