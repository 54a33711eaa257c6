import { parseArgs } from 'node:util';
import { harness } from '../support/harness.ts';
import { courseOf, type Machines, play, smallest } from '../support/model/play.ts';
import { PostgresMachines } from '../support/model/postgresMachines.ts';
import { Cluster } from '../support/postgres/cluster.ts';

/**
 * `npm run model -- --runs 10000 --steps 100 --seed 1`: plays courses of commands in up to three windows, one after the
 * other, and prints those that break a rule, made small. Course `n` has the seed `seed + n`. With `--postgres` the
 * windows share a real PostgreSQL.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    steps: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    postgres: { type: 'boolean', default: false },
  },
});
const [runs, steps, seed] = [Number(values.runs), Number(values.steps), Number(values.seed)];
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Returns how many of the courses broke a rule. */
async function playAll(machine: Machines): Promise<number> {
  let broken = 0;
  for (let run = 0; run < runs; run++) {
    const course = courseOf(seed + run, steps);
    try {
      await play(course, machine);
    } catch (error) {
      broken++;
      say(`seed ${seed + run}: ${error instanceof Error ? error.message : String(error)}`);
      for (const command of await smallest(course, error, machine)) say(`  ${JSON.stringify(command)}`);
    }
    if ((run + 1) % (values.postgres ? 50 : 500) === 0)
      say(`${run + 1} courses of ${steps} commands, ${broken} broke a rule`);
  }
  return broken;
}

if (values.postgres) {
  const cluster = await Cluster.start();
  if (!cluster) throw new Error('PostgreSQL is not installed: its server and initdb were not found.');
  try {
    const machines = await PostgresMachines.on(cluster);
    process.exitCode = (await playAll(machines.machine)) === 0 ? 0 : 1;
    await machines.dispose();
  } finally {
    await cluster.stop();
  }
} else process.exitCode = (await playAll(harness)) === 0 ? 0 : 1;
