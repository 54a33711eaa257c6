import type { Attempt } from '../model/attempt.ts';
import { WrongStateError } from '../model/errors.ts';
import { GONE, type Look, unknown } from '../model/looks.ts';
import type { ProcessIdentity, SweptProcess } from '../model/processIdentity.ts';
import type { SupervisorContext } from '../state/context.ts';
import {
  type Confirmation,
  confirmEnd,
  isUnconfirmed,
  lastAttempt,
  type UnconfirmedLoop,
} from '../steps/unconfirmedEnd.ts';
import type { Engine } from './engine.ts';

type Parts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/**
 * *Treat as Ended*: the loop goes on although processes of its last attempt may live. One that failed goes back to the
 * queue. Rejects with `WrongStateError` if nothing is in doubt.
 */
export async function treatAsEnded(engine: Parts, loopId: string): Promise<void> {
  await confirm(engine, find(engine, loopId), { by: 'user', why: 'treated as ended by the user' });
}

/**
 * *Look Again*: looks for the processes of the loop's last attempt. If they are gone the loop goes on, otherwise
 * nothing changes. Only the machine on which it ran can see that. Rejects with `WrongStateError` if nothing is in
 * doubt.
 */
export async function lookAgain(engine: Parts, loopId: string): Promise<Look<readonly SweptProcess[]>> {
  const loop = find(engine, loopId);
  if (!engine.machines.isHere(loop)) return unknown(`it ran on ${engine.machines.nameOf(loop.machine ?? '')}`);
  const attempt = lastAttempt(await engine.context.store.attempts(loop.seq));
  const look = attempt ? await lookForRun(engine.context, attempt) : GONE;
  // One that is not settled is taken back by its machine, with all that it said.
  if (look.state === 'gone' && loop.need !== 'machineAway')
    await confirm(engine, loop, { by: 'user', why: 'looked for again: its processes are gone' });
  return look;
}

/**
 * Lets go on what waits for the end of processes of an earlier boot: a restart of the machine has ended them (R3.1).
 */
export async function settleAfterReboot(engine: Parts): Promise<void> {
  const { context, liveState, transactions } = engine;
  for (const { seq } of [...liveState.needUser.values()].filter(isUnconfirmed)) {
    const attempt = lastAttempt(await context.store.attempts(seq));
    // One that is not settled is taken back by its machine.
    const known = attempt?.end ? processesOf(attempt) : [];
    if (known.length === 0 || !known.every((process) => isOfEarlierBoot(context, process))) continue;
    await transactions.takeAndDispatch((unit) => confirmEnd(unit, seq, { by: 'reboot' }));
  }
}

/** Sends the stop of a cancelled loop to a guardian that may still be there. */
export async function stopUnseen({ context }: Pick<Engine, 'context'>, seq: number): Promise<void> {
  const attempt = lastAttempt(await context.store.attempts(seq));
  if (attempt) context.launcher.control(attempt.token).stop('user', context.settings.killGraceMs);
}

function find({ liveState }: Parts, loopId: string): UnconfirmedLoop {
  const loop = liveState.find(loopId);
  if (!loop || !isUnconfirmed(loop))
    throw new WrongStateError(loopId, 'does not wait for the end of its processes to be confirmed');
  return loop;
}

async function confirm({ transactions }: Parts, { seq, loopId }: UnconfirmedLoop, how: Confirmation): Promise<void> {
  const done = await transactions.takeAndDispatch(
    (unit) => confirmEnd(unit, seq, how),
    (_, confirmed) => confirmed,
    [['attempts', seq]],
  );
  if (!done) throw new WrongStateError(loopId, 'was confirmed or cancelled meanwhile');
}

function lookForRun(
  { launcher, settings }: SupervisorContext,
  attempt: Attempt,
): Promise<Look<readonly SweptProcess[]>> {
  return launcher.lookForRun({
    token: attempt.token,
    ...(attempt.leader && { leader: attempt.leader }),
    ...(attempt.guardian && { guardian: attempt.guardian }),
    remaining: attempt.end?.remaining ?? [],
    keep: settings.sweepKeep,
  });
}

function processesOf({ leader, guardian, end }: Attempt): ProcessIdentity[] {
  return [leader, guardian, ...(end?.remaining ?? [])].filter((one) => one !== undefined);
}

function isOfEarlierBoot({ inspector }: SupervisorContext, process: ProcessIdentity): boolean {
  return process.bootId !== inspector.self.bootId && inspector.look(process).state === 'gone';
}
