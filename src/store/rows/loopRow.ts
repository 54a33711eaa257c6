import type { SQLInputValue } from 'node:sqlite';
import * as z from 'zod/mini';
import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import {
  type ActiveLoop,
  type FailureClass,
  isActive,
  isFinished,
  type Loop,
  type LoopFacts,
  needsUser,
  type UserDecision,
  type Waiting,
} from '../../core/model/loop.ts';
import { asFlag, asJson, asText, columns, flag, json, jsonObject, oneOf } from './columns.ts';

const cause = oneOf<AgentErrorCause>({
  provider: 0,
  auth: 0,
  config: 0,
  session: 0,
  budget: 0,
  turns: 0,
  aborted: 0,
  task: 0,
});
const failureClass = oneOf<FailureClass>({
  exit: 0,
  signal: 0,
  timeout: 0,
  hung: 0,
  spawn: 0,
  agent: 0,
  'output-limit': 0,
  lost: 0,
});
const failure = z.object({ class: failureClass, reason: z.string(), cause: z.exactOptional(cause), at: z.int() });

const facts = {
  seq: z.int(),
  loop_id: z.string(),
  title: z.string(),
  agent: z.string(),
  cwd: z.string(),
  folder: z.nullable(z.string()),
  window_id: z.string(),
  priority: z.number(),
  place: z.number(),
  estimate: z.int(),
  estimate_assumed: flag,
  max_cost: z.nullable(z.int()),
  submitted_at: z.int(),
  since: z.int(),
  attempts: z.int(),
  restarts: z.nullable(json(z.array(z.int()))),
  quick_crashes: z.int(),
  cost: z.int(),
  cost_estimated: z.int(),
  session_id: z.nullable(z.string()),
  last_error: z.nullable(json(failure)),
  metadata: z.nullable(json(jsonObject)),
};

const waitingFacts = { ...facts, state: z.literal('waiting'), why: z.string() };
const userDecision = oneOf<UserDecision>({ endUnknown: 0, notEnded: 0, answer: 0, allowance: 0 });

/** Reads a row of `loops`: a union by state, of which each has what is valid in it. */
export const loopRowSchema = z.discriminatedUnion('state', [
  columns({ ...facts, state: z.literal('queued'), fresh: flag }),
  columns({ ...facts, state: z.literal(['running', 'stopping']), attempt_id: z.int() }),
  columns({ ...facts, state: z.literal('backingOff'), until: z.int() }),
  z.discriminatedUnion('waiting_for', [
    columns({ ...waitingFacts, waiting_for: z.literal(['usageLimit', 'dailyBudget']), until: z.int() }),
    columns({ ...waitingFacts, waiting_for: z.literal('you'), need: userDecision }),
  ]),
  columns({ ...facts, state: z.literal(['completed', 'cancelled']), finished_at: z.int() }),
  columns({ ...facts, state: z.literal('failed'), finished_at: z.int(), failure: json(failure), cleared: flag }),
]);
export type LoopRow = z.output<typeof loopRowSchema>;
/** A row of a loop that has its attempt in another table. */
export type ActiveRow = Extract<LoopRow, { attempt_id: number }>;

export function isActiveRow(row: LoopRow): row is ActiveRow {
  return 'attempt_id' in row;
}

export function toActiveLoop(row: ActiveRow, attempt: ActiveLoop['attempt']): ActiveLoop {
  return { ...rowFacts(row), state: row.state, attempt };
}

/** A row of a loop without an attempt as what it stands for. */
export function toLoop(row: Exclude<LoopRow, ActiveRow>): Exclude<Loop, ActiveLoop> {
  const common = rowFacts(row);
  switch (row.state) {
    case 'queued':
      return { ...common, state: row.state, fresh: row.fresh };
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

function rowFacts(row: LoopRow): LoopFacts {
  return {
    seq: row.seq,
    loopId: row.loop_id,
    title: row.title,
    agent: row.agent,
    cwd: row.cwd,
    windowId: row.window_id,
    priority: row.priority,
    place: row.place,
    estimate: row.estimate,
    estimateAssumed: row.estimate_assumed,
    submittedAt: row.submitted_at,
    since: row.since,
    attempts: row.attempts,
    restarts: row.restarts ?? [],
    quickCrashes: row.quick_crashes,
    cost: row.cost,
    costEstimated: row.cost_estimated,
    ...(row.folder !== null && { folder: row.folder }),
    ...(row.max_cost !== null && { maxCost: row.max_cost }),
    ...(row.session_id !== null && { sessionId: row.session_id }),
    ...(row.last_error && { lastError: row.last_error }),
    ...(row.metadata && { metadata: row.metadata }),
  };
}

/** Written once, when the loop is submitted. */
const FIXED = ['seq', 'loop_id', 'agent', 'submitted_at', 'metadata'] as const;
/** What changes while it is live. None of these is in the indexes of finished loops by itself, so that they stay untouched. */
const LIVE = [
  ...[
    'state',
    'attempt_id',
    'fresh',
    'until',
    'why',
    'waiting_for',
    'need',
    'title',
    'cwd',
    'folder',
    'window_id',
    'priority',
    'place',
    'estimate',
  ],
  ...[
    'estimate_assumed',
    'max_cost',
    'since',
    'attempts',
    'restarts',
    'quick_crashes',
    'cost',
    'cost_estimated',
    'session_id',
    'last_error',
  ],
] as const;
/** What it has once it is final. */
const FINAL = ['finished_at', 'failure', 'cleared'] as const;

export const LOOP_COLUMNS = [...FIXED, ...LIVE, ...FINAL].join(', ');
export const LOOP_INSERTED: readonly string[] = [...FIXED, ...LIVE];
export const LOOP_LIVE: readonly string[] = LIVE;
export const LOOP_FINAL: readonly string[] = FINAL;

/** Values for the columns that are written once. */
export function fixedValues(loop: Loop): SQLInputValue[] {
  return [loop.seq, loop.loopId, loop.agent, loop.submittedAt, asJson(loop.metadata)];
}

/** Values for `LOOP_LIVE`. */
export function liveValues(loop: Loop): SQLInputValue[] {
  return [
    loop.state,
    isActive(loop) ? loop.attempt.id : null,
    loop.state === 'queued' ? asFlag(loop.fresh) : null,
    'until' in loop ? loop.until : null,
    loop.state === 'waiting' ? asText(loop.why) : null,
    loop.state === 'waiting' ? loop.for : null,
    needsUser(loop) ? loop.need : null,
    asText(loop.title),
    loop.cwd,
    loop.folder ?? null,
    loop.windowId,
    loop.priority,
    loop.place,
    loop.estimate,
    asFlag(loop.estimateAssumed),
    loop.maxCost ?? null,
    loop.since,
    loop.attempts,
    loop.restarts.length === 0 ? null : JSON.stringify(loop.restarts),
    loop.quickCrashes,
    loop.cost,
    loop.costEstimated,
    loop.sessionId ?? null,
    asJson(loop.lastError),
  ];
}

/** Values for `LOOP_FINAL`. */
export function finalValues(loop: Loop): SQLInputValue[] {
  if (!isFinished(loop)) return [null, null, null];
  return loop.state === 'failed'
    ? [loop.finishedAt, JSON.stringify(loop.failure), asFlag(loop.cleared)]
    : [loop.finishedAt, null, null];
}
