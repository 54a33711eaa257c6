import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { installed } from '../support/installed.ts';
import { markedProcesses, stillLives } from '../support/markedProcesses.ts';

// node test/scripts/handOver.ts --times 50: windows open, close and are killed at random moments while the headless
// host lives, and it is killed too. At the end each loop has run once, and never did more run than the cap allows.
const { values } = parseArgs({ options: { times: { type: 'string', default: '50' } } });
const TIMES = Number(values.times);
const CAP = 3;
const REPORTER = fileURLToPath(new URL('../fixtures/programs/reporter.mjs', import.meta.url));
const prefix = `hand-over-${process.pid}-`;
const storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-hand-over-')));
const root = await installed();
const settings = { maxConcurrent: CAP, maxQueueDepth: 100_000 };
let most = 0;

mkdirSync(join(storage, 'headless'), { mode: 0o700 });
writeFileSync(join(storage, 'headless/trusted.json'), JSON.stringify([storage]));
const agents = { reporter: { command: process.execPath, args: [REPORTER] } };
writeFileSync(
  join(storage, 'headless/window.json'),
  JSON.stringify({ version: '0.0.1', at: 0, settings: { ...settings, agents, background: 'always' } }),
);

function startHost(): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'dist/host.cjs'), storage];
  return spawn(process.execPath, args, { stdio: 'ignore', detached: true });
}

async function openWindow(): Promise<HostProcess> {
  const window = new HostProcess({ storage, guardianProgram: join(root, 'dist/guardian.cjs'), settings });
  await window.ready();
  return window;
}

async function pause(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const alive = markedProcesses(prefix).filter(stillLives);
    most = Math.max(most, new Set(alive.map(({ attempt }) => attempt)).size);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

let window: HostProcess | undefined = await openWindow();
let host = startHost();
let submitted = 0;
const done = { opened: 0, killed: 0, closed: 0, hostKilled: 0 };
for (let n = 0; n < TIMES; n++) {
  if (window) {
    while (submitted < (n + 1) * 4) {
      const prompt = JSON.stringify({ steps: 8, stepMs: 200, cost: 1_000, child: false });
      await window.ask({ do: 'submit', loopId: `${prefix}${submitted++}`, prompt });
    }
    await pause(Math.random() * 4_000);
    const end = Math.random() < 0.5 ? 'killed' : 'closed';
    if (end === 'killed') await window.kill();
    else await window.release();
    done[end]++;
    window = undefined;
    await pause(Math.random() * 14_000);
  }
  // While it is alone with the loops, too: what it has started then belongs to nobody.
  for (let kills = Math.floor(Math.random() * 3); kills > 0; kills--) {
    host.kill('SIGKILL');
    done.hostKilled++;
    host = startHost();
    await pause(Math.random() * 8_000);
  }
  window = await openWindow();
  done.opened++;
  await pause(Math.random() * 2_000);
}
const store = openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => undefined });
const ids = Array.from({ length: submitted }, (_, n) => `${prefix}${n}`);
let loops = await Promise.all(ids.map((id) => store.latest(id)));
while (!loops.every((loop) => loop?.state === 'completed' || loop?.state === 'failed')) {
  await pause(1_000);
  loops = await Promise.all(ids.map((id) => store.latest(id)));
}
const attempts = await Promise.all(loops.map((loop) => store.attempts(loop?.seq ?? 0)));
const wrong = loops.flatMap((loop, at) => {
  // One whose host was killed before it launched it has not run.
  const ran = attempts[at]?.filter(({ end }) => end?.outcome !== 'interrupted');
  const ends = ran?.map(({ end }) => `${end?.outcome}: ${end?.reason}`) ?? [];
  return loop?.state === 'completed' && ends.length === 1 ? [] : [`${loop?.loopId} ${loop?.state} ${ends.join(', ')}`];
});
console.log(JSON.stringify({ ...done, loops: submitted, most, cap: CAP, wrong }, undefined, 1));
store.close();
await window?.kill();
host.kill('SIGKILL');
for (const left of markedProcesses(prefix)) if (stillLives(left)) process.kill(left.pid, 'SIGKILL');
rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = wrong.length === 0 && most <= CAP ? 0 : 1;
process.exit();
