import assert from 'node:assert/strict';
import { Cluster } from '../support/postgres/cluster.ts';
import { runFaults } from './postgresFaults.ts';

const FAULTS = 40;

describe('store on PostgreSQL: faults of connections and server', () => {
  let cluster: Cluster | undefined;
  before(async function () {
    cluster = await Cluster.start({ parameters: ['max_connections=20'] });
    if (!cluster) this.skip();
  });
  after(() => cluster?.stop());

  it(`R16.2 R9.4 nothing is lost or written twice over ${FAULTS} of them, and the cap holds`, async () => {
    const seed = Number(process.env['LOOP_TEST_SEED'] ?? 20_261_130);
    const { violations, writes, faults } = await runFaults({ cluster: cluster as Cluster, seed, faults: FAULTS });
    assert.deepEqual(violations.slice(0, 10), [], `seed ${seed}, ${JSON.stringify(faults)}`);
    assert.ok(writes > FAULTS, `${writes} writes`);
  });
});
