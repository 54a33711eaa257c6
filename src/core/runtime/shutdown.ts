import type { ActiveLoop } from '../model/loop.ts';
import { LONGEST_TIMER_MS } from '../ports/clock.ts';
import { requestStop } from '../steps/requestStop.ts';
import { requeue } from '../steps/transitions.ts';
import type { Engine } from './engine.ts';

type ShutdownParts = Pick<Engine, 'context' | 'liveState' | 'listeners' | 'runs' | 'transactions'>;

import { tryOrLog } from './tryOrLog.ts';
import { withStoreTimeout } from './withStoreTimeout.ts';

/** How long (ms) SIGKILL has before shutdown goes on without its result. */
const KILL_MS = 2_000;

/**
 * Stops this window's running attempts within `timeoutMs` (ms), even when the store cannot be written; their loops
 * return to the queue (R9.1).
 */
export async function stopOwnRuns(engine: ShutdownParts, timeoutMs: number): Promise<void> {
  const { context, transactions, runs } = engine;
  // A caller's number: no timer takes NaN, or one that is too long.
  const steps = Number.isNaN(timeoutMs) ? 0 : Math.min(Math.max(0, timeoutMs - KILL_MS), LONGEST_TIMER_MS);
  const grace = Math.min(context.settings.killGraceMs, steps);
  const stopping = transactions.take((unit) => {
    for (const loop of ownLoops(engine)) requestStop(unit, loop, 'shutdown', 'shutdown');
    for (const loop of [...unit.liveState.preparing.values()])
      if (loop.windowId === context.window.id) requeue(unit, loop, 'shutdown');
  });
  await withStoreTimeout(context, stopping, 'The stop of the running loops');
  for (const loop of ownLoops(engine)) {
    tryOrLog(
      context,
      () => runs.control(loop).stop('shutdown', grace),
      `The stop of attempt ${loop.attempt.token} could not be sent.`,
    );
  }
  if (await settled(engine, steps)) return;
  for (const loop of ownLoops(engine)) void runs.control(loop).signal('SIGKILL', 'shutdown');
  await settled(engine, KILL_MS);
}

function ownLoops({ liveState, context }: Pick<Engine, 'context' | 'liveState'>): ActiveLoop[] {
  return [...liveState.active.values()].filter((loop) => loop.attempt.windowId === context.window.id);
}

/** Resolves when no attempt of this window runs any more (true), or after `ms` (false). */
function settled(engine: ShutdownParts, ms: number): Promise<boolean> {
  const idle = () => ownLoops(engine).length === 0;
  if (idle()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (value: boolean) => {
      listener.dispose();
      timer.dispose();
      resolve(value);
    };
    const listener = engine.listeners.onDidChange(() => {
      if (idle()) done(true);
    });
    const timer = engine.context.clock.after(ms, () => done(false));
  });
}
