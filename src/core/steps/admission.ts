import type { Check } from '../model/check.ts';
import { copyOf } from '../model/copy.ts';
import {
  BudgetExceededError,
  CircuitOpenError,
  DuplicateLoopError,
  InvalidLoopError,
  NotAllowedError,
  PermanentlyFailedError,
  QueueFullError,
  SupervisorError,
} from '../model/errors.ts';
import type { RejectReason, SupervisorEvent } from '../model/event.ts';
import { isFinished, type Loop } from '../model/loop.ts';
import { LONGEST_PROMPT_BYTES, type LoopSpec } from '../model/loopSpec.ts';
import { isCost, type NanoUsd, toUsd } from '../model/money.ts';
import { ISOLATIONS, type Isolation } from '../model/workTree.ts';
import { admits } from '../policy/budget.ts';
import { checkOf } from '../policy/checkSpec.ts';
import { attemptsAllowed, cooldownRemainingMs } from '../policy/circuitBreaker.ts';
import { whyNotJson } from '../policy/jsonValue.ts';
import type { AgentProfile } from '../ports/agents.ts';
import { needsMoney, originIn, type SupervisorContext } from '../state/context.ts';
import { circuitOf } from '../state/gates.ts';
import type { LiveState, QueuedLoop } from '../state/liveState.ts';

/** On POSIX, or on Windows with a drive or a share. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;
const LOOP_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The reason of `loop:rejected` for an error (R1.2). */
export const REJECT_REASON: { readonly [code in SupervisorError['code']]?: RejectReason } = {
  'not-ready': 'not-ready',
  'invalid-loop': 'invalid',
  'no-work-tree': 'invalid',
  'not-allowed': 'invalid',
  'shutting-down': 'shutdown',
  'permanently-failed': 'permanently-failed',
  'duplicate-loop': 'duplicate',
  'circuit-open': 'circuit',
  'budget-exceeded': 'budget',
  'queue-full': 'queue-full',
  store: 'store',
};

/** The events of a submit that was rejected with `error` (R1.2, R6.4); none where that says nothing about a submit. */
export function rejectionEvents(loopId: string, error: unknown, context: SupervisorContext): SupervisorEvent[] {
  const reason = error instanceof SupervisorError ? REJECT_REASON[error.code] : 'store';
  if (reason === undefined) return [];
  const message = error instanceof Error ? error.message : String(error);
  const origin = originIn(context);
  const rejected: SupervisorEvent = { type: 'loop:rejected', ...origin, loopId, reason, error: message };
  if (!(error instanceof BudgetExceededError)) return [rejected];
  const { spentUsd, limitUsd } = error;
  return [rejected, { type: 'budget:exceeded', ...origin, spentUsd, limitUsd, loopId }];
}

/** A spec whose every field has been checked and filled in. */
export interface CheckedSpec {
  readonly loopId: string | undefined;
  readonly prompt: string;
  readonly title: string;
  readonly priority: number;
  readonly agent: string;
  readonly cwd: string;
  readonly isolation: Isolation;
  /** The name or id of another machine, or `any` (R16.4). */
  readonly machine?: string;
  readonly spec: LoopSpec;
  readonly check?: Check;
  /** What its caller should know: one sentence. */
  readonly note?: string;
}

/** Checks the fields of a submit (R1.3, R1.4). Throws an `InvalidLoopError` that says which field and why. */
export function checkSpec(given: LoopSpec, context: SupervisorContext): CheckedSpec {
  if (typeof given !== 'object' || given === null)
    throw new InvalidLoopError('prompt', 'is missing: submit an object with a prompt');
  // Later changes of the caller's object must not reach this loop.
  const spec = copyOf(given);
  const { prompt, loopId, priority = 0, estimatedCostUsd, maxCostUsd } = spec;
  if (typeof prompt !== 'string' || prompt.trim() === '')
    throw new InvalidLoopError('prompt', 'is empty: say what the agent should do');
  if (isTooLong(prompt))
    throw new InvalidLoopError('prompt', 'is longer than 10 MiB: put the text into a file and name it in the prompt');
  if (loopId !== undefined && !(typeof loopId === 'string' && LOOP_ID.test(loopId))) {
    throw new InvalidLoopError('loopId', 'must be 1 to 128 letters, digits, ".", "_", ":" or "-"');
  }
  if (!Number.isInteger(priority))
    throw new InvalidLoopError('priority', `must be a finite integer, but is ${priority}`);
  if (estimatedCostUsd !== undefined && !isCost(estimatedCostUsd)) {
    throw new InvalidLoopError(
      'estimatedCostUsd',
      `must be a finite number of USD, 0 or more, but is ${estimatedCostUsd}`,
    );
  }
  if (maxCostUsd !== undefined && !(isCost(maxCostUsd) && maxCostUsd > 0)) {
    throw new InvalidLoopError('maxCostUsd', `must be a finite number of USD above 0, but is ${maxCostUsd}`);
  }
  if (spec.whenBlocked !== undefined && spec.whenBlocked !== 'reject' && spec.whenBlocked !== 'queue')
    throw new InvalidLoopError('whenBlocked', `must be "reject" or "queue", but is ${String(spec.whenBlocked)}`);
  if (spec.parent !== undefined && typeof spec.parent !== 'string')
    throw new InvalidLoopError('parent', `must be the id of a loop, but is ${typeof spec.parent}`);
  checkMetadata(spec.metadata);
  if (spec.title !== undefined && typeof spec.title !== 'string')
    throw new InvalidLoopError('title', `must be text, but is ${typeof spec.title}`);
  const agent = spec.agent ?? context.settings.defaultAgent;
  const profile = context.agents.find(agent);
  if (!profile)
    throw new InvalidLoopError('agent', `"${agent}" is not known: choose one of ${context.agents.names().join(', ')}`);
  const refusal = profile.refuse(prompt);
  if (refusal !== undefined) throw new InvalidLoopError('prompt', refusal);
  if (spec.commands !== undefined && typeof spec.commands !== 'boolean')
    throw new InvalidLoopError('commands', `must be true or false, but is ${String(spec.commands)}`);
  const cwd = spec.cwd ?? context.window.folders[0] ?? context.window.home;
  if (typeof cwd !== 'string' || !ABSOLUTE.test(cwd))
    throw new InvalidLoopError('cwd', `must be the absolute path of a folder, but is ${JSON.stringify(cwd)}`);
  const folder = context.folders.look(cwd);
  if (folder.state === 'gone') throw new InvalidLoopError('cwd', `"${cwd}" is not an existing folder`);
  if (folder.state === 'unknown')
    throw new InvalidLoopError('cwd', `"${cwd}" could not be looked at (${folder.why}): submit it again`);
  const machine = machineOf(spec, context);
  // What a loop submits works beside it (R15.4).
  const usual = spec.parent === undefined ? context.settings.isolation : 'folder';
  const isolation = spec.isolation ?? (machine === undefined ? usual : 'worktree');
  if (!ISOLATIONS.includes(isolation))
    throw new InvalidLoopError('isolation', `must be "folder" or "worktree", but is ${String(isolation)}`);
  if (machine !== undefined && isolation === 'folder')
    throw new InvalidLoopError('isolation', 'must be "worktree" where it runs on another machine');
  if (spec.carryChanges !== undefined && typeof spec.carryChanges !== 'boolean')
    throw new InvalidLoopError('carryChanges', `must be true or false, but is ${String(spec.carryChanges)}`);
  if (spec.carryChanges && isolation === 'folder')
    throw new InvalidLoopError('carryChanges', 'needs isolation: "worktree", as the folder itself has the changes');
  if (spec.carryChanges && machine !== undefined)
    throw new InvalidLoopError('carryChanges', 'cannot go to another machine: commit and push the changes first');
  const check = spec.check === undefined ? undefined : checkOf(spec.check);
  const note = noteOn(spec, profile);
  const facts = {
    ...(check && { check }),
    ...(machine !== undefined && { machine }),
    ...(note !== undefined && { note }),
  };
  return { loopId, prompt, title: titleOf(spec), priority, agent, cwd, isolation, spec, ...facts };
}

/** The machine that a submit names, unless it is this one (R16.4). */
function machineOf({ machine, parent }: LoopSpec, context: SupervisorContext): string | undefined {
  if (machine === undefined) return undefined;
  if (typeof machine !== 'string' || machine.trim() === '')
    throw new InvalidLoopError('machine', 'must be the name of a machine, or "any"');
  if (!context.machine)
    throw new InvalidLoopError(
      'machine',
      'needs a store that several machines share: run "Loop Supervisor: Use a Shared Store…" first',
    );
  if (machine === context.machine.id || machine === context.machine.name) return undefined;
  if (parent !== undefined) throw new NotAllowedError('from inside a loop it must run on the same machine');
  return machine;
}

/** Follow-ups are at most this long (characters): they are kept in memory with their loops. */
const LONGEST_FOLLOW_UP = 64 * 1024;

/** Checks a further prompt for a finished loop (R12.5). Throws an `InvalidLoopError` that says why. */
export function checkFollowUp(prompt: unknown): string {
  if (typeof prompt !== 'string' || prompt.trim() === '')
    throw new InvalidLoopError('prompt', 'is empty: write what the agent is to do');
  if (prompt.length > LONGEST_FOLLOW_UP)
    throw new InvalidLoopError('prompt', 'is longer than 64 KiB: put the text into a file and name it in the prompt');
  return prompt;
}

/** Says that a slash command goes to the agent as text (R1.5). */
function noteOn({ prompt, commands }: LoopSpec, profile: AgentProfile): string | undefined {
  const command = profile.commandIn(prompt);
  if (command === undefined || (commands ?? profile.commands)) return undefined;
  return `${command} is sent as text, not run as a command. To run it, submit with commands: true.`;
}

/** What decides whether a loop is admitted, beside the live state. */
export interface AdmissionFacts {
  readonly agent: string;
  readonly account: string;
  /** What it would reserve: its estimate, as far as its own cap goes (R6.2). */
  readonly reserve: NanoUsd;
  /** The latest loop of that id. */
  readonly latest: Loop | undefined;
  /** Queued loops that will take the probe places of a circuit that is not closed, as far as they matter. */
  readonly inLine: number;
  /** It is queued although circuit or budget would refuse it now. */
  readonly queueIfBlocked: boolean;
  readonly now: number;
  readonly today: string;
}

/**
 * The checks of R1.2 from "permanently failed" to "budget", in their order. Returns the first error, or undefined when
 * the loop is admitted. Whether it finds room in the queue is known once the free slots are filled.
 */
export function refusal(
  facts: AdmissionFacts,
  liveState: LiveState,
  context: SupervisorContext,
): SupervisorError | undefined {
  const { latest, account, now } = facts;
  const { circuit: circuitSettings } = context.settings;
  if (latest?.state === 'failed' && !latest.cleared) return new PermanentlyFailedError(latest.loopId);
  if (latest && !isFinished(latest)) return new DuplicateLoopError(latest.loopId);
  if (facts.queueIfBlocked) return undefined;
  const circuit = circuitOf(liveState, account);
  if (attemptsAllowed(circuit, circuitSettings, liveState.probes(account)) <= facts.inLine)
    return new CircuitOpenError(Math.ceil(cooldownRemainingMs(circuit, circuitSettings, now) / 1_000));
  return budgetRefusal(facts, liveState, context);
}

function budgetRefusal(
  { reserve, agent, now, today }: AdmissionFacts,
  liveState: LiveState,
  context: SupervisorContext,
): BudgetExceededError | undefined {
  const limit = context.settings.budget.dailyLimit;
  if (limit === 0 || !needsMoney(context, agent, reserve)) return undefined;
  const reserved = liveState.reservedBefore(context.clock.nextDay(now));
  const used = liveState.usedOn(today);
  if (admits({ used, reserved, limit }, reserve)) return undefined;
  const { unknown } = liveState.spentOn(today);
  return new BudgetExceededError({
    ...{ spentUsd: toUsd(used - unknown), unknownUsd: toUsd(unknown) },
    ...{ reservedUsd: toUsd(reserved), limitUsd: toUsd(limit), estimateUsd: toUsd(reserve) },
  });
}

/**
 * Why a queued loop does not find room, once the free slots are filled (R2.2). What is parked counts only against its
 * like.
 */
export function lacksRoom(
  loop: QueuedLoop,
  { lanes }: LiveState,
  { settings }: SupervisorContext,
): QueueFullError | undefined {
  const lane = lanes.laneOf(loop);
  const isParked = lane !== undefined && lanes.isParked(lane);
  const taken = isParked ? lanes.freshBeside(lane) : lanes.depth;
  return taken > settings.maxQueueDepth ? new QueueFullError(taken - 1, settings.maxQueueDepth, isParked) : undefined;
}

const LONGEST_TITLE = 120;

/** What the tree shows: the title that was given, else the first line of the prompt that says something. */
export function titleOf({ title, prompt }: Pick<LoopSpec, 'title' | 'prompt'>): string {
  const line =
    (typeof title === 'string' && title.trim()) || (prompt.split('\n').find((text) => text.trim() !== '') ?? '').trim();
  return line.length > LONGEST_TITLE ? `${line.slice(0, LONGEST_TITLE - 1).trimEnd()}…` : line;
}

function checkMetadata(metadata: unknown): void {
  if (metadata === undefined) return;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new InvalidLoopError('metadata', 'must be an object');
  const why = whyNotJson(metadata, 'metadata');
  if (why !== undefined) throw new InvalidLoopError('metadata', `must be JSON, but ${why}`);
}

function isTooLong(text: string): boolean {
  // A unit of a string takes 3 bytes of UTF-8 at most: short texts are judged at a glance, long ones are counted
  // without a copy.
  if (text.length * 3 <= LONGEST_PROMPT_BYTES) return false;
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const halfOfPair = unit >= 0xd800 && unit < 0xe000;
    bytes += unit < 0x80 ? 1 : unit < 0x800 || halfOfPair ? 2 : 3;
  }
  return bytes > LONGEST_PROMPT_BYTES;
}
