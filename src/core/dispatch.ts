import type { AgentProfile, CommandPlan } from './agentPort.ts';
import { mayStart } from './budget.ts';
import { attemptsAllowed } from './circuitBreaker.ts';
import type { SupervisorContext } from './context.ts';
import { type ActiveLoop, type Attempt, type Loop, reservedOf } from './loop.ts';
import type { LiveMirror, QueuedLoop } from './mirror.ts';
import type { NanoUsd } from './money.ts';
import { sessionBefore } from './runRequest.ts';
import { failForGood } from './settle.ts';
import type { WaitingFor } from './status.ts';
import type { Turn } from './turn.ts';
import { isAhead } from './waits.ts';

/** No attempt starts with less free disk than this (R8.3). */
export const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** What a turn's dispatch must know beside the mirror. */
export interface DispatchView {
  /** Where a loop stands to this window: `here` it may be started, `elsewhere` another open window does that, `gone` nobody can. */
  homeOf(loop: Loop): 'here' | 'elsewhere' | 'gone';
  /** Whether to wait no longer for another window to start this loop: it had its time and does not answer. */
  isPassedBy(loop: Loop): boolean;
  /** These are all that stand first in line now: their time runs, that of any other begins anew when it does again. */
  standFirst(loops: readonly Loop[]): void;
}

/** Why nothing at all can start now, the circuit, the cap and the disk included; undefined when something can. */
export function gateClosed(mirror: LiveMirror, context: SupervisorContext): Extract<WaitingFor, 'paused' | 'circuit' | 'slot' | 'disk'> | undefined {
  if (mirror.control.paused) return 'paused';
  if (attemptsAllowed(mirror.control.circuit, context.settings.circuit, mirror.probes()) <= 0) return 'circuit';
  if (mirror.active.size >= context.settings.maxConcurrent) return 'slot';
  return context.launcher.freeBytes() < LEAST_FREE_BYTES ? 'disk' : undefined;
}

/**
 * Starts what can start, in the order of the queue (R3.1, R3.3): as many as there are slots, probe places and budget for. A head that does
 * not fit the budget is overtaken by nobody (R6.3). Loops of other open windows keep their slot free for them.
 */
export function dispatch(turn: Turn, view: DispatchView): void {
  let again = true;
  // One that can not be started has left the queue: its place goes to the next.
  while (again) again = choose(turn, view).some((loop) => !start(turn, loop));
}

/** The loops that this window may start now, in their order. */
function choose(turn: Turn, view: DispatchView): QueuedLoop[] {
  const { mirror, context } = turn;
  const gate = mirror.queue.size === 0 ? 'empty' : gateClosed(mirror, context);
  turn.waitsForDisk = gate === 'disk';
  const { mine, awaited } = gate ? { mine: [], awaited: [] } : firstInLine(turn, view);
  view.standFirst(awaited);
  return mine;
}

/** Those that the free places belong to: this window's own, and those that other windows are waited for to start. */
function firstInLine(turn: Turn, view: DispatchView): { readonly mine: QueuedLoop[]; readonly awaited: QueuedLoop[] } {
  const { mirror, context } = turn;
  const mine: QueuedLoop[] = [];
  const awaited: QueuedLoop[] = [];
  let places = Math.min(
    context.settings.maxConcurrent - mirror.active.size,
    attemptsAllowed(mirror.control.circuit, context.settings.circuit, mirror.probes()),
  );
  let held = 0;
  for (const loop of mirror.queue) {
    if (places === 0) break;
    if (isHeld(mirror, loop.agent, turn.now)) continue;
    const home = view.homeOf(loop);
    if (home === 'gone' || (home === 'elsewhere' && view.isPassedBy(loop))) continue;
    if (!fitsBudget(turn, loop, held)) break;
    held += reservedOf(loop);
    places--;
    (home === 'here' ? mine : awaited).push(loop);
  }
  return { mine, awaited };
}

/**
 * How many queued loops could start if there were places, counted up to `enough`: not those of a window that is gone or does not answer, or of an agent
 * that has to wait.
 */
export function inLine(mirror: LiveMirror, view: Pick<DispatchView, 'homeOf' | 'isPassedBy'>, now: number, enough: number): number {
  let count = 0;
  for (const loop of mirror.queue) {
    if (count >= enough) break;
    if (isHeld(mirror, loop.agent, now)) continue;
    const home = view.homeOf(loop);
    if (home === 'here' || (home === 'elsewhere' && !view.isPassedBy(loop))) count++;
  }
  return count;
}

/** Whether an agent's usage window is used up, so that none of its loops starts. */
export function isHeld(mirror: LiveMirror, agent: string, now: number): boolean {
  const hold = mirror.control.holds[agent];
  return hold !== undefined && isAhead(hold.until, now);
}

function fitsBudget(turn: Turn, loop: QueuedLoop, held: NanoUsd): boolean {
  const { mirror, context } = turn;
  const { spent } = mirror.spentOn(turn.today);
  const limit = context.settings.budget.dailyLimit;
  return mayStart({ spent, reserved: mirror.reserved, runningReserved: mirror.runningReserved + held, limit }, loop.estimate);
}

/** Puts one attempt on the books; it is launched once that is committed. Answers false when it can not be started: it has then failed for good. */
function start(turn: Turn, loop: QueuedLoop): boolean {
  const { context, mirror } = turn;
  const planned = plan(turn, loop);
  if ('error' in planned) {
    failForGood(turn, loop, { class: 'spawn', reason: planned.error, at: turn.now });
    return false;
  }
  const { circuit } = mirror.control;
  const number = loop.attempts + 1;
  const sessionId = planned.plan.sessionId ?? planned.resume;
  const attempt: Attempt = turn.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    windowId: context.window.id,
    startedAt: turn.now,
    generation: circuit.generation,
    probe: circuit.state === 'half-open',
    reserved: loop.estimate,
    ...(sessionId !== undefined && { sessionId }),
    resumed: planned.resume !== undefined,
    readOffset: 0,
    cost: 0,
    costEstimated: 0,
  });
  const { fresh: _, ...facts } = loop;
  const running: ActiveLoop = {
    ...facts,
    state: 'running',
    windowId: context.window.id,
    attempts: number,
    since: turn.now,
    attempt,
  };
  turn.put(running, attempt.resumed ? `attempt ${number}, continues its session` : `attempt ${number}`);
  turn.tell({ type: 'loop:started', loopId: loop.loopId, attempt: number, agent: loop.agent });
  turn.launches.push({ loop: running, profile: planned.profile, plan: planned.plan, before: sessionBefore(context, running) });
  return true;
}

/** Attempts that crashed at once so many times in a row are started afresh: their session may be what crashes them. */
const QUICK_CRASHES_TO_START_AFRESH = 3;

type Planned = { readonly profile: AgentProfile; readonly plan: CommandPlan; readonly resume?: string } | { readonly error: string };

function plan(turn: Turn, loop: QueuedLoop): Planned {
  const { context } = turn;
  const profile = context.agents.find(loop.agent);
  if (!profile) return { error: `there is no agent profile "${loop.agent}" (any more): add it to loopSupervisor.agents, then retry` };
  if (!context.folders.exists(loop.cwd)) return { error: `the folder ${loop.cwd} does not exist (any more): make it, then retry` };
  const resume = profile.canResume && loop.quickCrashes < QUICK_CRASHES_TO_START_AFRESH ? loop.sessionId : undefined;
  const costLeft = costLeftFor(turn, loop);
  // A prompt that can not be read now is trouble of the store, which passes: it is no fault of the command, and fails the turn.
  const request = { loopId: loop.loopId, prompt: turn.tx.prompt(loop.seq), cwd: loop.cwd };
  try {
    const command = profile.plan({ ...request, ...(resume !== undefined && { resume }), ...(costLeft !== undefined && { costLeft }) });
    return { profile, plan: command, ...(resume !== undefined && { resume }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What the attempt may cost: what its own cap and the day still leave; undefined when neither limits it. */
function costLeftFor(turn: Turn, loop: QueuedLoop): NanoUsd | undefined {
  const { dailyLimit } = turn.context.settings.budget;
  const left = [
    ...(loop.maxCost === undefined ? [] : [loop.maxCost - loop.cost]),
    ...(dailyLimit === 0 ? [] : [dailyLimit - turn.mirror.spentOn(turn.today).spent - turn.mirror.runningReserved]),
  ];
  return left.length === 0 ? undefined : Math.max(0, Math.min(...left));
}
