import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toNano, toUsd } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { HostError, HostProcess } from '../chaos/hostProcess.ts';
import { installed } from '../support/installed.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { openBeside } from '../support/openBeside.ts';
import { Seeded } from '../support/seeded.ts';

// node test/scripts/handOver.ts --times 50 --seed 1: windows open, close and are killed at random moments while the
// headless host lives, and it is killed too. At the end each loop has run once and cost once, never did more run than
// the cap allows, and the day has cost no more than its limit. `longestGapMs`: how long slots stood empty before a
// queue, at most; a closed window is waited for for 10 s.
const { values } = parseArgs({
  options: { times: { type: 'string', default: '50' }, seed: { type: 'string', default: String(process.pid) } },
});
const TIMES = Number(values.times);
const LOOPS_EACH = 4;
const CAP = 3;
const COST_USD = 1;
// Less than all of them would cost: the last ones are refused.
const LIMIT_USD = Math.round(TIMES * LOOPS_EACH * 0.9) * COST_USD;
const AGENT = `#!/bin/sh
read -r seconds
sleep "$seconds"
echo '{"type":"result","subtype":"success","is_error":false,"total_cost_usd":${COST_USD},"result":"done"}'
`;
const random = new Seeded(Number(values.seed));
const prefix = `hand-over-${process.pid}-`;
const storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-hand-over-')));
const root = await installed();
const agents = { reporter: { extends: 'claude', command: join(storage, 'agent') } };
const settings = {
  ...{ maxConcurrent: CAP, maxQueueDepth: 100_000, defaultAgent: 'reporter' },
  budget: { ...DEFAULT_SETTINGS.budget, dailyLimit: toNano(LIMIT_USD) },
};
let most = 0;

writeFileSync(join(storage, 'agent'), AGENT, { mode: 0o700 });
mkdirSync(join(storage, 'headless'), { mode: 0o700 });
writeFileSync(join(storage, 'headless/trusted.json'), JSON.stringify([storage]));
const bounds = { maxConcurrent: CAP, maxQueueDepth: 100_000, 'budget.dailyLimitUsd': LIMIT_USD };
writeFileSync(
  join(storage, 'headless/window.json'),
  JSON.stringify({ version: '0.0.1', at: 0, settings: { ...bounds, agents, background: 'always' } }),
);

function startHost(): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'dist/host.cjs'), storage];
  return spawn(process.execPath, args, { stdio: 'ignore', detached: true });
}

async function openWindow(): Promise<HostProcess> {
  const window = new HostProcess({ storage, guardianProgram: join(root, 'dist/guardian.cjs'), settings, agents });
  await window.ready();
  return window;
}

let emptySince: number | undefined;
let longestGapMs = 0;
let window: HostProcess | undefined = await openWindow();
const database = openBeside(join(storage, 'supervisor.db'));
const queued = database.prepare("SELECT count(*) AS queued FROM loops WHERE state = 'queued'");

function look(): void {
  const alive = markedProcesses(prefix).filter(stillLives);
  most = Math.max(most, new Set(alive.map(({ attempt }) => attempt)).size);
  const isEmpty = alive.length === 0 && (queued.get() as { queued: number }).queued > 0;
  const now = performance.now();
  emptySince = isEmpty ? (emptySince ?? now) : undefined;
  if (emptySince !== undefined) longestGapMs = Math.max(longestGapMs, Math.round(now - emptySince));
}

async function pause(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    look();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

let host = startHost();
let next = 0;
const submitted: string[] = [];
const done = { opened: 0, killed: 0, closed: 0, hostKilled: 0, refused: 0 };
for (let n = 0; n < TIMES; n++) {
  while (next < (n + 1) * LOOPS_EACH) {
    const loopId = `${prefix}${next++}`;
    try {
      await window.ask({ do: 'submit', loopId, prompt: String(random.between(2, 30) / 10) });
      submitted.push(loopId);
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'budget-exceeded') throw error;
      done.refused++;
    }
  }
  await pause(random.between(0, 4_000));
  const end = random.chance(0.5) ? 'killed' : 'closed';
  if (end === 'killed') await window.kill();
  else await window.release();
  done[end]++;
  await pause(random.between(0, 14_000));
  // While it is alone with the loops, too: what it has started then belongs to nobody.
  for (let kills = random.between(0, 2); kills > 0; kills--) {
    host.kill('SIGKILL');
    done.hostKilled++;
    host = startHost();
    await pause(random.between(0, 8_000));
  }
  window = await openWindow();
  done.opened++;
  if (done.opened % 10 === 0) console.log(JSON.stringify({ ...done, loops: submitted.length, most, longestGapMs }));
}
const store = openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => undefined });
const latest = () => Promise.all(submitted.map((id) => store.latest(id)));
let loops = await latest();
while (!loops.every((loop) => loop?.state === 'completed' || loop?.state === 'failed')) {
  await pause(1_000);
  loops = await latest();
}
const attempts = await Promise.all(loops.map((loop) => store.attempts(loop?.seq ?? 0)));
const wrong = loops.flatMap((loop, at) => {
  // One whose host was killed before it launched it has not run.
  const ran = attempts[at]?.filter(({ end }) => end?.outcome !== 'interrupted');
  const ends = ran?.map(({ end }) => `${end?.outcome}: ${end?.reason}`) ?? [];
  const isRight = loop?.state === 'completed' && ends.length === 1 && loop.cost === toNano(COST_USD);
  return isRight ? [] : [`${submitted[at]} ${loop?.state} ${loop?.cost} ${ends.join(', ')}`];
});
const spent = (await store.spend('0000-00-00')).reduce((sum, { cost }) => sum + cost, 0);
if (spent !== toNano(submitted.length * COST_USD))
  wrong.push(`${submitted.length} loops have cost ${toUsd(spent)} USD`);
if (most > CAP) wrong.push(`${most} ran at once, and the cap is ${CAP}`);
if (toUsd(spent) > LIMIT_USD) wrong.push(`${toUsd(spent)} USD are above the limit of ${LIMIT_USD}`);
const facts = {
  seed: values.seed,
  ...done,
  loops: loops.length,
  most,
  cap: CAP,
  spent: toUsd(spent),
  limit: LIMIT_USD,
};
console.log(JSON.stringify({ ...facts, longestGapMs, wrong }, undefined, 1));
store.close();
database.close();
await window.kill();
host.kill('SIGKILL');
endMarked(prefix);
rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = wrong.length === 0 ? 0 : 1;
process.exit();
