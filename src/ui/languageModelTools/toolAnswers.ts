import * as z from 'zod/mini';
import { isActive, type LoopState } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import { toUsd } from '../../core/model/money.ts';
import type { Status, SubmitResult } from '../../core/model/status.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { parseHistoryQuery } from '../history/historyQuery.ts';
import { oneLine } from '../text/safeText.ts';
import type { TreeUsage } from '../webviewHost/treeUsage.ts';
import { submitAndWait, submitSchema } from './submitTool.ts';

/** What the tools need. */
export interface ToolDeps {
  supervisor: Pick<Supervisor, 'status' | 'live' | 'get' | 'find' | 'finished' | 'killProcessGroup' | 'spendToday'>;
  /** Submits a loop for the caller, where and as it may (R15.4). */
  submit(spec: LoopSpec): Promise<SubmitResult>;
  /** What the processes of running attempts take, by token. */
  usage(attempts: readonly { readonly token: string }[]): Promise<ReadonlyMap<string, TreeUsage>>;
  /** Wall time, ms. */
  now(): number;
}

/** An operation for chat models. Returns plain data; invalid input throws an error with a readable message. */
export interface Tool {
  answer(deps: ToolDeps, input: unknown): object | Promise<object>;
}

const MOST = 200;
const loopId = z.string().check(z.minLength(1), z.maxLength(128));
const limit = z._default(z.int().check(z.gte(1), z.lte(MOST)), 20);

/** The tools by their names in package.json. Titles, prompts and reasons are foreign text: cut to one line. */
export const TOOLS: { readonly [name: string]: Tool } = {
  loopSupervisor_listProcesses: { answer: ({ supervisor, now }) => listProcesses(supervisor, now()) },
  loopSupervisor_killProcess: {
    answer: async ({ supervisor }, input) => {
      const { loopId: id, signal } = killInput(input);
      if (!(await supervisor.find(id)))
        throw new Error(`There is no loop ${id}. List the processes for the ids of those that run.`);
      const delivered = await supervisor.killProcessGroup(id, signal);
      return {
        loopId: id,
        signal,
        delivered,
        note: delivered ? 'It was sent to the whole process group.' : 'The loop has no process now.',
      };
    },
  },
  loopSupervisor_resourceSnapshot: {
    answer: async ({ supervisor, usage }, input) => {
      const wanted = read(z.object({ loopId: z.optional(loopId) }), input).loopId;
      const active = supervisor
        .live(0)
        .flatMap(({ loop }) => (isActive(loop) && (wanted === undefined || loop.loopId === wanted) ? [loop] : []));
      const found = await usage(active.map(({ attempt }) => attempt));
      return {
        loops: active.map(({ loopId: id, title, attempt }) => ({
          loopId: id,
          title: oneLine(title, 120),
          ...usageOf(found.get(attempt.token)),
        })),
        ...(wanted !== undefined && active.length === 0 && { note: `Loop ${wanted} is not running.` }),
      };
    },
  },
  loopSupervisor_circuitStatus: { answer: ({ supervisor }) => circuit(supervisor.status()) },
  loopSupervisor_inspectQueue: {
    answer: ({ supervisor }, input) => queue(supervisor, read(z.object({ limit }), input).limit),
  },
  loopSupervisor_loopHistory: { answer: ({ supervisor, now }, input) => history(supervisor, input, now()) },
  loopSupervisor_submitLoop: {
    answer: async ({ supervisor, submit }, input) => {
      const asked = read(submitSchema, input);
      const { result, loop, isOver } = await submitAndWait(supervisor, submit, asked);
      const detail = isOver ? await supervisor.get(result.loopId) : undefined;
      return { ...result, state: loop?.state ?? 'queued', ...(detail && { result: whole(detail) }) };
    },
  },
  loopSupervisor_remainingBudget: { answer: ({ supervisor }) => budget(supervisor) },
};

/** The loop to kill, and how. */
export function killInput(input: unknown): { readonly loopId: string; readonly signal: string } {
  const signal = z._default(z.enum(['SIGTERM', 'SIGINT', 'SIGKILL']), 'SIGTERM');
  return read(z.object({ loopId, signal }), input);
}

function read<T extends z.ZodMiniType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data as z.output<T>;
  const [issue] = parsed.error.issues;
  throw new Error(`The input is wrong: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not understood'}.`);
}

function listProcesses(supervisor: ToolDeps['supervisor'], now: number): object {
  const { concurrencyUsed, concurrencyMax } = supervisor.status();
  const processes = supervisor.live(0).flatMap(({ loop, activity }) => {
    if (!isActive(loop)) return [];
    const { attempt } = loop;
    return [
      {
        loopId: loop.loopId,
        title: oneLine(loop.title, 120),
        state: loop.state,
        agent: loop.agent,
        cwd: loop.cwd,
        attempt: attempt.number,
        ...(attempt.leader && { pid: attempt.leader.pid }),
        startedAt: iso(attempt.startedAt),
        runningSeconds: Math.max(0, Math.round((now - attempt.startedAt) / 1000)),
        costUsd: toUsd(loop.cost),
        costEstimated: loop.costEstimated > 0,
        costAtLeast: loop.costAtLeast,
        ...(activity?.doing !== undefined && { doing: oneLine(activity.doing, 120) }),
        ...(activity?.silentForMs !== undefined && { silentSeconds: Math.round(activity.silentForMs / 1000) }),
      },
    ];
  });
  return { slotsUsed: concurrencyUsed, slots: concurrencyMax, processes };
}

function usageOf(usage: TreeUsage | undefined): object {
  if (!usage) return { note: 'Its processes could not be seen.' };
  const { cpuPercent, memoryBytes, processes } = usage;
  return {
    ...(cpuPercent !== undefined && { cpuPercent }),
    memoryBytes,
    processes: processes.slice(0, MOST).map((process) => ({ ...process, command: oneLine(process.command, 200) })),
  };
}

function circuit({ circuit: { cooldownRemainingMs, lastFailureAt, openedAt, reasons, ...rest } }: Status): object {
  return {
    ...rest,
    ...(openedAt !== undefined && { openedAt: iso(openedAt) }),
    ...(lastFailureAt !== undefined && { lastFailureAt: iso(lastFailureAt) }),
    cooldownRemainingSeconds: Math.ceil(cooldownRemainingMs / 1000),
    reasons: reasons.map((reason) => oneLine(reason, 300)),
  };
}

function queue(supervisor: ToolDeps['supervisor'], most: number): object {
  const { queueDepth, queueMax, paused } = supervisor.status();
  const of = (...states: LoopState[]) => supervisor.live(most).filter(({ loop }) => states.includes(loop.state));
  return {
    depth: queueDepth,
    max: queueMax,
    paused,
    queued: of('queued').map(({ loop, position, waitingFor }) => ({
      ...brief(loop),
      position,
      waitingFor,
      priority: loop.priority,
      estimateUsd: toUsd(loop.estimate),
    })),
    waiting: of('backingOff', 'waiting').map(({ loop }) => ({
      ...brief(loop),
      state: loop.state,
      ...('until' in loop && { until: iso(loop.until) }),
    })),
  };
}

async function history(supervisor: ToolDeps['supervisor'], input: unknown, now: number): Promise<object> {
  const schema = z.object({
    loopId: z.optional(loopId),
    states: z.optional(z.array(z.enum(['completed', 'failed', 'cancelled']))),
    agent: z.optional(z.string()),
    text: z.optional(z.string()),
    since: z.optional(z.string()),
    limit,
  });
  const { loopId: id, states, agent, text, since, limit: most } = read(schema, input);
  if (id !== undefined) {
    const detail = await supervisor.get(id);
    if (!detail) throw new Error(`There is no loop ${id}.`);
    return whole(detail);
  }
  const from = since === undefined ? undefined : parseHistoryQuery(`since:${since}`, now).from;
  if (since !== undefined && from === undefined)
    throw new Error(
      'The input is wrong: since: use a length of time such as 7d, today, yesterday, or a day such as 2026-01-31.',
    );
  const loops = await supervisor.finished({
    limit: most,
    ...(states && states.length > 0 && { states }),
    ...(agent !== undefined && { agent }),
    ...(text !== undefined && text !== '' && { text }),
    ...(from !== undefined && { from }),
  });
  return {
    loops: loops.map((loop) => ({
      ...brief(loop),
      state: loop.state,
      finishedAt: iso(loop.finishedAt),
      attempts: loop.attempts,
      costUsd: toUsd(loop.cost),
      costEstimated: loop.costEstimated > 0,
      costAtLeast: loop.costAtLeast,
      ...(loop.state === 'failed' && { reason: oneLine(loop.failure.reason, 300) }),
    })),
  };
}

function whole(detail: LoopDetail): object {
  const { loop, prompt, attempts, history: rows, costUsd, costEstimated, costAtLeast } = detail;
  return {
    ...brief(loop),
    state: loop.state,
    cwd: loop.cwd,
    costUsd,
    costEstimated,
    costAtLeast,
    prompt: oneLine(prompt, 1_000),
    attempts: attempts.map(
      ({
        number,
        pid,
        startedAt,
        endedAt,
        outcome,
        reason,
        exitCode,
        signal,
        lastWords,
        resumed,
        cost,
        swept,
        kept,
      }) => ({
        number,
        ...(pid !== undefined && { pid }),
        startedAt: iso(startedAt),
        ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
        outcome: outcome ?? 'running',
        ...(reason !== undefined && { reason: oneLine(reason, 300) }),
        ...(lastWords !== undefined && { lastWords: oneLine(lastWords, 500) }),
        ...(exitCode !== undefined && { exitCode }),
        ...(signal !== undefined && { signal }),
        resumed,
        costUsd: cost.usd,
        costSource: cost.source,
        swept: swept.length,
        kept: kept.map((process) => ({ pid: process.pid, command: oneLine(process.command, 120) })),
      }),
    ),
    history: rows.slice(-MOST).map(({ at, from, to, why }) => ({ at: iso(at), from, to, why: oneLine(why, 200) })),
  };
}

async function budget(supervisor: ToolDeps['supervisor']): Promise<object> {
  const { spent, unknown, reserved, limit: most, resetsAt } = supervisor.status().budget;
  const largest = await supervisor.spendToday(10);
  return {
    spentUsd: spent,
    unknownUsd: unknown,
    reservedUsd: reserved,
    ...(most > 0
      ? { limitUsd: most, remainingUsd: Math.max(0, most - spent - unknown - reserved) }
      : { note: 'There is no daily limit.' }),
    resetsAt: iso(resetsAt),
    largestToday: largest.map(({ loopId: id, title, agent, usd, estimatedUsd, unknownUsd }) => ({
      loopId: id,
      title: oneLine(title, 120),
      agent,
      usd,
      estimatedUsd,
      unknownUsd,
    })),
  };
}

function brief({
  loopId: id,
  title,
  agent,
}: {
  readonly loopId: string;
  readonly title: string;
  readonly agent: string;
}): object {
  return { loopId: id, title: oneLine(title, 120), agent };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
