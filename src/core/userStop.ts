import type { Engine } from './engine.ts';
import { isActive, type LiveLoop } from './loop.ts';
import { finish } from './settle.ts';
import { requestStop } from './stop.ts';
import type { Turn } from './turn.ts';
import { withinReason } from './withinReason.ts';

/** Signals that are meant to end a process: the user's stop (R7.3). */
const ENDING_SIGNALS: readonly string[] = ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGHUP', 'SIGQUIT'];

/** Ends a loop for good; if the store does not let that through in time, its processes are stopped anyway (R7.2). Answers whether it was live. */
export async function cancel(engine: Engine, loopId: string): Promise<boolean> {
  const written = engine.turns.takeAndDispatch((turn) => {
    const loop = turn.mirror.find(loopId);
    if (loop) cancelIn(turn, loop, engine);
    return loop !== undefined;
  });
  const loop = engine.mirror.find(loopId);
  if (!loop || !isActive(loop)) return written;
  const answer = await withinReason(engine.context, written, `The stop of ${loopId}`);
  if (answer === undefined) engine.runs.sendStop(loop, 'user');
  return answer ?? true;
}

/**
 * Ends all live loops for good; answers how many. If the store does not let that through in time, the processes of those that run are stopped
 * anyway (R7.2); what waits can be cancelled on record only, so the answer waits for that, or says why it can not be.
 */
export async function cancelAll(engine: Engine): Promise<number> {
  // Nothing is dispatched in between: what a cancel makes room for is to be cancelled too.
  const written = engine.turns.take((turn) => {
    const loops = [...turn.mirror.active.values(), ...turn.mirror.queue, ...turn.mirror.timed.values()];
    for (const loop of loops) cancelIn(turn, loop, engine);
    return loops.length;
  });
  const { mirror, context, runs } = engine;
  const active = [...mirror.active.values()];
  if (active.length === 0) return written;
  const answer = await withinReason(context, written, 'The stop of all loops');
  if (answer !== undefined) return answer;
  for (const loop of active) runs.sendStop(loop, 'user');
  return mirror.queue.size + mirror.timed.size > 0 ? written : active.length;
}

/** Sends one signal to a loop's process group, recorded first if it is meant to end it (R7.3). Answers whether it was delivered. */
export async function signalGroup(engine: Engine, loopId: string, signal: string): Promise<boolean> {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
  const active = engine.mirror.find(loopId);
  if (!active || !isActive(active)) return false;
  if (!ENDING_SIGNALS.includes(name)) return engine.runs.control(active).signal(name, undefined);
  const written = engine.turns.take((turn) => {
    const loop = turn.mirror.find(loopId);
    return loop && isActive(loop) ? requestStop(turn, loop, 'user', `${name} sent by the user`, name) : undefined;
  });
  // Another window may have begun a later attempt: the signal goes to the one for which it is on record.
  const stopping = await withinReason(engine.context, written, `The user's ${name} to ${loopId}`);
  return engine.runs.control(stopping ?? active).signal(name, 'user');
}

function cancelIn(turn: Turn, loop: LiveLoop, { runs }: Engine): void {
  if (isActive(loop)) {
    const stopping = requestStop(turn, loop, 'user', 'cancelled by the user');
    turn.effects.push(() => runs.sendStop(stopping, 'user'));
    return;
  }
  finish(turn, loop, 'cancelled', 'cancelled by the user');
  turn.tell({ type: 'loop:cancelled', loopId: loop.loopId });
}
