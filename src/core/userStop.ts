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
  const written = engine.turns.take((turn) => {
    const loop = turn.mirror.find(loopId);
    if (loop) cancelIn(turn, loop, engine);
    engine.turns.dispatch(turn);
    return loop !== undefined;
  });
  const loop = engine.mirror.find(loopId);
  if (!loop || !isActive(loop)) return written;
  const answer = await withinReason(engine.context, written, `The stop of ${loopId}`);
  if (answer === undefined) engine.runs.sendStop(loop, 'user');
  return answer ?? true;
}

/** Ends all live loops for good; answers how many. */
export function cancelAll(engine: Engine): Promise<number> {
  // Nothing is dispatched in between: what a cancel makes room for is to be cancelled too.
  return engine.turns.take((turn) => {
    const loops = [...turn.mirror.active.values(), ...turn.mirror.queue, ...turn.mirror.timed.values()];
    for (const loop of loops) cancelIn(turn, loop, engine);
    return loops.length;
  });
}

/** Sends one signal to a loop's process group, recorded first if it is meant to end it (R7.3). Answers whether it was delivered. */
export async function signalGroup(engine: Engine, loopId: string, signal: string): Promise<boolean> {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
  const active = engine.mirror.find(loopId);
  if (!active || !isActive(active)) return false;
  const ending = ENDING_SIGNALS.includes(name);
  if (ending) {
    const written = engine.turns.take((turn) => {
      const loop = turn.mirror.find(loopId);
      if (loop && isActive(loop)) requestStop(turn, loop, 'user', `${name} sent by the user`, name);
    });
    await withinReason(engine.context, written, `The user's ${name} to ${loopId}`);
  }
  return engine.runs.control(active).signal(name, ending ? 'user' : undefined);
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
