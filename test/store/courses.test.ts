import { courseOf, play } from '../support/model/play.ts';
import { PostgresMachines } from '../support/model/postgresMachines.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';

/** Courses that fail where a unit of work takes no lock, does not read what others changed, or delivers it twice. */
const SEEDS = [4, 10];

/** More by hand: `npm run model -- --postgres --runs 300 --steps 60`. */
describe('the supervisor on PostgreSQL under any course of events', () => {
  const cluster = sharedCluster();
  let machines: PostgresMachines;
  before(async function () {
    const server = await cluster();
    if (!server) this.skip();
    machines = await PostgresMachines.on(server);
  });
  after(() => machines?.dispose());

  it('R16.2 keeps cap, order, depth, budget, holds and history over courses of commands in up to three windows', async () => {
    for (const seed of SEEDS) await play(courseOf(seed, 40), machines.machine);
  });
});
