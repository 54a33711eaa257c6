import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Containment } from '../../src/core/model/containment.ts';
import { lookAtClaim } from '../../src/process/runFolder/recordSchemas.ts';
import { containmentOf } from '../support/containmentOf.ts';
import { type Figure, hand, median, percentile } from './support/figures.ts';
import { privateMegabytes, RealRuns } from './support/realRuns.ts';

/** From the decision to the agent's first instruction: the agent writes down the time itself, in ns since the epoch. */
const TIMES = 15;
const CLAIMS = 9;
const AGENT = ['-c', 'date +%s%N'];
const CONTAINED: { readonly [kind in Containment]: string } = {
  scope: 'in a scope',
  cgroup: 'in a control group',
  subreaper: 'under a subreaper',
  search: 'found by search',
};

async function raw(): Promise<number> {
  const from = wallNow();
  const child = spawn('/bin/sh', AGENT, { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return Number(said) / 1e6 - from;
}

/** From the start of a Node that does nothing to its end. */
async function bareNode(): Promise<number> {
  const from = performance.now();
  await new Promise((resolve) => spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }).on('close', resolve));
  return performance.now() - from;
}

/** Wall time with the resolution of the monotonic clock, ms. */
function wallNow(): number {
  return performance.timeOrigin + performance.now();
}

/** How long a guardian takes from the launch to its claim under one containment; beside it a Node that does nothing. */
async function ready(kind: Containment): Promise<void> {
  const containment = await containmentOf(kind);
  if (!containment) return;
  const contained = await RealRuns.create(undefined, containment);
  const claims: number[] = [];
  const bare: number[] = [];
  try {
    for (let time = 0; time < CLAIMS + 1; time++) {
      const bareMs = await bareNode();
      const from = performance.now();
      const run = contained.launch('/bin/sleep', ['60']);
      while (lookAtClaim(run.files).state !== 'there') await new Promise((resolve) => setTimeout(resolve, 1));
      const ms = performance.now() - from;
      const { guardian } = await run.started;
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (kind === 'search') memory.push(privateMegabytes(guardian?.pid as number));
      run.run.stop('user', 200);
      await run.ended;
      // The first is for caches.
      if (time === 0) continue;
      claims.push(ms);
      bare.push(bareMs);
    }
  } finally {
    contained.dispose();
  }
  figures.push({
    what: `guardian ready, from the launch to its claim: ${CONTAINED[kind]}`,
    value: median(claims),
    unit: 'ms',
    p99: percentile(claims, 99),
    goalRatio: kind === 'search' ? 1.4 : 1.6,
    baseline: { what: 'bare node -e 0', value: median(bare) },
  });
}

const runs = await RealRuns.create();
const figures: Figure[] = [];
const memory: number[] = [];
try {
  const rawTimes: number[] = [];
  const ourTimes: number[] = [];
  for (let time = 0; time < TIMES + 2; time++) {
    const rawMs = await raw();
    const from = wallNow();
    const ours = runs.launch('/bin/sh', AGENT);
    await ours.ended;
    const ourMs = Number(readFileSync(ours.files.stdout, 'utf8')) / 1e6 - from;
    // The first are for caches.
    if (time < 2) continue;
    rawTimes.push(rawMs);
    ourTimes.push(ourMs);
  }
  for (const kind of ['search', 'subreaper', 'cgroup'] as const) await ready(kind);
  const rawMs = median(rawTimes);
  figures.push(
    {
      ...{
        what: 'dispatch to first instruction, under a guardian',
        value: median(ourTimes),
        unit: 'ms',
        p99: percentile(ourTimes, 99),
      },
      baseline: { what: 'raw spawn', value: rawMs },
    },
    { what: 'private memory of a guardian', value: median(memory), unit: 'MB', goal: 15 },
  );
} finally {
  runs.dispose();
}
hand({ bench: 'Start', figures });
process.exit(0);
