import assert from 'node:assert/strict';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { Cluster } from '../support/postgres/cluster.ts';
import { runMachines } from './machines.ts';

const FAULTS = 40;

describe('Three machines on one store', () => {
  let cluster: Cluster | undefined;
  before(async function () {
    cluster = await Cluster.start();
    if (!cluster) this.skip();
  });
  after(() => cluster?.stop());

  it(`R16.3 R3.1 R6.6 nothing is lost or done twice over ${FAULTS} kills, partitions, sleeps and restarts`, async () => {
    const seed = Number(process.env['LOOP_TEST_SEED'] ?? 20_261_130);
    const guardianProgram = await bundledGuardian();
    const result = await runMachines({ seed, faults: FAULTS, guardianProgram, cluster: cluster as Cluster });
    assert.deepEqual(result.violations, [], `seed ${seed}, ${JSON.stringify(result.faults)}`);
    assert.ok(result.ledger > 0 && result.takenOver >= 0);
  });
});
