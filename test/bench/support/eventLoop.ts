import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;

/** Runs `work` and answers by how much (ms, 99th percentile) the event loop came late meanwhile. */
export async function delayWhile(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  await work();
  delay.disable();
  // The monitor counts from one tick to the next: what is above its own resolution is delay.
  return Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
}
