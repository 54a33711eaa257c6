import { availableParallelism } from 'node:os';
import type { Result } from './result.ts';
import { runSuite, type Suite } from './suite.ts';

/** So many suites run side by side: much of most of them is waiting, and none depends on how fast it goes. */
const LANES = Math.min(6, availableParallelism() * 2 + 1);

/** Runs suites in their order, some side by side. Returns their results in that order too. */
export async function runSuites(suites: readonly Suite[]): Promise<Result[]> {
  const results = new Map<Suite, Result>();
  const running = new Set<Promise<unknown>>();
  for (const suite of suites) {
    while (running.size >= (suite.alone ? 1 : LANES)) await Promise.race(running);
    const run = runSuite(suite).then((result) => results.set(suite, result));
    const lane = run.finally(() => running.delete(lane));
    running.add(lane);
    if (suite.alone) await lane;
  }
  await Promise.all(running);
  return suites.flatMap((suite) => results.get(suite) ?? []);
}
