import { parseArgs } from 'node:util';
import type { Containment } from '../../src/core/model/containment.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { runChaos } from './chaos.ts';
import { runMachines } from './machines.ts';

/**
 * `npm run chaos -- --faults 1000 --seed 1`: the durability test at length; with `--postgres` on PostgreSQL, whose
 * server is hit too, and with `--machines` over three machines on it; with `--containment subreaper` (or `cgroup`,
 * `search`) under that alone.
 */
const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    containment: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    machines: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const containment = values.containment as Containment | undefined;
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`chaos with seed ${seed}`);
const cluster = values.postgres || values.machines ? await Cluster.start() : undefined;
if (values.machines && !cluster) throw new Error('PostgreSQL is not installed.');
const options = { seed, faults: Number(values.faults), guardianProgram: await bundledGuardian(), say };
const result =
  values.machines && cluster
    ? await runMachines({ ...options, cluster, hasLongRuns: true })
    : await runChaos({ ...options, containment, cluster, hasWorkTrees: true, headless: 'leftAlone' });
await cluster?.stop();
say(JSON.stringify(result, null, 2));
process.exitCode = result.violations.length === 0 ? 0 : 1;
