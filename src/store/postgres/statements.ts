import { isFinished, type Loop } from '../../core/model/loop.ts';
import { attemptEnded, attemptInserted, attemptRunning } from '../rows/attemptRow.ts';
import { CHANGES_KEPT, isTrimDue } from '../rows/changeLog.ts';
import { checkInserted } from '../rows/checkRow.ts';
import { CLAIM_MS } from '../rows/claimRow.ts';
import { asFlag } from '../rows/codecs.ts';
import { CIRCUIT_CHANGE_COLUMNS, circuitChangesBetween, controlSaved } from '../rows/controlRow.ts';
import { ARRIVAL_COLUMNS, arrivalSaved, DEPARTURE_COLUMNS, departureSaved } from '../rows/departureRow.ts';
import { eventsText } from '../rows/eventRow.ts';
import { historyInserted } from '../rows/historyRow.ts';
import { estimatedPart, ledgerInserted, unknownPart } from '../rows/ledgerRow.ts';
import { loopSaved, loopUnstarted, loopWhole } from '../rows/loopRow.ts';
import { windowSaved } from '../rows/windowRow.ts';
import { seqsIn } from './reads.ts';
import type { StoreHead } from './replica.ts';
import { assignments, list, literal, rowsOf, tuple } from './sql.ts';
import type { Writes } from './writes.ts';

/** How many changes of the circuit are kept. */
const KEPT_CIRCUIT_CHANGES = 1_000;
/**
 * Prompts up to this (bytes) travel in the batch, twice as long as hexadecimal digits; larger ones in a statement of
 * their own.
 */
const SMALL_PROMPT = 64 * 1024;

/** From so many on, loops are updated in one statement. */
const MANY = 10;
/** An edit may have given a queued loop another prompt. */
const PROMPT_AGAIN = 'ON CONFLICT (seq) DO UPDATE SET prompt = excluded.prompt';
export const INSERT_PROMPT = `INSERT INTO prompts (seq, prompt) VALUES ($1, $2) ${PROMPT_AGAIN}`;

/** What is needed to write a transaction. */
export interface Transacted {
  readonly writes: Writes;
  readonly before: StoreHead;
  readonly after: StoreHead;
  /** Names the transaction. */
  readonly writer: string;
  /** The channel on which others hear of it, and what they hear. */
  readonly channel: string;
  readonly payload: string;
  /** Wall time, ms. */
  readonly now: number;
}

/** Prompts that are too large for the batch. */
export function largePrompts({ prompts }: Writes): (readonly [seq: number, prompt: Buffer])[] {
  const bytes = [...prompts].map(([seq, prompt]) => [seq, Buffer.from(prompt)] as const);
  return bytes.filter(([, prompt]) => prompt.length > SMALL_PROMPT);
}

/** The statements of a transaction, in one batch with its commit. */
export function batchOf(transacted: Transacted): string {
  const statements = [
    ...loopStatements(transacted),
    ...attemptStatements(transacted.writes),
    ...bookStatements(transacted.writes),
    ...removalStatements(transacted.writes),
    ...moveStatements(transacted.writes),
    ...pieceStatements(transacted.writes),
    ...headStatements(transacted),
    'COMMIT',
  ];
  return statements.join(';\n');
}

function loopStatements({ writes, now }: Transacted): string[] {
  const statements: string[] = [];
  for (const [seq, loopId] of writes.quarantined) {
    const why = `unreadable, and its id ${loopId} was submitted again`;
    statements.push(
      `INSERT INTO quarantine (at, source, why, content)
         SELECT ${literal(now)}, 'loops', ${literal(why)}, row_to_json(loops)::text
           FROM loops WHERE seq = ${literal(seq)}`,
      `DELETE FROM loops WHERE seq = ${literal(seq)}`,
    );
  }
  const loops = [...writes.loops.values()];
  // Those that end come first: a new loop may take the id of one of them.
  const saved = loops
    .filter(({ isNew }) => !isNew)
    .sort((a, b) => Number(isFinished(b.loop)) - Number(isFinished(a.loop)));
  statements.push(...loopUpdates(saved.map(({ loop }) => loop)));
  for (const [seq, loop] of writes.edited)
    statements.push(`UPDATE loops SET ${assignments(loopUnstarted, loop)} WHERE seq = ${literal(seq)}`);
  const inserted = loops.filter(({ isNew }) => isNew).map(({ loop }) => tuple(loopWhole.values(loop)));
  if (inserted.length > 0)
    statements.push(`INSERT INTO loops (${loopWhole.names.join(', ')}) VALUES ${inserted.join(', ')}`);
  const prompts = [...writes.prompts].map(([seq, prompt]) => [seq, Buffer.from(prompt)] as const);
  const small = prompts.filter(([, { length }]) => length <= SMALL_PROMPT);
  if (small.length > 0) {
    const rows = small.map(([seq, prompt]) => `(${literal(seq)}, '\\x${prompt.toString('hex')}')`);
    statements.push(`INSERT INTO prompts (seq, prompt) VALUES ${rows.join(', ')} ${PROMPT_AGAIN}`);
  }
  return statements;
}

/** One statement for each loop, or one for all where there are many. */
function loopUpdates(loops: readonly Loop[]): string[] {
  if (loops.length < MANY)
    return loops.map((loop) => `UPDATE loops SET ${assignments(loopSaved, loop)} WHERE seq = ${literal(loop.seq)}`);
  const columns = loopSaved.names.map((name) => `${name} = new.${name}`).join(', ');
  return [
    `UPDATE loops AS old SET ${columns} FROM ${rowsOf('loops', loopWhole, loops)} AS new WHERE old.seq = new.seq`,
  ];
}

function attemptStatements({ attempts }: Writes): string[] {
  const statements: string[] = [];
  const inserted: string[] = [];
  for (const { seq, attempt, isNew } of attempts.values()) {
    const { end } = attempt;
    if (isNew) {
      const ended = end ? attemptEnded.values(end) : attemptEnded.names.map(() => null);
      inserted.push(tuple([seq, ...attemptInserted.values(attempt), ...ended]));
    } else {
      const set = [assignments(attemptRunning, attempt), ...(end ? [assignments(attemptEnded, end)] : [])];
      statements.push(`UPDATE attempts SET ${set.join(', ')} WHERE id = ${literal(attempt.id)}`);
    }
  }
  const names = ['seq', ...attemptInserted.names, ...attemptEnded.names];
  if (inserted.length > 0) statements.push(`INSERT INTO attempts (${names.join(', ')}) VALUES ${inserted.join(', ')}`);
  return statements;
}

/** History, checks, ledger, the sums of days, and their marks. */
function bookStatements({ history, checks, ledger, marks }: Writes): string[] {
  const statements: string[] = [];
  if (history.length > 0) {
    const rows = history.map(({ seq, n, attempt, transition }) =>
      tuple([seq, n, attempt, ...historyInserted.values(transition)]),
    );
    const names = ['seq', 'n', 'attempt', ...historyInserted.names];
    statements.push(`INSERT INTO history (${names.join(', ')}) VALUES ${rows.join(', ')}`);
  }
  if (checks.length > 0) {
    const rows = checks.map(({ seq, n, result }) => tuple([seq, n, ...checkInserted.values(result)]));
    statements.push(`INSERT INTO checks (seq, n, ${checkInserted.names.join(', ')}) VALUES ${rows.join(', ')}`);
  }
  if (ledger.length > 0) {
    const rows = ledger.map(({ n, row }) => tuple([n, ...ledgerInserted.values(row)]));
    statements.push(`INSERT INTO ledger (n, ${ledgerInserted.names.join(', ')}) VALUES ${rows.join(', ')}`);
  }
  for (const { row } of ledger)
    statements.push(
      `INSERT INTO spend (day, agent, cost, estimated, unknown)
         VALUES ${tuple([row.day, row.agent, row.cost, estimatedPart(row), unknownPart(row)])}
         ON CONFLICT (day, agent) DO UPDATE SET cost = spend.cost + excluded.cost,
           estimated = spend.estimated + excluded.estimated, unknown = spend.unknown + excluded.unknown`,
    );
  for (const { day, warned, exceeded } of marks.values())
    statements.push(
      `INSERT INTO day_marks (day, warned, exceeded) VALUES ${tuple([day, asFlag(warned), asFlag(exceeded)])}
         ON CONFLICT (day) DO UPDATE SET warned = excluded.warned, exceeded = excluded.exceeded`,
    );
  return statements;
}

function removalStatements({ removed, forgotten }: Writes): string[] {
  const forgets = [...forgotten].flatMap(([seq, before]) => [
    `DELETE FROM attempts WHERE seq = ${literal(seq)} AND id < ${literal(before)} AND ended_at IS NOT NULL`,
    `DELETE FROM history WHERE seq = ${literal(seq)} AND n < ${literal(before)}`,
  ]);
  if (removed.size === 0) return forgets;
  const removals = ['loops', 'attempts', 'history', 'checks', 'ledger', 'prompts'].map(
    (table) => `DELETE FROM ${table} WHERE ${seqsIn(removed)}`,
  );
  return [...forgets, ...removals];
}

/** What came from other stores, and what went there. */
function moveStatements({ arrivals, departures, arrived }: Writes): string[] {
  const statements: string[] = [];
  if (arrivals.length > 0) {
    const rows = arrivals.map((arrival) => tuple([arrival.source, ...arrivalSaved.values(arrival)]));
    statements.push(
      `INSERT INTO imports (source, ${ARRIVAL_COLUMNS}) VALUES ${rows.join(', ')}
         ON CONFLICT (source, seq) DO UPDATE SET here = excluded.here, departure = excluded.departure`,
    );
  }
  if (departures.size > 0) statements.push(`DELETE FROM departures WHERE ${seqsIn(departures.keys())}`);
  const gone = [...departures.values()].filter((departure) => departure !== undefined);
  if (gone.length > 0) {
    const rows = gone.map((departure) => tuple(departureSaved.values(departure)));
    statements.push(`INSERT INTO departures (${DEPARTURE_COLUMNS}) VALUES ${rows.join(', ')}`);
  }
  if (arrived.size > 0) statements.push(`UPDATE departures SET phase = NULL WHERE ${seqsIn(arrived)}`);
  return statements;
}

/** Work that goes from one machine to another, in pieces. */
function pieceStatements({ pieces, taken }: Writes): string[] {
  const rows = pieces.map(({ transfer, n, content }) => tuple([transfer, n, content]));
  return [
    ...(taken.size > 0 ? [`DELETE FROM pieces WHERE transfer IN ${list([...taken])}`] : []),
    ...(rows.length > 0
      ? [
          `INSERT INTO pieces (transfer, n, content) VALUES ${rows.join(', ')}
             ON CONFLICT (transfer, n) DO UPDATE SET content = excluded.content`,
        ]
      : []),
  ];
}

/** The head row, leases, and what others hear. */
function headStatements({ writes, before, after, writer, channel, payload, now }: Transacted): string[] {
  const statements: string[] = [];
  const { windows, control } = writes;
  const released = [...windows].filter(([, lease]) => !lease).map(([id]) => id);
  if (released.length > 0) statements.push(`DELETE FROM windows WHERE id IN ${list(released)}`);
  for (const lease of windows.values())
    if (lease)
      statements.push(
        `INSERT INTO windows (${windowSaved.names.join(', ')}) VALUES ${tuple(windowSaved.values(lease))}
           ON CONFLICT (id) DO UPDATE SET ${windowSaved.names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      );
  if (writes.claims.size > 0) {
    const rows = [...writes.claims].map((key) => tuple([key, now]));
    statements.push(
      `DELETE FROM claims WHERE at <= ${literal(now - CLAIM_MS)}`,
      `INSERT INTO claims (key, at) VALUES ${rows.join(', ')} ON CONFLICT (key) DO UPDATE SET at = excluded.at`,
    );
  }
  const circuits = control ? circuitChangesBetween(before.control, control, now) : [];
  if (circuits.length > 0)
    statements.push(
      `INSERT INTO circuit_changes (${CIRCUIT_CHANGE_COLUMNS}) VALUES ${circuits.map(tuple).join(', ')}`,
      `DELETE FROM circuit_changes WHERE id <= (SELECT max(id) FROM circuit_changes) - ${KEPT_CIRCUIT_CHANGES}`,
    );
  const { counter, finished, failed } = after;
  const counts = `counter = ${literal(counter)}, finished = ${literal(finished)}, failed = ${literal(failed)}`;
  const changed = `[${[...writes.changed].join()}]`;
  statements.push(
    `UPDATE head SET ${counts}${control ? `, ${assignments(controlSaved, control)}` : ''}`,
    `INSERT INTO changes (rev, writer, loops, events)
       VALUES ${tuple([counter, writer, changed, eventsText(writes.events)])}`,
  );
  // The last row that could go stays: it marks where the complete part begins.
  if (isTrimDue(before.counter, counter))
    statements.push(
      `DELETE FROM changes WHERE rev < (SELECT max(rev) FROM changes WHERE rev <= ${literal(counter - CHANGES_KEPT)})`,
    );
  statements.push(`SELECT pg_notify(${literal(channel)}, ${literal(payload)})`);
  return statements;
}
