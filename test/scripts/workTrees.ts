import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Settings } from '../../src/core/model/settings.ts';
import type { Status } from '../../src/core/model/status.ts';
import { HostProcess } from '../chaos/hostProcess.ts';
import { ChaosRepository } from '../chaos/repository.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { smallDisk } from '../support/smallDisk.ts';

/**
 * `node test/scripts/workTrees.ts --loops 200`: so many loops in work trees of their own, a window that is killed in
 * the middle, a second one that goes on, then *Clean Up* and *Clear Finished Loops*: nothing may be left, and no work
 * lost.
 */
const { values } = parseArgs({ options: { loops: { type: 'string', default: '200' } } });
const loops = Number(values.loops);
const prefix = `trees-${process.pid}-`;
const settings: Partial<Settings> = { maxConcurrent: 4, maxQueueDepth: loops };
const say = (line: string) => process.stdout.write(`${line}\n`);
const fileOf = (loopId: string) => `${loopId}.txt`;

const disk = smallDisk('loop-supervisor-trees-');
const repository = new ChaosRepository(disk.folder);
const ids = Array.from({ length: loops }, (_, n) => `${prefix}${n}`);

async function open(): Promise<HostProcess> {
  const guardianProgram = await bundledGuardian();
  const host = new HostProcess({ storage: disk.folder, repository: repository.root, guardianProgram, settings });
  await host.ready();
  return host;
}

/** Until at most `left` loops have not ended. */
async function untilLeft(host: HostProcess, left: number): Promise<void> {
  for (;;) {
    const { running, preparing, queued, backingOff, waiting } = await host.ask<Status>({ do: 'status' });
    const live = [running, preparing, queued, backingOff, waiting].reduce((sum, list) => sum + list.length, 0);
    if (live <= left) return;
    if (waiting.length > 0) throw new Error(`a loop waits: ${JSON.stringify(waiting)}`);
    await sleep(200);
  }
}

let host = await open();
try {
  for (const loopId of ids) {
    const prompt = JSON.stringify({ steps: 2, stepMs: 20, cost: 1, child: false, file: fileOf(loopId) });
    await host.ask({ do: 'submit', loopId, prompt, isIsolated: true });
  }
  await untilLeft(host, Math.floor(loops / 2));
  await host.kill();
  say(`killed the window with about ${Math.floor(loops / 2)} loops to go`);
  host = await open();
  await untilLeft(host, 0);
  const states = await Promise.all(ids.map((loopId) => host.ask<string>({ do: 'state', loopId })));
  const others = states.filter((state) => state !== 'completed');
  const branches = await host.ask<string[]>({ do: 'cleanUp' });
  const violations = repository.violations(ids.map(fileOf));
  await host.ask({ do: 'clearFinished' });
  violations.push(...repository.leftSnapshots().map((name) => `snapshots were left: ${name}`));
  violations.push(...others.map((state) => `a loop ended as ${state}`));
  say(JSON.stringify({ loops, branches: branches.length, violations }, null, 2));
  process.exitCode = violations.length === 0 && branches.length === loops ? 0 : 1;
} finally {
  await host.kill();
  repository.dispose();
  disk.dispose();
}
