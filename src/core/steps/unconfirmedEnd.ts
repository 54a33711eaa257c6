import type { Attempt, AttemptEnd, FailureClass } from '../model/attempt.ts';
import { type Leftovers, NOTHING_LEFT } from '../model/leftovers.ts';
import type { ActiveLoop, UserDecision } from '../model/loop.ts';
import type { UserLoop } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { restart } from './restart.ts';
import { complete, hasCheck } from './rounds.ts';
import { finish, requeue, wait } from './transitions.ts';

type Doubt = Extract<UserDecision, 'endUnknown' | 'machineAway' | 'notEnded'>;

/**
 * A loop whose last attempt is over, but whose processes may live on: it is never restarted by itself (R3.1, R7.6). The
 * attempt is settled, unless its machine is away (R16.3).
 */
export type UnconfirmedLoop = UserLoop & { readonly need: Doubt };

/** How the end of an attempt came to be confirmed. */
export type Confirmation =
  /** The user treats it as ended, or has looked and nothing is there. */
  | { readonly by: 'user'; readonly why: string }
  /** Nothing of it can live: the machine was restarted. */
  | { readonly by: 'reboot' };

export function isUnconfirmed(loop: { readonly state: string }): loop is UnconfirmedLoop {
  const { need } = loop as Partial<UserLoop>;
  return need === 'endUnknown' || need === 'machineAway' || need === 'notEnded';
}

/** Whether processes of a settled attempt may live on; undefined where all are known to be gone. */
export function doubtOf({ remaining, unseen }: Leftovers): Exclude<Doubt, 'machineAway'> | undefined {
  if (unseen !== undefined) return 'endUnknown';
  return remaining.length > 0 ? 'notEnded' : undefined;
}

/** Frees the slot of an attempt whose end is in doubt and leaves the rest to the user. */
export function waitForConfirmation(
  unit: UnitOfWork,
  loop: ActiveLoop,
  need: 'endUnknown' | 'notEnded',
  end: Leftovers,
): void {
  const names = end.remaining.map(({ pid, command }) => `${command} (${pid})`).join(', ');
  const why =
    need === 'endUnknown'
      ? `whether its processes have ended cannot be seen (${end.unseen}): look again, or treat it as ended`
      : `not even SIGKILL ended ${names}: end it by hand, then look again, or treat it as ended`;
  wait(unit, loop, { for: 'you', need }, why);
}

/** The loop goes on from where the end of its last attempt left it. Returns whether it was waiting for that. */
export function confirmEnd(unit: UnitOfWork, seq: number, confirmation: Confirmation): boolean {
  const loop = unit.liveState.get(seq);
  if (!loop || !isUnconfirmed(loop)) return false;
  const attempt = settleAway(unit, seq);
  const end = attempt?.end;
  const why = confirmation.by === 'user' ? confirmation.why : 'the machine was restarted, so its processes are gone';
  if (end?.outcome === 'ok' && !hasCheck(loop)) complete(unit, loop, `${end.reason}; ${why}`);
  else if (end?.outcome === 'cancelled') {
    finish(unit, loop, 'cancelled', `${end.reason}; ${why}`);
    unit.tell({ type: 'loop:cancelled', loopId: loop.loopId });
  } else if (end && confirmation.by === 'reboot' && isFailure(end)) {
    restart(unit, loop, { class: end.outcome, reason: end.reason, at: unit.now });
  } else if (end?.outcome === 'ok' && hasCheck(loop) && !attempt?.isCheck)
    requeue(unit, { ...loop, rounds: { ...loop.rounds, phase: 'check' } }, why);
  // Of a check nothing was recorded: it runs again.
  else requeue(unit, loop, why);
  return true;
}

export function lastAttempt(attempts: readonly Attempt[]): Attempt | undefined {
  return attempts.at(-1);
}

function isFailure(end: AttemptEnd): end is AttemptEnd & { readonly outcome: FailureClass } {
  return end.outcome !== 'ok' && end.outcome !== 'cancelled' && end.outcome !== 'interrupted';
}

/**
 * Nobody waits any longer for what its machine would say: the attempt is settled as lost, if it was not settled before.
 * Returns it.
 */
export function settleAway(unit: UnitOfWork, seq: number): Attempt | undefined {
  const attempt = lastAttempt(unit.tx.attempts(seq));
  if (!attempt || attempt.end) return attempt;
  const unseen = 'its machine was away';
  const end: AttemptEnd = { ...NOTHING_LEFT, outcome: 'lost', reason: unseen, unseen, at: unit.now };
  unit.tx.saveAttempt(seq, { ...attempt, end });
  // Its loop starts over: that the attempt was lost is no failure of its own.
  return attempt;
}
