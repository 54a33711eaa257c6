/**
 * Version 1. What is often written together lies in few trees, since every tree that a commit touches costs a page of
 * the log.
 * - `head`: one row. `counter` numbers loops, revisions, attempts and history rows, and never goes back. Triggers keep
 *   `finished` and `failed`.
 * - `loops.rev`: the counter at the loop's last change, by which other windows find it.
 * - Prompts are blobs, because older versions of Node cut text at a NUL character when they read it.
 */
export const VERSION_1 = `
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
export const VERSION_2 = `
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
