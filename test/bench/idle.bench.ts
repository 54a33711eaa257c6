import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostProcess } from '../chaos/hostProcess.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { type Figure, hand } from './support/figures.ts';
import { cpuMsOf } from './support/processCpu.ts';

/** What an idle window costs: with no loops, and with four that are quiet. */
const SECONDS = 12;
const guardianProgram = await bundledGuardian();
const agentProgram = fileURLToPath(new URL('support/quietAgent.mjs', import.meta.url));

async function percentOf(runs: number): Promise<{ readonly host: number; readonly guardians: number }> {
  const storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-idle-'));
  const host = new HostProcess({
    storage,
    guardianProgram,
    agentProgram,
    settings: { maxConcurrent: 4, killGraceMs: 200 },
  });
  try {
    await host.ready();
    for (let n = 0; n < runs; n++) await host.ask({ do: 'submit', loopId: `quiet${n}`, prompt: 'be quiet' });
    let listed: ListedRun[] = [];
    while (listed.filter(({ guardian }) => guardian).length < runs) {
      listed = await host.ask<ListedRun[]>({ do: 'list' });
      await pause(100);
    }
    await pause(3_000);
    const pids = listed.map(({ guardian }) => guardian?.pid as number);
    const before = [cpuMsOf(host.child.pid as number), pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)] as const;
    await pause(SECONDS * 1_000);
    const hostMs = cpuMsOf(host.child.pid as number) - before[0];
    const guardianMs = pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0) - before[1];
    for (let n = 0; n < runs; n++) await host.ask({ do: 'kill', loopId: `quiet${n}` });
    while (runs > 0 && (await host.ask<ListedRun[]>({ do: 'list' })).length > 0) await pause(50);
    return { host: hostMs / SECONDS / 10, guardians: guardianMs / SECONDS / 10 };
  } finally {
    await host.kill();
    rmSync(storage, { recursive: true, force: true, maxRetries: 3 });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const none = await percentOf(0);
const four = await percentOf(4);
const figures: Figure[] = [
  { what: 'CPU of a window without loops', value: none.host, unit: '% of a core', goal: 0.1 },
  { what: 'CPU of a window with 4 quiet runs', value: four.host, unit: '% of a core', goal: 0.5 },
  { what: 'CPU of the 4 guardians together', value: four.guardians, unit: '% of a core' },
];
hand({ bench: 'Idle', figures });
process.exit(0);
