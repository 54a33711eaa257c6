import assert from 'node:assert/strict';
import { GONE, there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { leaseSpans } from '../../src/core/policy/machineLease.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts';
import { instantLauncher } from '../bench/support/instantLauncher.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { until } from '../support/until.ts';
import { systemClock } from './support.ts';

const HOUR = 3_600_000;
const SPANS = leaseSpans(DEFAULT_SETTINGS);
const NOON = Date.UTC(2026, 0, 15, 12);

/** A real server whose clock a test sets, and hosts whose own clocks are hours off. */
describe('store on PostgreSQL: clocks that are hours off', () => {
  const cluster = sharedCluster();
  let address = '';
  const stores: PostgresStore[] = [];
  const supervisors: Supervisor[] = [];
  before(async function () {
    if (!(await cluster())) this.skip();
  });
  beforeEach(async () => {
    address = (await cluster())?.address() ?? '';
  });
  afterEach(() => {
    for (const supervisor of supervisors.splice(0)) supervisor.dispose();
    for (const store of stores.splice(0)) store.close();
  });

  const sql = async (text: string) => (await cluster())?.sql(text);
  /** What the server takes for the time: our schema comes before the system's in the search path. */
  const serverIs = (at: number) => {
    const { schema } = parseAddress(address);
    return sql(`CREATE SCHEMA IF NOT EXISTS ${schema};
      CREATE OR REPLACE FUNCTION ${schema}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        AS 'SELECT pg_catalog.to_timestamp(${at / 1_000})'`);
  };
  /** A host whose own clock stands still, that far from noon. */
  const open = async (offset: number, logged: string[] = []): Promise<PostgresStore> => {
    const clock: Clock = { ...systemClock, now: () => NOON + offset };
    const log = (message: string) => void logged.push(message);
    const store = await openPostgresStore({ address, clock, log, password: async () => undefined });
    stores.push(store);
    return store;
  };
  const supervise = async (store: PostgresStore, id: string, bootNow: () => number): Promise<Supervisor> => {
    const launcher = instantLauncher();
    launcher.hold = true;
    const supervisor = new Supervisor({
      ...{
        store,
        launcher,
        clock: store.clock,
        agents: fakeCatalog(fakeProfile('sample')),
        settings: DEFAULT_SETTINGS,
      },
      inspector: { self: { pid: 1, startTime: id, bootId: id }, look: () => GONE },
      folders: { look: () => there(undefined) },
      window: { id: `window of ${id}`, folders: ['/'], home: '/' },
      machine: { id, name: id, bootNow, allowUntil: () => {} },
      ...{ log: () => {}, random: () => 0.5, newId: () => id },
    });
    supervisors.push(supervisor);
    await supervisor.start();
    return supervisor;
  };

  it('R16.2 the time is the same for all hosts: the server says it, also where its clock is the wrong one', async () => {
    await serverIs(NOON - 24 * HOUR);
    const logged: string[] = [];
    const hosts = [await open(5 * HOUR, logged), await open(-3 * HOUR), await open(0)];
    const times = () => hosts.map(({ clock }) => clock.now());
    assert.deepEqual(times(), Array(3).fill(NOON - 24 * HOUR));
    assert.deepEqual(
      hosts.map(({ clock }) => clock.day(clock.now())),
      Array(3).fill('2026-01-14'),
    );
    assert.match(
      logged.join(),
      /^The clock of the store's server is 104400 s behind this machine's\. Times are the server's/,
    );
    // It is set right while they are connected.
    await serverIs(NOON);
    await Promise.all(hosts.map((host) => host.write(() => undefined)));
    assert.deepEqual(times(), Array(3).fill(NOON));
  });

  for (const offset of [5 * HOUR, -9 * HOUR])
    it(`R16.2 R16.3 R4.5 a lease lapses at its time for a host whose clock is ${offset / HOUR} h off, and not before`, async () => {
      await serverIs(NOON);
      const gone = await open(-2 * HOUR);
      const first = await supervise(gone, 'one', () => 0);
      await first.submit({ prompt: 'work', agent: 'sample', loopId: 'a', cwd: '/' });
      assert.equal(first.live()[0]?.loop.state, 'running');
      first.dispose();
      gone.close();

      // The other one sees the last renewal a moment before it lapses; from then on its clock since the boot counts.
      await serverIs(NOON + SPANS.lapsesAfterMs - 1_000);
      let boot = 77;
      const second = await supervise(await open(offset), 'two', () => boot);
      const state = () => second.live()[0]?.loop.state;
      assert.equal(state(), 'running');
      boot += 1_000;
      await until('the lapse', () => state() === 'waiting');
      const [waiting] = second.status().waiting;
      assert.match(waiting?.reason ?? '', /one, where it ran, has not been heard from/);
    });
});
