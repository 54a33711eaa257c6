import * as z from 'zod/mini';
import type { Allowance, Attempt, AttemptEnd, Outcome, StopBy } from '../../core/model/attempt.ts';
import type { Containment } from '../../core/model/containment.ts';
import { type Leftovers, leftoversOf, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import {
  flag,
  freeText,
  int,
  json,
  jsonOf,
  nameOf,
  oneOf,
  optional,
  optionalJson,
  type SqlValue,
  text,
} from './codecs.ts';
import { type CheckedRow, ColumnTable, columns, written } from './columnTable.ts';

const PROCESS = {
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  machine: z.exactOptional(z.string()),
  namespace: z.exactOptional(z.string()),
};
/** Identifies a process even after its pid is reused (R7.5). */
export const processIdentity = z.object(PROCESS);
const swept = z.array(z.object({ ...PROCESS, command: z.string() }));

const stopBy = oneOf<StopBy>({
  ...{
    user: 0,
    shutdown: 0,
    budget: 0,
    cap: 0,
    refused: 0,
    restart: 0,
    timeout: 0,
    hung: 0,
    'output-limit': 0,
    memory: 0,
    unattended: 0,
    partition: 0,
    ended: 0,
    asking: 0,
  },
});
export const outcome = oneOf<Outcome>({
  ...{ ok: 0, cancelled: 0, interrupted: 0, exit: 0, signal: 0, timeout: 0, hung: 0, spawn: 0, agent: 0 },
  ...{ 'output-limit': 0, lost: 0, memory: 0, asks: 0 },
});
const stop = z.lazy(() => z.object({ by: stopBy, at: z.int(), signal: z.exactOptional(z.string()) }));

const allowance = z.lazy(() =>
  z.object({
    amount: z.int(),
    of: oneOf<Allowance['of']>({ cap: 0, day: 0 }),
    heldBy: oneOf<Allowance['heldBy']>({ agent: 0, host: 0, nobody: 0 }),
  }),
);

const containment = nameOf<Containment>({ scope: 0, cgroup: 0, subreaper: 0, search: 0 });

const start = written('start');
const running = written('running');

/** The columns of `attempts` apart from `seq`, which names its loop, and from its end. */
const attempt = new ColumnTable<Omit<Attempt, 'end'>, 'start' | 'running'>({
  id: start('id', int),
  number: start('number', int),
  token: start('token', text),
  startedAt: start('started_at', int),
  account: start('account', optional(text)),
  generation: start('generation', int),
  probe: start('probe', flag),
  reserved: start('reserved', int),
  isCheck: start('is_check', optional(flag)),
  isSetup: start('is_setup', optional(flag)),
  round: start('round', optional(int)),
  windowId: running('window_id', text),
  resumed: running('resumed', flag),
  leader: running('leader', optional(jsonOf(processIdentity))),
  guardian: running('guardian', optional(jsonOf(processIdentity))),
  containment: running('containment', optional(containment)),
  sessionId: running('session_id', optional(text)),
  readOffset: running('read_offset', int),
  readerState: running('reader_state', optionalJson),
  cost: running('cost', int),
  costEstimated: running('cost_estimated', int),
  costUnknown: running('cost_unknown', int),
  costAtLeast: running('cost_at_least', flag),
  accrued: running('accrued', int),
  allowance: running('allowance', optional(jsonOf(allowance))),
  treeBefore: running('tree_before', optional(text)),
  treeAfter: running('tree_after', optional(text)),
  stop: running('stop', optional(jsonOf(stop))),
});

type Ended = Omit<AttemptEnd, keyof Leftovers>;
const settled = written('settled');

/** The columns of its end, null until it is settled. What was left of its processes shares one column. */
const end = new ColumnTable<Ended, 'settled'>({
  at: settled('ended_at', int),
  outcome: settled('outcome', { schema: outcome, isOptional: false, encode: (name) => name }),
  reason: settled('reason', freeText),
  exitCode: settled('exit_code', optional(int)),
  signal: settled('exit_signal', optional(text)),
  lastWords: settled('last_words', optional(freeText)),
});
const endColumns = end.group();
const LEFTOVERS = 'leftovers';
const leftovers = z.lazy(() => z.object({ swept, kept: swept, remaining: swept, unseen: z.exactOptional(z.string()) }));

export const ATTEMPT_COLUMNS = [...attempt.names, ...end.names, LEFTOVERS].join(', ');
/** What an `INSERT` writes, apart from `seq`. */
export const attemptInserted = attempt.group();
/** What changes while the attempt runs. */
export const attemptRunning = attempt.group('running');
/** An attempt with what was decided at its dispatch, which is never written again. */
export const asDispatched = (now: Attempt, before: Attempt): Attempt => attempt.keep(now, before, 'start') as Attempt;
/** What is written when it is settled. */
export const attemptEnded = {
  names: [...endColumns.names, LEFTOVERS],
  values: (ended: AttemptEnd): SqlValue[] => [...endColumns.values(ended), leftoversJson(ended)],
};

const endShape = Object.fromEntries(Object.entries(end.shape).map(([name, schema]) => [name, z.nullable(schema)]));
const shape: typeof attempt.shape = { ...attempt.shape, ...endShape, [LEFTOVERS]: z.nullable(json(leftovers)) };
/** Reads a row of `attempts`. */
export const attemptSchema = z.lazy(() => z.pipe(columns(shape), z.transform(toAttempt)));

function toAttempt(row: CheckedRow, context: z.core.ParsePayload): Attempt {
  const facts = attempt.record(row);
  if (row.ended_at === null) return facts;
  if (row.outcome === null || row.reason === null)
    context.issues.push({ code: 'custom', message: 'it has ended, and nothing says how', input: row });
  const left = (row[LEFTOVERS] as z.output<typeof leftovers> | null) ?? NOTHING_LEFT;
  return { ...facts, end: { ...end.record(row), ...left } };
}

function leftoversJson(ended: AttemptEnd): string | null {
  const left = leftoversOf(ended);
  return Object.values(left).every((processes) => processes.length === 0) ? null : JSON.stringify(left);
}
