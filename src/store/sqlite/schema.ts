/**
 * One step of the schema: the statements that lead from the version before to `version`. A released step is never
 * changed.
 */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Version 1. What is often written together lies in few trees, since every tree that a commit touches costs a page of
 * the log.
 * - `head`: one row. `counter` numbers loops, revisions, attempts and history rows, and never goes back. Triggers keep
 *   `finished` and `failed`.
 * - `loops.rev`: the counter at the loop's last change, by which other windows find it.
 * - Prompts are blobs, because older versions of Node cut text at a NUL character when they read it.
 */
const VERSION_1 = `
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  counter INTEGER NOT NULL, finished INTEGER NOT NULL, failed INTEGER NOT NULL,
  circuit TEXT, circuit_state TEXT NOT NULL, paused INTEGER NOT NULL, holds TEXT
) STRICT;
INSERT INTO head VALUES (1, 0, 0, 0, NULL, 'closed', 0, NULL);

CREATE TABLE loops (
  seq INTEGER PRIMARY KEY, rev INTEGER NOT NULL, loop_id TEXT NOT NULL, state TEXT NOT NULL,
  attempt_id INTEGER, fresh INTEGER, until INTEGER, why TEXT, finished_at INTEGER, failure TEXT, cleared INTEGER,
  title TEXT NOT NULL, agent TEXT NOT NULL, cwd TEXT NOT NULL, folder TEXT, window_id TEXT NOT NULL,
  priority REAL NOT NULL, place REAL NOT NULL, estimate INTEGER NOT NULL, estimate_assumed INTEGER NOT NULL, max_cost INTEGER,
  submitted_at INTEGER NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL, restarts TEXT, quick_crashes INTEGER NOT NULL,
  cost INTEGER NOT NULL, cost_estimated INTEGER NOT NULL, session_id TEXT, last_error TEXT, metadata TEXT
) STRICT;
CREATE UNIQUE INDEX loops_live ON loops (loop_id) WHERE finished_at IS NULL;
CREATE INDEX loops_id ON loops (loop_id);
CREATE INDEX loops_rev ON loops (rev);
CREATE INDEX loops_finished ON loops (finished_at, seq, state, agent) WHERE finished_at IS NOT NULL;
CREATE INDEX loops_failed ON loops (finished_at) WHERE state = 'failed' AND cleared = 0;
CREATE INDEX loops_cost ON loops (agent, finished_at, cost) WHERE state IN ('completed', 'failed');
CREATE TRIGGER loops_counted AFTER UPDATE OF finished_at, cleared ON loops BEGIN
  UPDATE head SET
    finished = finished + (new.finished_at IS NOT NULL) - (old.finished_at IS NOT NULL),
    failed = failed + (new.state = 'failed' AND new.cleared IS 0) - (old.state = 'failed' AND old.cleared IS 0);
END;
CREATE TRIGGER loops_removed AFTER DELETE ON loops WHEN old.finished_at IS NOT NULL BEGIN
  UPDATE head SET finished = finished - 1, failed = failed - (old.state = 'failed' AND old.cleared IS 0);
END;

CREATE TABLE prompts (seq INTEGER PRIMARY KEY, prompt BLOB NOT NULL) STRICT;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, number INTEGER NOT NULL, token TEXT NOT NULL, window_id TEXT NOT NULL,
  started_at INTEGER NOT NULL, generation INTEGER NOT NULL, probe INTEGER NOT NULL, reserved INTEGER NOT NULL, resumed INTEGER NOT NULL,
  leader TEXT, guardian TEXT, session_id TEXT, read_offset INTEGER NOT NULL, reader_state TEXT,
  cost INTEGER NOT NULL, cost_estimated INTEGER NOT NULL, stop TEXT,
  ended_at INTEGER, outcome TEXT, reason TEXT, exit_code INTEGER, exit_signal TEXT, leftovers TEXT
) STRICT;
CREATE INDEX attempts_loop ON attempts (seq);

CREATE TABLE history (
  seq INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
  seq INTEGER NOT NULL, key TEXT NOT NULL, n INTEGER NOT NULL, attempt_id INTEGER, agent TEXT NOT NULL, day TEXT NOT NULL, at INTEGER NOT NULL,
  cost INTEGER NOT NULL, source TEXT NOT NULL, estimated INTEGER NOT NULL,
  PRIMARY KEY (seq, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_day ON ledger (day, seq, cost, estimated);

CREATE TABLE spend (
  day TEXT NOT NULL, agent TEXT NOT NULL, cost INTEGER NOT NULL, estimated INTEGER NOT NULL,
  PRIMARY KEY (day, agent)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_marks (day TEXT PRIMARY KEY, warned INTEGER NOT NULL, exceeded INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE circuit_changes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL) STRICT;
CREATE TABLE windows (id TEXT PRIMARY KEY, process TEXT NOT NULL, folders TEXT NOT NULL, opened_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE quarantine (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, why TEXT NOT NULL, content TEXT NOT NULL) STRICT;
`;

/**
 * Version 2: changes are a list to which rows are appended, and each change touches fewer trees.
 * - `changes` replaces `loops.rev`: it says which loops each transaction changed. One counter numbers loops, attempts,
 *   rows of history and ledger, and changes; it is the last `rev` here, replaces `head.counter`, and never goes back.
 *   The last row also says how many loops are `finished`, and how many `failed` and were not cleared, which replaces
 *   the triggers. Older rows are trimmed.
 * - `history.attempt` names the attempt that began with that row and so leads from a loop to its attempts, which
 *   replaces an index. An attempt was always added just before its row of history: that is the first row after its own
 *   number and before the next attempt. An attempt without such a row would not be found by its loop; it gets one under
 *   its own number, which no row has.
 * - The loop's own row (`submitted_at`) says that it was submitted, and no row of history does any more, except where
 *   there is no such loop.
 */
const VERSION_2 = `
CREATE TABLE changes (rev INTEGER PRIMARY KEY, loops TEXT NOT NULL, finished INTEGER NOT NULL, failed INTEGER NOT NULL) STRICT;
INSERT INTO changes SELECT counter, '[]', finished, failed FROM head;

DROP TRIGGER loops_counted;
DROP TRIGGER loops_removed;
DROP INDEX loops_rev;
DROP INDEX loops_cost;
ALTER TABLE loops DROP COLUMN rev;
ALTER TABLE head DROP COLUMN counter;
ALTER TABLE head DROP COLUMN finished;
ALTER TABLE head DROP COLUMN failed;

DELETE FROM history WHERE from_state = 'new' AND seq IN (SELECT seq FROM loops);
ALTER TABLE history ADD COLUMN attempt INTEGER;
INSERT INTO history (seq, n, at, from_state, to_state, why)
  SELECT seq, id, started_at, 'queued', 'running', '' FROM attempts AS a WHERE NOT EXISTS (
    SELECT 1 FROM history AS h WHERE h.seq = a.seq AND h.n >= a.id
      AND h.n < coalesce((SELECT min(id) FROM attempts AS later WHERE later.seq = a.seq AND later.id > a.id), h.n + 1)
  );
UPDATE history SET attempt = a.id FROM attempts AS a
  WHERE history.seq = a.seq AND history.n = (SELECT min(n) FROM history AS h WHERE h.seq = a.seq AND h.n >= a.id);
DROP INDEX attempts_loop;
`;

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
