import { monitorEventLoopDelay } from 'node:perf_hooks';

const TICK_MS = 5;
const IDLE_MS = 3_000;

/** Runs `work` and returns how far apart (ms, 99th percentile) the ticks of a timer of 5 ms came meanwhile. */
export async function ticksWhile(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  await work();
  delay.disable();
  return delay.percentile(99) / 1e6;
}

/** The same while this process does nothing: what an event loop is compared with. */
export async function idleTicks(): Promise<{ readonly what: string; readonly value: number }> {
  const value = await ticksWhile(() => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
  return { what: 'nothing to do', value };
}
