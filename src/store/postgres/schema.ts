import { StoreError } from '../../core/model/errors.ts';
import type { Connection } from './connection.ts';
import { identifier, literal } from './sql.ts';

/**
 * One step of the schema: the statements that lead from the version before to `version`. A released step is never
 * changed.
 */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Version 1. The tables of src/store/sqlite/schema.ts with the types of PostgreSQL, and these differences:
 * - `head` is one row, and every transaction locks it first. It holds the counter that numbers loops, attempts, rows of
 *   history and ledger, and changes, and how many loops are finished.
 * - `imports`: loops that were moved here from another store, by their `seq` there, so that each is moved once.
 * - `changes.writer` names the transaction, so that a host whose connection broke at a commit can find out whether it
 *   landed.
 * - Flags are 0 or 1 and JSON is text, as in SQLite: both stores read rows through the same schemas.
 */
const VERSION_1 = `
CREATE TABLE head (
  one smallint PRIMARY KEY CHECK (one = 1), version int NOT NULL, zone text NOT NULL,
  counter bigint NOT NULL, finished bigint NOT NULL, failed bigint NOT NULL,
  circuits text, gates text, paused smallint NOT NULL, settings text, seen text
);

CREATE TABLE loops (
  seq bigint PRIMARY KEY, loop_id text NOT NULL, state text NOT NULL,
  attempt_id bigint, fresh smallint, was_parked smallint, until bigint, why text, waiting_for text, need text,
  finished_at bigint, failure text, cleared smallint,
  title text NOT NULL, agent text NOT NULL, cwd text NOT NULL, folder text, window_id text NOT NULL,
  priority double precision NOT NULL, place double precision NOT NULL,
  estimate bigint NOT NULL, estimate_assumed smallint NOT NULL, max_cost bigint,
  submitted_at bigint NOT NULL, since bigint NOT NULL, attempts bigint NOT NULL, restarts text, restarts_total bigint, needed_memory bigint, quick_crashes bigint NOT NULL,
  cost bigint NOT NULL, cost_estimated bigint NOT NULL, session_id text, last_error text, metadata text,
  check_spec text, rounds text, commands smallint
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX loops_live ON loops (loop_id) WHERE finished_at IS NULL;
CREATE INDEX loops_id ON loops (loop_id, seq);
CREATE INDEX loops_finished ON loops (finished_at, seq) WHERE finished_at IS NOT NULL;
CREATE INDEX loops_failed ON loops (finished_at, seq) WHERE state = 'failed' AND cleared = 0;
CREATE INDEX loops_cost ON loops (agent, finished_at, seq) WHERE state IN ('completed', 'failed');

CREATE TABLE prompts (seq bigint PRIMARY KEY, prompt bytea NOT NULL);

CREATE TABLE attempts (
  id bigint PRIMARY KEY, seq bigint NOT NULL, number bigint NOT NULL, token text NOT NULL, window_id text NOT NULL,
  started_at bigint NOT NULL, generation bigint NOT NULL, probe smallint NOT NULL, reserved bigint NOT NULL,
  is_check smallint, round bigint, account text,
  resumed smallint NOT NULL, leader text, guardian text, session_id text, read_offset bigint NOT NULL, reader_state text,
  cost bigint NOT NULL, cost_estimated bigint NOT NULL, stop text,
  ended_at bigint, outcome text, reason text, exit_code bigint, exit_signal text, leftovers text
) WITH (fillfactor = 80);
CREATE INDEX attempts_loop ON attempts (seq, id);
CREATE INDEX attempts_token ON attempts (token);

CREATE TABLE history (
  seq bigint NOT NULL, n bigint NOT NULL, attempt bigint, at bigint NOT NULL,
  from_state text NOT NULL, to_state text NOT NULL, why text NOT NULL,
  PRIMARY KEY (seq, n)
);

CREATE TABLE checks (
  seq bigint NOT NULL, n bigint NOT NULL, round bigint NOT NULL, outcome text NOT NULL, exit_code bigint,
  started_at bigint NOT NULL, ended_at bigint NOT NULL, token text NOT NULL, digest text NOT NULL, tree text,
  score double precision, report text NOT NULL, PRIMARY KEY (seq, n)
);

CREATE TABLE ledger (
  seq bigint NOT NULL, key text NOT NULL, n bigint NOT NULL, attempt_id bigint, agent text NOT NULL, day text NOT NULL,
  at bigint NOT NULL, cost bigint NOT NULL, source text NOT NULL, estimated bigint NOT NULL,
  PRIMARY KEY (seq, key)
);
CREATE INDEX ledger_day ON ledger (day, seq);

CREATE TABLE spend (
  day text NOT NULL, agent text NOT NULL, cost bigint NOT NULL, estimated bigint NOT NULL, PRIMARY KEY (day, agent)
);
CREATE TABLE day_marks (day text PRIMARY KEY, warned smallint NOT NULL, exceeded smallint NOT NULL);

CREATE TABLE circuit_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, account text NOT NULL,
  from_state text NOT NULL, to_state text NOT NULL
);
CREATE TABLE windows (id text PRIMARY KEY, process text NOT NULL, folders text NOT NULL, opened_at bigint NOT NULL);
CREATE TABLE quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, source text NOT NULL, why text NOT NULL,
  content text NOT NULL
);
CREATE TABLE imports (source text NOT NULL, seq bigint NOT NULL, PRIMARY KEY (source, seq));
CREATE TABLE changes (rev bigint PRIMARY KEY, writer text NOT NULL, loops text NOT NULL);
`;

/** Version 2: money of four kinds (R6), as step 7 of the schema on SQLite. */
const VERSION_2 = `
ALTER TABLE loops ADD COLUMN cost_unknown bigint NOT NULL DEFAULT 0, ADD COLUMN cost_at_least smallint NOT NULL DEFAULT 0,
  ADD COLUMN idle_allowances bigint NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost_unknown bigint NOT NULL DEFAULT 0, ADD COLUMN cost_at_least smallint NOT NULL DEFAULT 0,
  ADD COLUMN accrued bigint NOT NULL DEFAULT 0, ADD COLUMN allowance text;
ALTER TABLE spend ADD COLUMN unknown bigint NOT NULL DEFAULT 0;
DROP INDEX loops_cost;
CREATE INDEX loops_cost ON loops (agent, finished_at, seq)
  WHERE state IN ('completed', 'failed') AND cost > 0 AND cost_unknown = 0 AND cost_at_least = 0;
`;

/** Version 3: the events of each transaction, and claims (R10.2), as step 9 of the schema on SQLite. */
const VERSION_3 = `
ALTER TABLE changes ADD COLUMN events text;
CREATE TABLE claims (key text PRIMARY KEY, at bigint NOT NULL);
`;

/** Version 4: `attempts.last_words`, as step 11 of the schema on SQLite. */
const VERSION_4 = `
ALTER TABLE attempts ADD COLUMN last_words text;
`;

/** Version 5: the lease of the headless host (R15.1), as step 12 of the schema on SQLite. */
const VERSION_5 = `
ALTER TABLE windows ADD COLUMN headless smallint;
`;

/** Version 6: how attempts are contained, as step 13 of the schema on SQLite. */
const VERSION_6 = `
ALTER TABLE attempts ADD COLUMN containment text;
`;

/** Version 7: questions (R17), as step 14 of the schema on SQLite. */
const VERSION_7 = `
ALTER TABLE loops ADD COLUMN asking text, ADD COLUMN permits text;
`;

/** Version 8: `loops.parent`, as step 15 of the schema on SQLite. */
const VERSION_8 = `
ALTER TABLE loops ADD COLUMN parent text;
`;

/** Version 9: work trees and snapshots (R12), as step 16 of the schema on SQLite. */
const VERSION_9 = `
ALTER TABLE loops ADD COLUMN work_tree text, ADD COLUMN changes text, ADD COLUMN follow_up text;
ALTER TABLE attempts ADD COLUMN is_setup smallint, ADD COLUMN tree_before text, ADD COLUMN tree_after text;
`;

/** Version 10: the machines that share the store (R16.3), as step 17 of the schema on SQLite. */
const VERSION_10 = `
ALTER TABLE head ADD COLUMN machines text;
ALTER TABLE loops ADD COLUMN machine text;
ALTER TABLE windows ADD COLUMN machine text;
`;

/** Version 11: usage windows of accounts (R14.6), as step 18 of the schema on SQLite. */
const VERSION_11 = `
ALTER TABLE head ADD COLUMN usage text;
`;

/** Version 12: the repository that a loop belongs to (R16.4), as step 19 of the schema on SQLite. */
const VERSION_12 = `
ALTER TABLE loops ADD COLUMN repository text;
`;

/** Version 13: work that goes from one machine to another (R16.7), as step 20 of the schema on SQLite. */
const VERSION_13 = `
ALTER TABLE head ADD COLUMN transfers text;
CREATE TABLE pieces (transfer text NOT NULL, n bigint NOT NULL, content text NOT NULL, PRIMARY KEY (transfer, n));
`;

/**
 * Version 14: moves of loops to and from other stores (R16.1), as step 22 of the schema on SQLite.
 * - `head.id` names the store permanently.
 * - `imports.here`: the loop's `seq` here; `departure`: the departure by which it came last.
 * - `departures`: loops that went to another store, with what they were until they are known to have arrived.
 */
const VERSION_14 = `
ALTER TABLE head ADD COLUMN id text NOT NULL DEFAULT gen_random_uuid()::text;
ALTER TABLE imports ADD COLUMN here bigint, ADD COLUMN departure bigint NOT NULL DEFAULT 0;
CREATE TABLE departures (seq bigint PRIMARY KEY, n bigint NOT NULL, target text NOT NULL, phase text);
`;

/** Version 15: output that goes from one machine to another (R16.8), as step 23 of the schema on SQLite. */
const VERSION_15 = `
ALTER TABLE head ADD COLUMN log_requests text;
`;

/** The steps of the schema in their order. A change of the schema is a new step at the end. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: VERSION_1 },
  { version: 2, sql: VERSION_2 },
  { version: 3, sql: VERSION_3 },
  { version: 4, sql: VERSION_4 },
  { version: 5, sql: VERSION_5 },
  { version: 6, sql: VERSION_6 },
  { version: 7, sql: VERSION_7 },
  { version: 8, sql: VERSION_8 },
  { version: 9, sql: VERSION_9 },
  { version: 10, sql: VERSION_10 },
  { version: 11, sql: VERSION_11 },
  { version: 12, sql: VERSION_12 },
  { version: 13, sql: VERSION_13 },
  { version: 14, sql: VERSION_14 },
  { version: 15, sql: VERSION_15 },
];

/** The version that this code knows. */
export const SCHEMA_VERSION = (MIGRATIONS.at(-1) as Migration).version;

/**
 * Brings the schema up to the last of `migrations` in one transaction, under an advisory lock that keeps other hosts
 * from doing the same. `zone` is the time zone of the budget's day; it is stored when the schema is made. Rejects with
 * a `StoreError`: `newer` for a schema of a later version, which is left untouched, `broken` for a schema that is not
 * ours.
 */
export async function migrate(
  connection: Connection,
  schema: string,
  shown: string,
  zone: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const latest = migrations.at(-1)?.version ?? 0;
  if ((await versionOf(connection, schema, shown, latest)) === latest) return;
  try {
    await connection.run(
      `BEGIN; SELECT pg_advisory_xact_lock(hashtext('loop supervisor'), hashtext(${literal(schema)}))`,
    );
    // Another host may have migrated while this one waited.
    const version = await versionOf(connection, schema, shown, latest);
    const steps = migrations.filter((step) => step.version > version).map(({ sql }) => sql);
    const head =
      version === 0
        ? `INSERT INTO head (one, version, zone, counter, finished, failed, paused)
           VALUES (1, ${latest}, ${literal(zone)}, 0, 0, 0, 0); INSERT INTO changes VALUES (0, '', '[]')`
        : `UPDATE head SET version = ${latest}`;
    const create = version === 0 ? `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};` : '';
    await connection.run(`${create} ${steps.join('\n')} ${head}; COMMIT`);
  } catch (error) {
    if (!connection.isBroken) await connection.run('ROLLBACK');
    throw error;
  }
}

/** The version of the schema; 0 if there is none yet. */
async function versionOf(connection: Connection, schema: string, shown: string, known: number): Promise<number> {
  const tables = `SELECT relname FROM pg_class
    WHERE relnamespace = to_regnamespace(${literal(schema)}) AND relkind = 'r'`;
  const names = (await connection.run(tables))[0]?.map(({ relname }) => relname) ?? [];
  if (names.length === 0) return 0;
  if (!names.includes('head') || !names.includes('changes'))
    throw new StoreError(
      'broken',
      `The schema of the store at ${shown} belongs to another program. Nothing in it was changed. ` +
        'Name another one: ?schema=….',
    );
  const [rows] = await connection.run('SELECT version FROM head');
  return checkVersion(Number(rows?.[0]?.version), known, shown);
}

/**
 * Returns the schema's version. Throws a `StoreError` of kind `newer` if a later version of this extension has changed
 * it.
 */
export function checkVersion(version: number, known: number, shown: string): number {
  if (version <= known) return version;
  throw new StoreError(
    'newer',
    `The store at ${shown} belongs to a newer version of Loop Supervisor ` +
      `(its schema is ${version}, this window knows ${known}). ` +
      'Nothing was changed. Update the extension, then reload the window.',
  );
}
