import { type Attempt, NO_COST } from '../model/attempt.ts';
import { type ActiveLoop, reservedOf } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import { roundPrompt } from '../policy/roundPrompt.ts';
import type { AgentProfile, CommandPlan } from '../ports/agents.ts';
import { accountOf, circuitOf } from '../state/gates.ts';
import type { QueuedLoop } from '../state/liveState.ts';
import type { Placement } from '../state/placement.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { allowanceOf, type MoneyFit } from './grants.ts';
import { failForGood } from './restart.ts';
import { begun, hasCheck, startCheck } from './rounds.ts';
import { sessionBefore } from './sessionBefore.ts';
import { isWorkTreeGone, lacksSetup, lacksWorkTree, prepare, startSetup, withoutWorkTree } from './workTrees.ts';

/** A loop that may start now, and what it may spend. */
export interface Chosen {
  readonly loop: QueuedLoop;
  readonly grant: Extract<MoneyFit, { kind: 'now' }>['grant'];
}

/**
 * Records an attempt; it is launched after commit. Returns false when it cannot start: it is then parked, or has failed
 * for good.
 */
export function startAttempt(unit: UnitOfWork, { loop, grant }: Chosen, placement: Placement): boolean {
  const { context, liveState } = unit;
  if (lacksWorkTree(loop)) {
    prepare(unit, loop);
    return true;
  }
  const folder = context.folders.look(loop.cwd);
  // The agent may have moved the folder that it was started in: then its work tree is there.
  if (folder.state === 'gone' && loop.workTree?.made && isWorkTreeGone(context, loop)) {
    prepare(unit, withoutWorkTree(unit, loop, loop.workTree.made));
    return true;
  }
  if (folder.state !== 'there') {
    placement.folderIsAway(loop.cwd, folder);
    return false;
  }
  if (lacksSetup(loop, context)) {
    startSetup(unit, loop);
    return true;
  }
  if (hasCheck(loop) && loop.rounds.phase !== 'work') {
    startCheck(unit, loop);
    return true;
  }
  const profile = context.agents.find(loop.agent) as AgentProfile;
  const planned = plan(unit, loop, profile, grant.kind === 'granted' ? grant.amount : undefined);
  if ('error' in planned) {
    failForGood(unit, loop, { class: 'spawn', reason: planned.error, at: unit.now });
    return false;
  }
  const account = accountOf(context, loop.agent);
  const circuit = circuitOf(liveState, account);
  const number = loop.attempts + 1;
  const sessionId = planned.plan.sessionId ?? planned.resume;
  const attempt: Attempt = unit.tx.insertAttempt(loop.seq, {
    number,
    token: `${loop.seq}-${number}-${context.newId()}`,
    windowId: context.window.id,
    startedAt: unit.now,
    account,
    generation: circuit.generation,
    probe: circuit.state === 'half-open',
    reserved: reservedOf(loop),
    ...(grant.kind === 'granted' && { allowance: allowanceOf(grant, profile) }),
    ...(sessionId !== undefined && { sessionId }),
    resumed: planned.resume !== undefined,
    readOffset: 0,
    ...NO_COST,
    accrued: 0,
    ...(loop.rounds && { round: loop.rounds.round }),
  });
  const { fresh: _, wasParked: _1, ...facts } = loop;
  const running: ActiveLoop = {
    ...facts,
    state: 'running',
    ...unit.hereNow,
    attempts: number,
    since: unit.now,
    attempt,
    ...(hasCheck(loop) && { rounds: begun(loop, unit.now) }),
  };
  unit.put(running, attempt.resumed ? `attempt ${number}, continues its session` : `attempt ${number}`);
  unit.tell({ type: 'loop:started', loopId: loop.loopId, attempt: number, agent: loop.agent });
  const before = attempt.resumed ? sessionBefore(running, unit.tx.attempts(loop.seq)) : undefined;
  unit.launches.push({ loop: running, profile, plan: planned.plan, before, epoch: unit.epoch });
  return true;
}

/** How many crashes at once in a row start a loop afresh: its session may be what crashes it. */
const QUICK_CRASHES_TO_START_AFRESH = 3;

type Planned = { readonly plan: CommandPlan; readonly resume?: string } | { readonly error: string };

function plan(unit: UnitOfWork, loop: QueuedLoop, profile: AgentProfile, costLeft: NanoUsd | undefined): Planned {
  const resume = profile.canResume && loop.quickCrashes < QUICK_CRASHES_TO_START_AFRESH ? loop.sessionId : undefined;
  // A prompt that cannot be read now is trouble of the store, which passes: the transaction fails, and not the loop.
  const submitted = unit.tx.prompt(loop.seq);
  if (submitted.trim() === '')
    return { error: 'its prompt is missing from the database, so it cannot run: submit it again' };
  const { prompt, isReport } = promptFor(unit, loop, submitted, resume !== undefined);
  const request = { loopId: loop.loopId, prompt, cwd: loop.cwd, ...(isReport && { newMessage: true }) };
  try {
    const command = profile.plan({
      ...request,
      ...(resume !== undefined && { resume }),
      ...(loop.commands !== undefined && { commands: loop.commands }),
      ...(costLeft !== undefined && { costLeft }),
    });
    return { plan: command, ...(resume !== undefined && { resume }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What the loop is to do: a session that goes on knows all but the further prompt (R12.5). */
function promptOf({ followUp }: QueuedLoop, submitted: string, resumes: boolean): string {
  if (followUp === undefined) return submitted;
  return resumes ? followUp : `${submitted}\n\n${followUp}`;
}

/**
 * The loop's prompt, or for a later round the report of the check before it (R11.2). Only a session that goes on knows
 * the task already.
 */
function promptFor(
  unit: UnitOfWork,
  loop: QueuedLoop,
  submitted: string,
  resumes: boolean,
): { readonly prompt: string; readonly isReport: boolean } {
  const prompt = promptOf(loop, submitted, resumes);
  const result =
    hasCheck(loop) && loop.rounds.round > (loop.rounds.first ?? 1)
      ? unit.tx.checks(loop.seq).findLast(({ round }) => round > 0)
      : undefined;
  if (!hasCheck(loop) || !result) return { prompt, isReport: loop.followUp !== undefined };
  const check = resumes ? loop.check : { ...loop.check, context: 'fresh' as const };
  const logPath = unit.context.launcher.outputPath(result.token);
  return { prompt: roundPrompt(prompt, { check, result, logPath }), isReport: true };
}
