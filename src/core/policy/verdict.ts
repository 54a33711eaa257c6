import type { AgentErrorCause, AgentEvent } from '../model/agentEvent.ts';
import type { Allowance, FailureClass, StopBy } from '../model/attempt.ts';
import type { HoldReason } from '../model/gate.ts';
import type { RunEnd } from '../ports/launcher.ts';
import type { CircuitVote } from './circuitBreaker.ts';

/** What the end of an attempt means for its loop. `reason` is one sentence without a full stop. */
export type Verdict =
  | { readonly kind: 'ok'; readonly reason: string }
  | { readonly kind: 'cancelled'; readonly reason: string }
  /**
   * Back to the queue. `charged`: it uses up a restart (R5.3). `trouble`: whose it was, which may last (R5.7, R13.3).
   */
  | {
      readonly kind: 'interrupted';
      readonly reason: string;
      readonly charged: boolean;
      readonly trouble?: 'machine' | 'folder';
    }
  /** Its agent's usage window is used up: it waits until then, or for a while where the agent named no time. */
  | { readonly kind: 'limited'; readonly reason: string; readonly until?: number }
  /** It used up its allowance (R6.8). `of`: whose money it was. */
  | { readonly kind: 'usedUp'; readonly of: Allowance['of']; readonly reason: string }
  /** Its run was stopped because nobody answered what it asks (R17.2). */
  | { readonly kind: 'asking'; readonly reason: string }
  /** Trouble of its account or profile: that is held, and the loop returns to its place (R14.1). */
  | {
      readonly kind: 'held';
      readonly of: 'account' | 'profile';
      readonly hold: HoldReason;
      readonly class: FailureClass;
      readonly reason: string;
      readonly cause?: AgentErrorCause;
    }
  | {
      readonly kind: 'failed';
      readonly class: FailureClass;
      readonly reason: string;
      readonly cause?: AgentErrorCause;
      /** The same command cannot succeed: no restart (R5.3). */
      readonly permanent: boolean;
    };

type HeldVerdict = Extract<Verdict, { kind: 'held' }>;

/** What is known when an attempt has ended. */
export interface EndFacts {
  readonly end: Pick<
    RunEnd,
    'kind' | 'exit' | 'stoppedBy' | 'foreignSignal' | 'trouble' | 'asked' | 'error' | 'errorLine'
  >;
  /** The stop that is recorded for the attempt. */
  readonly stop?: StopBy;
  /** The agent's own verdict, if it said nothing after it: later progress takes it back (R5.6). */
  readonly said?: Extract<AgentEvent, { type: 'end' }>;
  /** What it could spend, as stored with the attempt; `isUsedUp`: it has cost as much. */
  readonly allowance?: Allowance & { readonly isUsedUp: boolean };
  /** Why the agent's account was refused, if it said so and kept trying. */
  readonly refused?: { readonly cause: 'auth' | 'billing'; readonly reason: string };
  /** The last usage limit that the agent named. */
  readonly limit?: Extract<AgentEvent, { type: 'limit' }>;
}

/** Causes that the same command cannot get around. */
const PERMANENT_CAUSES: readonly AgentErrorCause[] = ['budget', 'turns'];

/** Causes that are not the loop's own, and what they hold. */
const HOLDS: { readonly [cause in AgentErrorCause]?: Pick<HeldVerdict, 'of' | 'hold'> } = {
  auth: { of: 'account', hold: 'login' },
  billing: { of: 'account', hold: 'billing' },
  config: { of: 'profile', hold: 'config' },
};

/** Causes that show that the agent went on working after a usage limit: it ended by something else. */
const BEYOND_LIMIT: readonly AgentErrorCause[] = ['budget', 'turns', 'task'];

/**
 * Decides how an attempt ended: from the user's stop first, then from what the agent said last, then from our other
 * stops and what is known of the process. A stop of ours is never a failure of the agent (agents' exit codes after a
 * stop mean nothing), and what the process did after it had said that it succeeded changes nothing (R5.6).
 */
export function decideOutcome(facts: EndFacts): Verdict {
  const { end, said } = facts;
  // Where they differ, the guardian knows what it did; a signal without an order is no stop of ours.
  const done = end.foreignSignal === undefined ? end.stoppedBy : undefined;
  const stop = facts.stop === 'user' ? 'user' : (done ?? facts.stop);
  // The others came too late for a process that had left by itself.
  const left = end.kind === 'exited' && end.stoppedBy === undefined && end.exit.exitCode === 0;
  if (stop === 'user') return STOPPED.user;
  if (stop === 'restart' && !(left && said?.ok)) return STOPPED.restart;
  if (said?.ok) return { kind: 'ok', reason: said.reason ?? okReason(end) };
  if (stop === 'hung' && end.asked !== undefined)
    return failed('asks', `it asked, and nobody could answer: ${end.asked}`);
  // A process that was stopped after its last word is settled by what was said.
  if (stop !== undefined && !(said && stop === 'ended') && !(left && !said)) return stopped(stop, facts);
  if (end.foreignSignal !== undefined) return foreign(end.foreignSignal);
  if (end.trouble === 'machine' || end.trouble === 'folder')
    return { kind: 'interrupted', reason: end.error ?? TROUBLES[end.trouble], charged: false, trouble: end.trouble };
  if (end.trouble === 'memory') return failed('memory', end.error ?? TROUBLES.memory);
  if (end.kind === 'spawn') {
    const reason = end.error ?? 'the command could not be started';
    return { kind: 'held', of: 'profile', hold: 'program', class: 'spawn', reason };
  }
  if (end.kind === 'void')
    return { kind: 'interrupted', reason: end.error ?? 'its window was gone before it started', charged: true };
  const isOverLimit = said !== undefined && (said.ok || BEYOND_LIMIT.includes(said.cause));
  if (facts.limit && !isOverLimit) {
    return {
      kind: 'limited',
      reason: facts.limit.reason,
      ...(facts.limit.until !== undefined && { until: facts.limit.until }),
    };
  }
  // Its own cap is the one that we set, whatever is left by now.
  if (said?.ok === false && said.cause === 'budget' && facts.allowance?.heldBy === 'agent')
    return usedUp(facts.allowance.of);
  if (said && !said.ok) {
    const hold = HOLDS[said.cause];
    if (hold) return { kind: 'held', ...hold, class: 'agent', reason: said.reason, cause: said.cause };
    return { ...failed('agent', said.reason, PERMANENT_CAUSES.includes(said.cause)), cause: said.cause };
  }
  if (end.kind === 'lost') return failed('lost', end.error ?? 'it is unknown how it ended');
  if (end.exit.signal !== undefined) return failed('signal', `killed from outside by ${end.exit.signal}`);
  if (end.exit.exitCode)
    return failed('exit', `exit code ${end.exit.exitCode}${end.errorLine && `: ${end.errorLine}`}`);
  return { kind: 'ok', reason: 'exit code 0' };
}

/** How a process ended that had reported success, in a few words. */
function okReason({ kind, exit, stoppedBy }: EndFacts['end']): string {
  if (kind === 'lost') return 'the agent had finished when its guardian was lost';
  if (stoppedBy !== undefined) return 'the agent had finished, and its process was stopped';
  if (exit.signal !== undefined) return `the agent had finished when its process was ended by ${exit.signal}`;
  return exit.exitCode ? `the agent had finished, and its process left with exit code ${exit.exitCode}` : 'exit code 0';
}

/** Not by any order of ours: an agent can end all programs called `node`, its guardian among them (R5.3). */
function foreign(signal: string): Verdict {
  return { kind: 'interrupted', reason: `somebody ended its guardian with ${signal}`, charged: true };
}

const TROUBLES = {
  machine: 'the machine could not run it',
  folder: 'its working folder is gone',
  memory: 'it was killed because the machine ran out of memory',
};

/** What each kind of stop means, whatever the process said in its last moments. */
const STOPPED: { readonly [by in Exclude<StopBy, 'cap' | 'refused'>]: Verdict } = {
  user: { kind: 'cancelled', reason: 'cancelled by the user' },
  shutdown: { kind: 'interrupted', reason: 'interrupted by shutdown', charged: false },
  budget: { kind: 'interrupted', reason: 'stopped because the daily budget was passed', charged: false },
  unattended: { kind: 'interrupted', reason: 'stopped because no window was open', charged: false },
  partition: { kind: 'interrupted', reason: 'stopped because its machine could not reach the store', charged: false },
  restart: { kind: 'interrupted', reason: 'restarted by the user', charged: false },
  timeout: failed('timeout', 'it ran longer than loopTimeoutMinutes'),
  hung: failed('hung', 'nothing was heard of it for too long'),
  'output-limit': failed('output-limit', 'its output passed output.maxLogMegabytes'),
  memory: failed(
    'memory',
    'all loops together used more memory than limits.totalMemoryMegabytes, and it used the most of it',
  ),
  asking: { kind: 'asking', reason: 'stopped because nobody answered what it asks' },
  ended: { kind: 'interrupted', reason: 'stopped when it seemed to have ended', charged: false },
};

function stopped(stop: Exclude<StopBy, 'user'>, { allowance, refused }: EndFacts): Verdict {
  if (stop === 'refused') {
    const { cause, reason } = refused ?? { cause: 'auth' as const, reason: 'its account was refused' };
    return { kind: 'held', of: 'account', hold: cause === 'auth' ? 'login' : 'billing', class: 'agent', reason, cause };
  }
  if (stop === 'cap') return usedUp('cap');
  return stop === 'budget' && allowance?.isUsedUp ? usedUp(allowance.of) : STOPPED[stop];
}

function usedUp(of: Allowance['of']): Verdict {
  const reason = of === 'cap' ? 'it used up its own maximum cost' : 'it used up its allowance of the daily budget';
  return { kind: 'usedUp', of, reason };
}
/** Failures that say nothing about the account: a program that cannot start, a question, a lack of memory. */
const NO_VOTE: readonly FailureClass[] = ['spawn', 'asks', 'memory'];

/**
 * How an attempt's end counts in the circuit (R4.2): provider trouble and crashes do, the user's own mistakes and stops
 * do not.
 */
export function circuitVote(verdict: Verdict): CircuitVote {
  if (verdict.kind === 'ok') return 'success';
  if (verdict.kind !== 'failed' || NO_VOTE.includes(verdict.class)) return 'neither';
  const own = verdict.cause !== undefined && (verdict.permanent || verdict.cause === 'session');
  return own ? 'neither' : 'failure';
}

function failed(kind: FailureClass, reason: string, permanent = false): Extract<Verdict, { kind: 'failed' }> {
  return { kind: 'failed', class: kind, reason, permanent };
}
