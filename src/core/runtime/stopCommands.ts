import { isActive, type LiveLoop } from '../model/loop.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { requestStop } from '../steps/requestStop.ts';
import { finish } from '../steps/transitions.ts';
import { isUnconfirmed, settleAway } from '../steps/unconfirmedEnd.ts';
import { withRemovedWorkTree } from '../steps/workTrees.ts';
import type { Engine } from './engine.ts';
import { stopUnseen } from './unconfirmedEnds.ts';
import { withStoreTimeout } from './withStoreTimeout.ts';

type StopParts = Pick<Engine, 'context' | 'liveState' | 'runs' | 'transactions'>;
/** Signals that are meant to end a process: the user's stop (R7.3). */
const ENDING_SIGNALS: readonly string[] = ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGHUP', 'SIGQUIT'];

/**
 * Ends a loop for good; if the store does not let that through in time, its processes are stopped anyway (R7.2).
 * Returns whether it was live.
 */
export async function cancel(engine: StopParts, loopId: string): Promise<boolean> {
  const written = engine.transactions.takeAndDispatch((unit) => {
    const loop = unit.liveState.find(loopId);
    if (loop) cancelIn(unit, loop, engine);
    return loop !== undefined;
  });
  const loop = engine.liveState.find(loopId);
  if (!loop || !isActive(loop)) return written;
  const answer = await withStoreTimeout(engine.context, written, `The stop of ${loopId}`);
  if (answer === undefined) engine.runs.sendStop(loop, 'user');
  return answer ?? true;
}

/**
 * Ends all live loops for good. Resolves with how many. If the store does not let that through in time, the processes
 * of those that run are stopped anyway (R7.2); what waits can be cancelled on record only, so the result waits for
 * that, or says why it cannot be.
 */
export async function cancelAll(engine: StopParts): Promise<number> {
  // Nothing is dispatched in between: what a cancel makes room for is to be cancelled too.
  const written = engine.transactions.take((unit) => {
    const loops = [...unit.liveState.loops()];
    for (const loop of loops) cancelIn(unit, loop, engine);
    return loops.length;
  });
  const { liveState, context, runs } = engine;
  const active = [...liveState.active.values()];
  if (active.length === 0) return written;
  const answer = await withStoreTimeout(context, written, 'The stop of all loops');
  if (answer !== undefined) return answer;
  for (const loop of active) runs.sendStop(loop, 'user');
  return liveState.size > liveState.active.size ? written : active.length;
}

/**
 * Sends one signal to a loop's process group, recorded first if it is meant to end it (R7.3). Returns whether it was
 * delivered.
 */
export async function signalGroup(engine: StopParts, loopId: string, name: string): Promise<boolean> {
  const active = engine.liveState.find(loopId);
  if (!active || !isActive(active)) return false;
  if (!ENDING_SIGNALS.includes(name)) return engine.runs.control(active).signal(name, undefined);
  const written = engine.transactions.take((unit) => {
    const loop = unit.liveState.find(loopId);
    return loop && isActive(loop) ? requestStop(unit, loop, 'user', `${name} sent by the user`, name) : undefined;
  });
  // Another window may have begun a later attempt: the signal goes to the one for which it is on record.
  const stopping = await withStoreTimeout(engine.context, written, `The user's ${name} to ${loopId}`);
  return engine.runs.control(stopping ?? active).signal(name, 'user');
}

function cancelIn(unit: UnitOfWork, loop: LiveLoop, { runs, context }: Pick<Engine, 'runs' | 'context'>): void {
  if (isActive(loop)) {
    const stopping = requestStop(unit, loop, 'user', 'cancelled by the user');
    unit.effects.push(() => runs.sendStop(stopping, 'user'));
    return;
  }
  if (isUnconfirmed(loop)) {
    settleAway(unit, loop.seq);
    unit.effects.push(() => sendUnseenStop(context, loop.seq));
  }
  finish(unit, withRemovedWorkTree(unit, loop), 'cancelled', 'cancelled by the user');
  unit.tell({ type: 'loop:cancelled', loopId: loop.loopId });
}

/** No host follows its run; if its guardian is still there, it gets the stop. */
function sendUnseenStop(context: Engine['context'], seq: number): void {
  stopUnseen({ context }, seq).catch((error: unknown) => context.log('The stop of a loop could not be sent.', error));
}
