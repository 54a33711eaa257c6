import type { ActiveLoop } from '../model/loop.ts';
import type { AdoptRequest, LaunchRequest, RunLimits } from '../ports/launcher.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { Launch } from '../state/unitOfWork.ts';
import { readerStateIn } from '../steps/bookmark.ts';
import { sessionBefore } from '../steps/sessionBefore.ts';
import type { ProfileFacts } from './runMonitor.ts';

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

/** What the process layer must know to follow an attempt that another window began. */
export function adoptRequest(context: SupervisorContext, loop: ActiveLoop, profile: ProfileFacts): AdoptRequest {
  const { attempt } = loop;
  return {
    token: attempt.token,
    reader: profile.reader(readerStateIn(attempt.readerState), sessionBefore(context, loop)),
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
