import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostProcess } from '../chaos/hostProcess.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import type { ListedRun } from '../support/plainHost.ts';
import { BareNode, LOOK_AT_DATABASE, LOOK_AT_FILES, LOOK_FOR_ORDERS } from './support/bareNode.ts';
import { type Figure, hand } from './support/figures.ts';
import { cpuMsOf } from './support/processCpu.ts';

/**
 * What an idle window costs, with no loops and with four that are quiet, compared with bare Nodes that only look at the
 * same things as often, at the same time.
 */
const SECONDS = 12;
const guardianProgram = await bundledGuardian();
const agentProgram = fileURLToPath(new URL('support/quietAgent.mjs', import.meta.url));

/** CPU, % of a core. */
interface Idle {
  readonly host: number;
  readonly bareHost: number;
  readonly guardians: number;
  readonly bareGuardians: number;
}

async function idleWith(runs: number): Promise<Idle> {
  const storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-idle-'));
  const host = new HostProcess({
    storage,
    guardianProgram,
    agentProgram,
    settings: { maxConcurrent: 4, killGraceMs: 200 },
  });
  const bareHost = new BareNode(runs > 0 ? LOOK_AT_DATABASE + LOOK_AT_FILES(2 * runs) : LOOK_AT_DATABASE);
  const bareGuardians = Array.from({ length: runs }, () => new BareNode(LOOK_FOR_ORDERS));
  try {
    await host.ready();
    for (let n = 0; n < runs; n++) await host.ask({ do: 'submit', loopId: `quiet${n}`, prompt: 'be quiet' });
    let listed: ListedRun[] = [];
    while (listed.filter(({ guardian }) => guardian).length < runs) {
      listed = await host.ask<ListedRun[]>({ do: 'list' });
      await pause(100);
    }
    await pause(3_000);
    const guardians = listed.map(({ guardian }) => guardian?.pid as number);
    const used = () => [
      cpuMsOf(host.child.pid as number),
      bareHost.cpuMs,
      guardians.reduce((sum, pid) => sum + cpuMsOf(pid), 0),
      bareGuardians.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    ];
    const before = used();
    await pause(SECONDS * 1_000);
    const [hostMs = 0, bareHostMs = 0, guardiansMs = 0, bareGuardiansMs = 0] = used().map(
      (ms, index) => ms - (before[index] ?? 0),
    );
    for (let n = 0; n < runs; n++) await host.ask({ do: 'kill', loopId: `quiet${n}` });
    while (runs > 0 && (await host.ask<ListedRun[]>({ do: 'list' })).length > 0) await pause(50);
    const percent = (ms: number) => ms / SECONDS / 10;
    return {
      host: percent(hostMs),
      bareHost: percent(bareHostMs),
      guardians: percent(guardiansMs),
      bareGuardians: percent(bareGuardiansMs),
    };
  } finally {
    for (const node of [bareHost, ...bareGuardians]) node.dispose();
    await host.kill();
    rmSync(storage, { recursive: true, force: true, maxRetries: 3 });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const none = await idleWith(0);
const four = await idleWith(4);
const figures: Figure[] = [
  {
    ...{ what: 'CPU of a window without loops', value: none.host, unit: '% of a core', goalRatio: 4 },
    baseline: { what: 'a Node that looks at a database as often', value: none.bareHost },
  },
  {
    ...{ what: 'CPU of a window with 4 quiet runs', value: four.host, unit: '% of a core', goalRatio: 4 },
    baseline: { what: 'a Node that looks at a database and 8 files as often', value: four.bareHost },
  },
  {
    ...{ what: 'CPU of the 4 guardians together', value: four.guardians, unit: '% of a core', goalRatio: 6 },
    baseline: { what: '4 Nodes that look at a file as often', value: four.bareGuardians },
  },
];
hand({ bench: 'Idle', figures });
process.exit(0);
