import { parseArgs } from 'node:util';
import { runFaults } from '../store/postgresFaults.ts';
import { Cluster } from '../support/postgres/cluster.ts';

// node test/scripts/postgresFaults.ts --faults 1000 --seed 1: the fault test of the PostgreSQL store at length.
const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const cluster = await Cluster.start({ parameters: ['max_connections=20'] });
if (!cluster) throw new Error('PostgreSQL is not installed.');
try {
  console.log(`seed ${values.seed}`);
  const faults = Number(values.faults);
  const result = await runFaults({ cluster, seed: Number(values.seed), faults, say: console.log });
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = result.violations.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}
