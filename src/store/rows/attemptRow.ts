import type { SQLInputValue } from 'node:sqlite';
import * as z from 'zod/mini';
import { leftoversOf, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import type { Attempt, AttemptEnd, Outcome, StopBy } from '../../core/model/loop.ts';
import { anyJson, asFlag, asJson, asText, columns, flag, json, oneOf } from './columns.ts';

const PROCESS = {
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  machine: z.exactOptional(z.string()),
  namespace: z.exactOptional(z.string()),
};
/** Names a process for ever (R7.5). */
export const processIdentity = z.object(PROCESS);
const swept = z.array(z.object({ ...PROCESS, command: z.string() }));

const stopBy = oneOf<StopBy>({
  ...{ user: 0, shutdown: 0, budget: 0, cap: 0, restart: 0, timeout: 0, hung: 0, 'output-limit': 0, unattended: 0 },
});
export const outcome = oneOf<Outcome>({
  ...{
    ok: 0,
    cancelled: 0,
    interrupted: 0,
    exit: 0,
    signal: 0,
    timeout: 0,
    hung: 0,
    spawn: 0,
    agent: 0,
    'output-limit': 0,
    lost: 0,
  },
});
const stop = z.object({ by: stopBy, at: z.int(), signal: z.exactOptional(z.string()) });
const leftovers = z.object({ swept, kept: swept, remaining: swept, unseen: z.exactOptional(z.string()) });

/** A row of `attempts`, as SQLite answers it. */
const attemptColumns = columns({
  id: z.int(),
  number: z.int(),
  token: z.string(),
  window_id: z.string(),
  started_at: z.int(),
  generation: z.int(),
  probe: flag,
  reserved: z.int(),
  resumed: flag,
  leader: z.nullable(json(processIdentity)),
  guardian: z.nullable(json(processIdentity)),
  session_id: z.nullable(z.string()),
  read_offset: z.int(),
  // Wrapped, since a state may be `null` itself, which is not the same as none.
  reader_state: z.nullable(
    z.pipe(
      json(anyJson),
      z.transform((value) => ({ value })),
    ),
  ),
  cost: z.int(),
  cost_estimated: z.int(),
  stop: z.nullable(json(stop)),
  ended_at: z.nullable(z.int()),
  outcome: z.nullable(outcome),
  reason: z.nullable(z.string()),
  exit_code: z.nullable(z.int()),
  exit_signal: z.nullable(z.string()),
  leftovers: z.nullable(json(leftovers)),
});
type Columns = z.output<typeof attemptColumns>;

/** Reads a row of `attempts`. */
export const attemptSchema = z.pipe(attemptColumns, z.transform(toAttempt));

function toAttempt(row: Columns, context: z.core.ParsePayload): Attempt {
  const end = endOf(row);
  if (row.ended_at !== null && !end)
    context.issues.push({ code: 'custom', message: 'it is settled, but not how', input: row });
  return {
    id: row.id,
    number: row.number,
    token: row.token,
    windowId: row.window_id,
    startedAt: row.started_at,
    generation: row.generation,
    probe: row.probe,
    reserved: row.reserved,
    resumed: row.resumed,
    readOffset: row.read_offset,
    cost: row.cost,
    costEstimated: row.cost_estimated,
    ...(row.leader && { leader: row.leader }),
    ...(row.guardian && { guardian: row.guardian }),
    ...(row.session_id !== null && { sessionId: row.session_id }),
    ...(row.reader_state && { readerState: row.reader_state.value }),
    ...(row.stop && { stop: row.stop }),
    ...(end && { end }),
  };
}

function endOf(row: Columns): AttemptEnd | undefined {
  if (row.ended_at === null || row.outcome === null || row.reason === null) return undefined;
  return {
    outcome: row.outcome,
    reason: row.reason,
    at: row.ended_at,
    ...(row.exit_code !== null && { exitCode: row.exit_code }),
    ...(row.exit_signal !== null && { signal: row.exit_signal }),
    ...(row.leftovers ?? NOTHING_LEFT),
  };
}

/** The columns that are written once, when the attempt begins, in the order of `insertValues`. */
const FIXED = ['id', 'seq', 'number', 'token', 'started_at', 'generation', 'probe', 'reserved'] as const;
/** The columns that change while it runs, in the order of `runningValues`. */
const RUNNING = [
  'window_id',
  'resumed',
  'leader',
  'guardian',
  'session_id',
  'read_offset',
  'reader_state',
  'cost',
  'cost_estimated',
  'stop',
] as const;
/** The columns of its end, in the order of `endValues`. */
const END = ['ended_at', 'outcome', 'reason', 'exit_code', 'exit_signal', 'leftovers'] as const;

export const ATTEMPT_COLUMNS = [...FIXED, ...RUNNING, ...END].join(', ');
export const ATTEMPT_INSERTED = [...FIXED, ...RUNNING];
export const ATTEMPT_RUNNING = RUNNING;
export const ATTEMPT_END = END;

export function fixedValues(seq: number, attempt: Attempt): SQLInputValue[] {
  return [
    attempt.id,
    seq,
    attempt.number,
    attempt.token,
    attempt.startedAt,
    attempt.generation,
    asFlag(attempt.probe),
    attempt.reserved,
  ];
}

export function runningValues(attempt: Attempt): SQLInputValue[] {
  return [
    attempt.windowId,
    asFlag(attempt.resumed),
    asJson(attempt.leader),
    asJson(attempt.guardian),
    attempt.sessionId ?? null,
    attempt.readOffset,
    asJson(attempt.readerState),
    attempt.cost,
    attempt.costEstimated,
    asJson(attempt.stop),
  ];
}

export function endValues({ outcome, reason, at, exitCode, signal, ...end }: AttemptEnd): SQLInputValue[] {
  const left = leftoversOf(end);
  const nothingLeft = Object.values(left).every((processes) => processes.length === 0);
  return [at, outcome, asText(reason), exitCode ?? null, signal ?? null, nothingLeft ? null : JSON.stringify(left)];
}
