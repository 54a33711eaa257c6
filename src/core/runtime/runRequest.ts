import type { AgentReader } from '../model/agentEvent.ts';
import type { ActiveLoop, Attempt } from '../model/loop.ts';
import type { AgentProfile } from '../ports/agents.ts';
import type { AdoptRequest, LaunchRequest, RunLimits } from '../ports/launcher.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { Launch } from '../state/unitOfWork.ts';
import { readerStateIn } from '../steps/bookmark.ts';
import { sessionBefore } from '../steps/sessionBefore.ts';

/** What must be known of a profile to follow a run. */
type ProfileFacts = Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'>;

/** Understands nothing: the end of a run counts even if its profile no longer exists. */
const DEAF_READER: AgentReader = { line: () => [], end: () => [], state: () => null };

/** Stands in for a profile that no longer exists. */
export const NO_PROFILE: ProfileFacts = { hasCost: false, needsReading: false, reader: () => DEAF_READER };

/** What the process layer must know to start an attempt. */
export function launchRequest(context: SupervisorContext, { loop, profile, plan, before }: Launch): LaunchRequest {
  return {
    loopId: loop.loopId,
    token: loop.attempt.token,
    cwd: loop.cwd,
    plan,
    limits: limitsOf(context, loop),
    reader: profile.reader(undefined, before),
    needsReading: profile.needsReading,
  };
}

/** What the process layer must know to follow an attempt that another host began. `attempts`: all attempts of the loop. */
export function adoptRequest(
  context: SupervisorContext,
  loop: ActiveLoop,
  profile: ProfileFacts,
  attempts: readonly Attempt[],
): AdoptRequest {
  const { attempt } = loop;
  return {
    token: attempt.token,
    reader: profile.reader(readerStateIn(attempt.readerState), sessionBefore(loop, attempts)),
    needsReading: profile.needsReading,
    readOffset: attempt.readOffset,
    ...(attempt.leader && { leader: attempt.leader }),
    ...(attempt.guardian && { guardian: attempt.guardian }),
    graceMs: context.settings.killGraceMs,
    keep: context.settings.sweepKeep,
  };
}

function limitsOf({ settings }: SupervisorContext, loop: ActiveLoop): RunLimits {
  return {
    timeoutMs: settings.loopTimeoutMs,
    firstOutputMs: settings.firstOutputTimeoutMs,
    silenceMs: settings.silenceTimeoutMs,
    // A probe that hangs must give up its place: its silence is never only a warning.
    onSilence: loop.attempt.probe ? 'restart' : settings.onSilence,
    graceMs: settings.killGraceMs,
    maxLogBytes: settings.maxLogBytes,
    unattendedGraceMs: settings.unattendedGraceMs,
    keep: settings.sweepKeep,
  };
}
