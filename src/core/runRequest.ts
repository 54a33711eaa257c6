import type { SessionBefore } from './agentPort.ts';
import type { SupervisorContext } from './context.ts';
import { type ProfileFacts, readerStateIn } from './followedRun.ts';
import type { ActiveLoop } from './loop.ts';
import type { AdoptRequest, LaunchRequest, RunLimits } from './processPort.ts';
import type { Launch } from './turn.ts';

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

/** What is known of the session that an attempt continues: how the last attempt in it was read. Undefined where it continues none. */
export function sessionBefore({ store }: SupervisorContext, { seq, attempt }: ActiveLoop): SessionBefore | undefined {
  if (!attempt.resumed) return undefined;
  const earlier = store.attempts(seq).findLast((other) => other.id !== attempt.id && other.sessionId === attempt.sessionId);
  const state = readerStateIn(earlier?.readerState);
  return state === undefined ? {} : { state };
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
