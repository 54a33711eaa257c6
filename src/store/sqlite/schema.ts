import { VERSION_1, VERSION_2 } from './firstTables.ts';

/**
 * One step of the schema: the statements that lead from the version before to `version`. A released step is never
 * changed.
 */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Version 3: what a waiting loop waits for is a field (`waiting_for`: usageLimit, dailyBudget, you), and of one that
 * waits for its user also the decision that is due (`need`). Before, only its sentence distinguished the wait for a new
 * day's budget.
 */
const VERSION_3 = `
ALTER TABLE loops ADD COLUMN waiting_for TEXT;
ALTER TABLE loops ADD COLUMN need TEXT;
UPDATE loops SET waiting_for = CASE why WHEN 'what was left of the daily budget is used up' THEN 'dailyBudget' ELSE 'usageLimit' END
  WHERE state = 'waiting';
`;

/**
 * Version 4: `head.settings` holds the last good values of the settings, for hosts that cannot read their own (R6.9).
 */
const VERSION_4 = `
ALTER TABLE head ADD COLUMN settings TEXT;
`;

/**
 * Version 5: checks and rounds (R11): the check of a loop, where its rounds stand, which runs are checks, and what they
 * found.
 */
const VERSION_5 = `
ALTER TABLE loops ADD COLUMN check_spec TEXT;
ALTER TABLE loops ADD COLUMN rounds TEXT;
ALTER TABLE attempts ADD COLUMN is_check INTEGER;
ALTER TABLE attempts ADD COLUMN round INTEGER;
CREATE TABLE checks (
  seq INTEGER NOT NULL, n INTEGER NOT NULL, round INTEGER NOT NULL, outcome TEXT NOT NULL, exit_code INTEGER,
  started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, tree TEXT, score REAL,
  report TEXT NOT NULL, PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
`;

/**
 * Version 6: circuits and holds by account (R4.3, R14).
 * - `head.circuits`, `head.gates`: JSON lists in place of the one circuit and of the holds by agent. The one circuit
 *   said nothing of whose trouble it was, so all begin closed. A hold of an agent becomes one of the account that is
 *   called like it.
 * - `attempts.account`: who pays; null where nothing is known but the agent.
 * - `loops.was_parked`: a queued loop that could not start for a time counts against the depth of the queue no more.
 */
const VERSION_6 = `
ALTER TABLE head ADD COLUMN circuits TEXT;
ALTER TABLE head ADD COLUMN gates TEXT;
UPDATE head SET gates = (
  SELECT json_group_array(json_object(
    'of', json_object('kind', 'account', 'name', json_extract(value, '$[0]')), 'state', 'held', 'reason', 'usageLimit',
    'why', json_extract(value, '$[1].reason'), 'until', json_extract(value, '$[1].until'), 'tries', 0, 'since', coalesce(
      (SELECT max(since) FROM loops WHERE state = 'waiting' AND agent = json_extract(value, '$[0]')),
      json_extract(value, '$[1].until') - 604800000)
  )) FROM json_each(head.holds)
) WHERE json_valid(holds);
ALTER TABLE head DROP COLUMN circuit;
ALTER TABLE head DROP COLUMN circuit_state;
ALTER TABLE head DROP COLUMN holds;
ALTER TABLE attempts ADD COLUMN account TEXT;
ALTER TABLE circuit_changes ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE loops ADD COLUMN was_parked INTEGER;
`;

/**
 * Version 7: money of four kinds (R6). `cost_unknown` is the part of `cost_estimated` that is a guess, since nobody
 * knows the cost; `cost_at_least` says that some of the work is in no amount. An attempt holds its `allowance` and what
 * it has `accrued` by a first reckoning.
 */
const VERSION_7 = `
ALTER TABLE loops ADD COLUMN cost_unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE loops ADD COLUMN cost_at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE loops ADD COLUMN idle_allowances INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost_unknown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost_at_least INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN accrued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN allowance TEXT;
ALTER TABLE spend ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0;
DROP INDEX ledger_day;
CREATE INDEX ledger_day ON ledger (day, seq, cost, estimated, source);
`;

/**
 * Version 8: bounds over a life and absences.
 * - `loops.restarts_total`: restarts since the submit or the last retry (R5.1). `loops.commands`: the prompt is a
 *   command (R1.5).
 * - `head.seen`: when a host was last alive (R9.5), and what was seen old and when (R9.4).
 */
const VERSION_8 = `
ALTER TABLE loops ADD COLUMN restarts_total INTEGER;
ALTER TABLE loops ADD COLUMN commands INTEGER;
ALTER TABLE head ADD COLUMN seen TEXT;
`;

/**
 * Version 9: `changes.events` holds the events of each transaction, for all hosts; `claims` is what one host does for
 * all (R10.2).
 */
const VERSION_9 = `
ALTER TABLE changes ADD COLUMN events TEXT;
CREATE TABLE claims (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Version 10: `loops.needed_memory` is what a loop held when it was killed for want of memory (R5.7). */
const VERSION_10 = `
ALTER TABLE loops ADD COLUMN needed_memory INTEGER;
`;

/** Version 11: `attempts.last_words` is what an agent said last. */
const VERSION_11 = `
ALTER TABLE attempts ADD COLUMN last_words TEXT;
`;

/** Version 12: `windows.headless` marks the lease of the headless host (R15.1). */
const VERSION_12 = `
ALTER TABLE windows ADD COLUMN headless INTEGER;
`;

/** Version 13: `attempts.containment` is how the processes of an attempt are contained (R13.1). */
const VERSION_13 = `
ALTER TABLE attempts ADD COLUMN containment TEXT;
`;

/**
 * Version 14: questions (R17). `loops.asking` is what its agent asks, `loops.permits` what was permitted for it alone.
 */
const VERSION_14 = `
ALTER TABLE loops ADD COLUMN asking TEXT;
ALTER TABLE loops ADD COLUMN permits TEXT;
`;

/** Version 15: `loops.parent` is the loop inside whose attempt a loop was submitted, with its depth (R15.4). */
const VERSION_15 = `
ALTER TABLE loops ADD COLUMN parent TEXT;
`;

/**
 * Version 16: work trees and snapshots (R12).
 * - `loops.work_tree`: the loop's own work tree; `changes`: what it has changed; `follow_up`: the prompt that it
 *   goes on with.
 * - `attempts.is_setup`: it ran the set-up command; `tree_before`, `tree_after`: the snapshots around it.
 */
const VERSION_16 = `
ALTER TABLE loops ADD COLUMN work_tree TEXT;
ALTER TABLE loops ADD COLUMN changes TEXT;
ALTER TABLE loops ADD COLUMN follow_up TEXT;
ALTER TABLE attempts ADD COLUMN is_setup INTEGER;
ALTER TABLE attempts ADD COLUMN tree_before TEXT;
ALTER TABLE attempts ADD COLUMN tree_after TEXT;
`;

/**
 * Version 17: the machines that share a store (R16.3). A file of one machine has none: the columns are there because
 * both stores have the same.
 */
const VERSION_17 = `
ALTER TABLE head ADD COLUMN machines TEXT;
ALTER TABLE loops ADD COLUMN machine TEXT;
ALTER TABLE windows ADD COLUMN machine TEXT;
`;

/** Version 18: `head.usage` is how full the usage windows of accounts are (R14.6). */
const VERSION_18 = `
ALTER TABLE head ADD COLUMN usage TEXT;
`;

/** Version 19: `loops.repository` is the repository that a loop of another machine belongs to (R16.4). */
const VERSION_19 = `
ALTER TABLE loops ADD COLUMN repository TEXT;
`;

/**
 * Version 20: work that goes from one machine to another (R16.7). A file of one machine has none: both stores have the
 * same.
 */
const VERSION_20 = `
ALTER TABLE head ADD COLUMN transfers TEXT;
CREATE TABLE pieces (transfer TEXT NOT NULL, n INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (transfer, n));
`;

/**
 * Version 21: indexes for a look at what is live that reads no more than it shows, however long the queue is (R2.5):
 * the queue in its order, and the loops that are not in it.
 */
const VERSION_21 = `
CREATE INDEX loops_queue ON loops (priority DESC, place) WHERE state = 'queued';
CREATE INDEX loops_under_way ON loops (state) WHERE finished_at IS NULL AND state <> 'queued';
`;

/**
 * Version 22: moves of loops to and from other stores (R16.1).
 * - `imports`: loops that came from another store, by their `seq` there; `here` is the `seq` here, `departure` the
 *   departure by which it came last.
 * - `departures`: loops that went to another store, with what they were until they are known to have arrived.
 */
const VERSION_22 = `
CREATE TABLE imports (
  source TEXT NOT NULL, seq INTEGER NOT NULL, here INTEGER, departure INTEGER NOT NULL, PRIMARY KEY (source, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE departures (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, target TEXT NOT NULL, phase TEXT) STRICT;
`;

/** Version 23: output that goes from one machine to another (R16.8). A file of one machine has none. */
const VERSION_23 = `
ALTER TABLE head ADD COLUMN log_requests TEXT;
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
  { version: 16, sql: VERSION_16 },
  { version: 17, sql: VERSION_17 },
  { version: 18, sql: VERSION_18 },
  { version: 19, sql: VERSION_19 },
  { version: 20, sql: VERSION_20 },
  { version: 21, sql: VERSION_21 },
  { version: 22, sql: VERSION_22 },
  { version: 23, sql: VERSION_23 },
];

/** The version that this code knows. */
export const SCHEMA_VERSION = (MIGRATIONS.at(-1) as Migration).version;
