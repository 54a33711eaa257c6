import { readFileSync } from 'node:fs';
import { openDatabase } from '../../src/store/sqlite/openDatabase.ts';
import { MIGRATIONS, type Migration } from '../../src/store/sqlite/schema.ts';
import type { StoreFolder, TestStore } from './support.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/store/${name}`, import.meta.url), 'utf8');

/** The schema as those know it that know only the first step. */
export const FIRST: readonly Migration[] = MIGRATIONS.slice(0, 1);

/** Opens the database with these steps of the schema, and closes it again. */
export function openWith({ path }: StoreFolder, migrations: readonly Migration[]): void {
  const { connection, fileLock } = openDatabase({ path, now: () => 0, log: () => {}, migrations });
  connection.close();
  fileLock?.close();
}

/** Makes the database as its first version wrote it. */
export function makeFirst(folder: StoreFolder): void {
  openWith(folder, FIRST);
  folder.sql(`BEGIN; ${fixture('version1.sql')}; COMMIT`);
}

/**
 * What the store of that version returned, with what later versions know besides: nothing was unknown, and nothing
 * granted.
 */
export function firstAnswers(): unknown {
  const lines = fixture('version1.ndjson').trim().split('\n');
  const [rest, ...loops] = lines.map((line) => JSON.parse(line));
  const known = { costUnknown: 0, costAtLeast: false };
  return {
    loops: loops.map(({ loop, attempts, ...more }) => ({
      ...more,
      loop: {
        ...{ ...loop, ...known, idleAllowances: 0 },
        ...(loop.attempt && { attempt: { ...loop.attempt, ...known, accrued: 0 } }),
      },
      attempts: attempts.map((attempt: object) => ({ ...attempt, ...known, accrued: 0 })),
    })),
    ...rest,
    spend: rest.spend.map((row: object) => ({ ...row, unknown: 0 })),
    spendByLoop: rest.spendByLoop.map((row: object) => ({ ...row, unknown: 0 })),
    day: { ...rest.day, unknown: 0 },
    // Two loops of an agent are too few for a median by now (R6.2).
    medians: [null, 312_500_000, null],
  };
}

/** All that a store returns, as JSON. */
export async function answersOf(store: TestStore): Promise<unknown> {
  const changes = store.changes();
  const finished = await store.finished({ limit: 100 });
  const timeline = await store.timeline({ from: 0, limit: 100 });
  const all = [...(changes?.loops ?? []), ...finished].sort((a, b) => a.seq - b.seq);
  const answers = {
    loops: await Promise.all(
      all.map(async ({ seq, loopId }) => ({
        loop: await store.bySeq(seq),
        latest: (await store.latest(loopId))?.seq,
        prompt: await store.prompt(seq),
        attempts: await store.attempts(seq),
        history: await store.history(seq),
        ledger: await store.ledger(seq),
      })),
    ),
    finished: finished.map(({ seq }) => seq),
    count: store.finishedCount(),
    failed: store.permanentlyFailed(10),
    spend: await store.spend('2026'),
    spendByLoop: await store.spendByLoop('2026-01-15', 10),
    tokens: await store.settledTokens(100),
    timeline,
    timelineOf: await store.timelineOf(timeline.slice(1, 3).map(({ id }) => id)),
    circuit: await store.circuitChanges(0),
    medians: await store.write((tx) => ['sample', 'claude', 'none'].map((agent) => tx.medianCost(agent) ?? null)),
    control: changes?.control,
    windows: changes?.windows,
    day: changes?.day,
  };
  return JSON.parse(JSON.stringify(answers));
}
