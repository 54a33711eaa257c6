import * as z from 'zod/mini';
import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import type { FailureClass } from '../../core/model/attempt.ts';
import {
  type ActiveLoop,
  isActive,
  isFinished,
  type Loop,
  type LoopFacts,
  needsUser,
  type UserDecision,
  type Waiting,
} from '../../core/model/loop.ts';
import { checkSchema, roundsSchema } from './checkRow.ts';
import {
  asFlag,
  asText,
  flag,
  flagSchema,
  freeText,
  int,
  json,
  jsonObject,
  jsonOf,
  listOf,
  oneOf,
  optional,
  real,
  type SqlValue,
  text,
} from './codecs.ts';
import { type CheckedRow, ColumnTable, columns, written } from './columnTable.ts';
import { permitsSchema, questionsSchema } from './questionRow.ts';
import { changesSchema, repositorySchema, workTreeSchema } from './workTreeRow.ts';

const cause = oneOf<AgentErrorCause>({
  ...{ provider: 0, auth: 0, billing: 0, config: 0, session: 0, budget: 0, turns: 0, aborted: 0, task: 0 },
});
const failureClass = oneOf<FailureClass>({
  ...{ exit: 0, signal: 0, timeout: 0, hung: 0, spawn: 0, agent: 0, 'output-limit': 0, lost: 0, memory: 0, asks: 0 },
});
const failure = z.object({ class: failureClass, reason: z.string(), cause: z.exactOptional(cause), at: z.int() });

const once = written('once');
const unstarted = written('unstarted');
const live = written('live');

type Occasion = 'once' | 'unstarted' | 'live';

/**
 * What every loop has, whatever its state. `once`: written when it is submitted, and never again. `unstarted`: changed
 * only by an edit, before its first attempt.
 */
const facts = new ColumnTable<LoopFacts, Occasion>({
  seq: once('seq', int),
  loopId: once('loop_id', text),
  agent: unstarted('agent', text),
  submittedAt: once('submitted_at', int),
  metadata: once('metadata', optional(jsonOf(jsonObject))),
  parent: once('parent', optional(jsonOf(z.object({ loopId: z.string(), depth: z.int() })))),
  title: live('title', freeText),
  cwd: live('cwd', text),
  folder: live('folder', optional(text)),
  windowId: live('window_id', text),
  machine: live('machine', optional(text)),
  repository: live('repository', optional(jsonOf(repositorySchema))),
  priority: live('priority', real),
  place: live('place', real),
  estimate: live('estimate', int),
  estimateAssumed: live('estimate_assumed', flag),
  maxCost: live('max_cost', optional(int)),
  since: live('since', int),
  attempts: live('attempts', int),
  restarts: live('restarts', listOf(z.int())),
  restartsTotal: live('restarts_total', optional(int)),
  neededMemory: live('needed_memory', optional(int)),
  commands: once('commands', optional(flag)),
  quickCrashes: live('quick_crashes', int),
  cost: live('cost', int),
  costEstimated: live('cost_estimated', int),
  costUnknown: live('cost_unknown', int),
  costAtLeast: live('cost_at_least', flag),
  idleAllowances: live('idle_allowances', int),
  sessionId: live('session_id', optional(text)),
  lastError: live('last_error', optional(jsonOf(failure))),
  check: unstarted('check_spec', optional(jsonOf(checkSchema))),
  rounds: live('rounds', optional(jsonOf(roundsSchema))),
  asking: live('asking', optional(jsonOf(questionsSchema))),
  permits: live('permits', optional(jsonOf(permitsSchema))),
  followUp: live('follow_up', optional(freeText)),
  workTree: live('work_tree', optional(jsonOf(workTreeSchema))),
  changes: live('changes', optional(jsonOf(changesSchema))),
});

/** What a loop has only in some of its live states; null in the others. */
const PHASE: { readonly [column: string]: (loop: Loop) => SqlValue } = {
  state: ({ state }) => state,
  attempt_id: (loop) => (isActive(loop) ? loop.attempt.id : null),
  fresh: (loop) => (loop.state === 'queued' ? asFlag(loop.fresh) : null),
  was_parked: (loop) => (loop.state === 'queued' && loop.wasParked ? 1 : null),
  until: (loop) => ('until' in loop ? loop.until : null),
  why: (loop) => (loop.state === 'waiting' ? asText(loop.why) : null),
  waiting_for: (loop) => (loop.state === 'waiting' ? loop.for : null),
  need: (loop) => (needsUser(loop) ? loop.need : null),
};
/** What only a finished loop has. */
const END: typeof PHASE = {
  finished_at: (loop) => (isFinished(loop) ? loop.finishedAt : null),
  failure: (loop) => (loop.state === 'failed' ? JSON.stringify(loop.failure) : null),
  cleared: (loop) => (loop.state === 'failed' ? asFlag(loop.cleared) : null),
};

/** The columns of facts, followed by others. */
function group(occasions: Occasion[], others: typeof PHASE) {
  const { names, values } = facts.group(...occasions);
  const writers = Object.values(others);
  return {
    names: [...names, ...Object.keys(others)],
    values: (loop: Loop): SqlValue[] => {
      const row = values(loop);
      for (const value of writers) row.push(value(loop));
      return row;
    },
  };
}

export const LOOP_COLUMNS = [...facts.names, ...Object.keys({ ...PHASE, ...END })].join(', ');
/** What an `INSERT` writes. */
export const loopInserted = group(['once', 'unstarted', 'live'], PHASE);
/**
 * What changes while the loop is live. No index of finished loops has any of it alone, so those indexes stay untouched.
 */
export const loopLive = group(['live'], PHASE);
/** Every column, for a store that inserts a loop as its transaction leaves it. */
export const loopWhole = group(['once', 'unstarted', 'live'], { ...PHASE, ...END });
/** What an edit of a loop that has not started writes beside that. */
export const loopUnstarted = group(['unstarted'], {});
/** A loop with what stays as it was submitted. */
export const asSubmitted = (loop: Loop, before: Loop): Loop => facts.keep(loop, before, 'once', 'unstarted') as Loop;
/** A loop with what an edit changed before its first attempt. */
export const asEdited = (loop: Loop, edited: Loop): Loop => facts.keep(loop, edited, 'unstarted') as Loop;
/** All that can change. */
export const loopSaved = group(['live'], { ...PHASE, ...END });

const waiting = { ...facts.shape, state: z.literal('waiting'), why: z.string() };
export const timedWait = oneOf<Exclude<Waiting['for'], 'you'>>({ usageLimit: 0, dailyBudget: 0 });
export const userDecision = oneOf<UserDecision>({
  ...{
    endUnknown: 0,
    machineAway: 0,
    notEnded: 0,
    answer: 0,
    allowance: 0,
    question: 0,
    workTree: 0,
    maxRounds: 0,
    maxCost: 0,
    maxMinutes: 0,
  },
  ...{ noProgress: 0, noBetterScore: 0, checkTimeouts: 0, checkUnstartable: 0 },
});

/** Reads a row of `loops`: a union by state, each member with what is valid in it. */
export const loopRowSchema = z.discriminatedUnion('state', [
  columns({ ...facts.shape, state: z.literal('queued'), fresh: flagSchema, was_parked: z.nullable(z.literal(1)) }),
  columns({ ...facts.shape, state: z.literal('preparing') }),
  columns({ ...facts.shape, state: z.literal(['running', 'stopping', 'checking']), attempt_id: z.int() }),
  columns({ ...facts.shape, state: z.literal('backingOff'), until: z.int() }),
  z.discriminatedUnion('waiting_for', [
    columns({ ...waiting, waiting_for: timedWait, until: z.int() }),
    columns({ ...waiting, waiting_for: z.literal('you'), need: userDecision }),
  ]),
  columns({ ...facts.shape, state: z.literal(['completed', 'cancelled']), finished_at: z.int() }),
  columns({
    ...facts.shape,
    ...{ state: z.literal('failed'), finished_at: z.int(), failure: json(failure), cleared: flagSchema },
  }),
]);
type LoopRow = z.output<typeof loopRowSchema>;
/** A row of a loop whose attempt is in another table. */
type ActiveRow = Extract<LoopRow, { state: 'running' | 'stopping' | 'checking' }>;

export function isActiveRow(row: LoopRow): row is ActiveRow {
  return row.state === 'running' || row.state === 'stopping' || row.state === 'checking';
}

export function toActiveLoop(row: ActiveRow, attempt: ActiveLoop['attempt']): ActiveLoop {
  return { ...facts.record(row as CheckedRow), state: row.state, attempt };
}

/** The loop of a row that has no attempt. */
export function toLoop(row: Exclude<LoopRow, ActiveRow>): Exclude<Loop, ActiveLoop> {
  const common = facts.record(row as CheckedRow);
  switch (row.state) {
    case 'queued':
      return { ...common, state: row.state, fresh: row.fresh, ...(row.was_parked && { wasParked: true }) };
    case 'preparing':
      return { ...common, state: row.state };
    case 'backingOff':
      return { ...common, state: row.state, until: row.until };
    case 'waiting':
      return { ...common, state: row.state, why: row.why, ...waitingOf(row) };
    case 'failed':
      return { ...common, state: row.state, finishedAt: row.finished_at, failure: row.failure, cleared: row.cleared };
    default:
      return { ...common, state: row.state, finishedAt: row.finished_at };
  }
}

function waitingOf(row: Extract<LoopRow, { state: 'waiting' }>): Waiting {
  return row.waiting_for === 'you' ? { for: 'you', need: row.need } : { for: row.waiting_for, until: row.until };
}
