import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.ts';
import { type Launched, program, RunHarness } from './support/runHarness.ts';

// npm run hundred: runs with three levels of processes, one of which ignores SIGTERM and one has a session of its own,
// ended in each of the ways that there are, so many times each, with a grace period of 0.2 s. After each, /proc holds
// no process of it. The argument says how many times.

const TREE = 4;
const AT_ONCE = 5;
const GRACE_MS = 200;

interface Way {
  readonly name: string;
  readonly mode: 'wait' | 'end';
  readonly timeoutMs?: number;
  readonly end: (launched: Launched, harness: RunHarness) => unknown;
}

const WAYS: readonly Way[] = [
  { name: 'cancel', mode: 'wait', end: ({ run }) => run.stop('user', GRACE_MS) },
  { name: 'kill', mode: 'wait', end: ({ run }) => run.signal('SIGKILL', 'user') },
  { name: 'timeout', mode: 'wait', timeoutMs: 1_500, end: () => undefined },
  { name: 'normal end', mode: 'end', end: (_, { cwd }) => writeFileSync(join(cwd, 'go'), '') },
];

async function oneRun(way: Way): Promise<{ readonly left: number; readonly ms: number }> {
  const harness = await RunHarness.create();
  try {
    const limits = { graceMs: GRACE_MS, timeoutMs: way.timeoutMs ?? 0 };
    const launched = harness.launch(program('tree.sh'), [way.mode], { limits });
    await until('the whole tree', () => harness.processesOf(launched.token).length >= TREE);
    const begun = performance.now();
    await way.end(launched, harness);
    const end = await launched.told.whenEnded;
    const ms = performance.now() - begun;
    return { left: harness.processesOf(launched.token).length + end.remaining.length, ms };
  } finally {
    harness.dispose();
  }
}

const times = Number(process.argv[2] ?? 100);
// The launcher's own timers keep nobody alive.
const alive = setInterval(() => undefined, 60_000);
for (const way of WAYS) {
  const runs: { readonly left: number; readonly ms: number }[] = [];
  while (runs.length < times)
    runs.push(
      ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, times - runs.length) }, () => oneRun(way)))),
    );
  const spans = runs.map(({ ms }) => ms).sort((one, other) => one - other);
  const left = runs.reduce((sum, run) => sum + run.left, 0);
  const median = spans[Math.floor(spans.length / 2)]?.toFixed(0);
  console.log(
    `${way.name}: ${times} runs, ${left} processes left, told after ${median} ms (median), ${spans.at(-1)?.toFixed(0)} ms (longest)`,
  );
  if (left > 0) process.exitCode = 1;
}
clearInterval(alive);
