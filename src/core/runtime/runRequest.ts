import type { AgentReader } from '../model/agentEvent.ts';
import type { Attempt } from '../model/attempt.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { Settings } from '../model/settings.ts';
import type { AgentProfile } from '../ports/agents.ts';
import type { AdoptRequest, LaunchRequest, RunLimits } from '../ports/launcher.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { Launch } from '../state/unitOfWork.ts';
import { positionIn, readerStateIn } from '../steps/bookmark.ts';
import { checkProfile } from '../steps/checkProfile.ts';
import { sessionBefore } from '../steps/sessionBefore.ts';
import { SETUP_PROFILE } from '../steps/workTrees.ts';

/** What must be known of a profile to follow a run. */
type ProfileFacts = Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'>;

/** Understands nothing: the end of a run counts even if its profile no longer exists. */
const DEAF_READER: AgentReader = { line: () => [], end: () => [], state: () => null };

/** Stands in for a profile that no longer exists. */
const NO_PROFILE: ProfileFacts = { hasCost: false, needsReading: false, reader: () => DEAF_READER };

/** How the present run of a loop is to be followed: as its check, or as its agent. */
export function followedAs({ agents }: SupervisorContext, loop: ActiveLoop): ProfileFacts {
  if (loop.attempt.isCheck && loop.check) return checkProfile(loop.check);
  if (loop.attempt.isSetup) return SETUP_PROFILE;
  return agents.find(loop.agent) ?? NO_PROFILE;
}

/** What the process layer must know to start an attempt. */
export function launchRequest(
  context: SupervisorContext,
  { loop, profile, plan, before, epoch }: Launch,
): LaunchRequest {
  return {
    loopId: loop.loopId,
    token: loop.attempt.token,
    cwd: loop.cwd,
    plan,
    limits: limitsOf(context, loop),
    reader: profile.reader(undefined, before),
    freshReader: () => profile.reader(undefined, before),
    needsReading: profile.needsReading,
    ...(epoch !== undefined && { epoch }),
  };
}

/**
 * What the process layer must know to follow an attempt that another host began. `attempts`: all attempts of the loop.
 */
export function adoptRequest(
  context: SupervisorContext,
  loop: ActiveLoop,
  profile: ProfileFacts,
  attempts: readonly Attempt[],
): AdoptRequest {
  const { attempt } = loop;
  const before = sessionBefore(loop, attempts);
  return {
    token: attempt.token,
    reader: profile.reader(readerStateIn(attempt.readerState), before),
    freshReader: () => profile.reader(undefined, before),
    needsReading: profile.needsReading,
    readOffset: attempt.readOffset,
    position: positionIn(attempt.readerState),
    ...(attempt.leader && { leader: attempt.leader }),
    ...(attempt.guardian && { guardian: attempt.guardian }),
    graceMs: context.settings.killGraceMs,
    keep: context.settings.sweepKeep,
  };
}

function limitsOf({ settings }: SupervisorContext, loop: ActiveLoop): RunLimits {
  const limits = agentLimits(settings, loop);
  if (loop.attempt.isSetup) return { ...limits, firstOutputMs: 0, silenceMs: 0, onSilence: 'warn' };
  if (!loop.attempt.isCheck || !loop.check) return limits;
  // A build may be silent for as long as it takes; its own time-out bounds it (R11.1).
  return { ...limits, timeoutMs: loop.check.timeoutMs, firstOutputMs: 0, silenceMs: 0, onSilence: 'warn' };
}

function agentLimits(settings: Settings, loop: ActiveLoop): RunLimits {
  return {
    timeoutMs: settings.loopTimeoutMs,
    firstOutputMs: settings.firstOutputTimeoutMs,
    silenceMs: settings.silenceTimeoutMs,
    // A probe that hangs must give up its place: its silence is never only a warning.
    onSilence: loop.attempt.probe ? 'restart' : settings.onSilence,
    graceMs: settings.killGraceMs,
    endGraceMs: settings.endGraceMs,
    maxLogBytes: settings.maxLogBytes,
    maxMemoryBytes: settings.limits.memory,
    unattendedGraceMs: settings.unattendedGraceMs,
    keep: settings.sweepKeep,
  };
}
