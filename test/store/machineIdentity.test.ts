import assert from 'node:assert/strict';
import { GONE, there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { leaseSpans } from '../../src/core/policy/machineLease.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { thisMachine } from '../../src/process/environment/thisMachine.ts';
import { lookByScope, type ProcessScope } from '../../src/process/tables/processScope.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts';
import { instantLauncher } from '../bench/support/instantLauncher.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { stays, until } from '../support/until.ts';
import { systemClock } from './support.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const SPANS = leaseSpans(DEFAULT_SETTINGS);
/** Where the storage of all these machines lies. */
const FOLDER = '/home/ada/storage';
const LAPTOP: ProcessScope = { machine: 'laptop', bootId: 'monday', namespace: '1-0' };

/** Which machine a host is on, as a store that several machines share knows it; on a real server. */
describe('store on PostgreSQL: the identity of a machine', () => {
  const cluster = sharedCluster();
  let address = '';
  /** Time since the boot of all machines, ms. */
  let sinceBoot: number;
  const stores: PostgresStore[] = [];
  const supervisors: Supervisor[] = [];
  before(async function () {
    if (!(await cluster())) this.skip();
  });
  beforeEach(async () => {
    address = (await cluster())?.address() ?? '';
    sinceBoot = 0;
    await serverIs(NOON);
  });
  afterEach(() => {
    for (const supervisor of supervisors.splice(0)) supervisor.dispose();
    for (const store of stores.splice(0)) store.close();
  });

  /** What the server takes for the time: our schema comes before the system's in the search path. */
  async function serverIs(at: number): Promise<void> {
    const { schema } = parseAddress(address);
    await (await cluster())?.sql(`CREATE SCHEMA IF NOT EXISTS ${schema};
      CREATE OR REPLACE FUNCTION ${schema}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        AS 'SELECT pg_catalog.to_timestamp(${at / 1_000})'`);
  }

  let hosts = 0;
  /** A window on a machine of that scope, whose own clock stands still. */
  async function host(scope: ProcessScope) {
    const id = `window-${++hosts}`;
    const clock: Clock = { ...systemClock, now: () => NOON };
    const store = await openPostgresStore({ address, clock, log: () => {}, password: async () => undefined });
    stores.push(store);
    const launcher = instantLauncher();
    launcher.hold = true;
    const [launched, adopted]: [string[], string[]] = [[], []];
    const { launch, adopt } = launcher;
    launcher.launch = (request, observer) => {
      launched.push(request.loopId);
      return launch(request, observer);
    };
    launcher.adopt = (...run) => {
      adopted.push(run[0].token);
      return adopt(...run);
    };
    const machine = thisMachine({
      ...{ folder: FOLDER, name: scope.machine ?? '', scope, leaseFile: '/dev/null/lease.json', log: () => {} },
    });
    const supervisor = new Supervisor({
      ...{ store, launcher, clock: store.clock, settings: DEFAULT_SETTINGS },
      agents: fakeCatalog(fakeProfile('sample')),
      // No process of these machines is looked for: where it was started says all that can be said.
      inspector: {
        self: { pid: 1, startTime: id, ...scope },
        look: (process) => lookByScope(process, scope) ?? (isOpen.has(process.startTime) ? there(process) : GONE),
      },
      folders: { look: () => there(undefined) },
      window: { id, folders: ['/'], home: '/' },
      machine: { ...machine, bootNow: () => sinceBoot, allowUntil: () => {} },
      ...{ log: () => {}, random: () => 0.5, newId: () => `${id}-${launched.length}` },
    });
    supervisors.push(supervisor);
    isOpen.add(id);
    const crash = () => {
      isOpen.delete(id);
      supervisor.dispose();
      store.close();
    };
    return { supervisor, machine, launched, adopted, crash };
  }
  const isOpen = new Set<string>();

  const submit = ({ supervisor }: Awaited<ReturnType<typeof host>>, loopId = 'a') =>
    supervisor.submit({ prompt: 'work', agent: 'sample', loopId, cwd: '/' });
  const stateOf = ({ supervisor }: Awaited<ReturnType<typeof host>>) => supervisor.live()[0]?.loop.state;

  it('R16.5 of two machines from one disk image the second starts nothing and says so; the first goes on', async () => {
    const first = await host(LAPTOP);
    await first.supervisor.start();
    await submit(first);
    const second = await host({ ...LAPTOP, bootId: 'tuesday' });
    assert.equal(second.machine.id, first.machine.id);
    let refusal: Error | undefined;
    second.supervisor.start().catch((error: Error) => {
      refusal = error;
    });
    let now = NOON;
    await until('the second to be refused', async () => {
      now += SPANS.renewMs;
      await serverIs(now);
      // Whatever it does renews its lease first, where that is due.
      await first.supervisor.pause();
      await first.supervisor.resume();
      return refusal;
    });
    assert.match(
      String(refusal),
      /Another machine with the same identity .+ Set loopSupervisor\.storeFolder to another folder/,
    );
    assert.deepEqual([second.launched, second.adopted], [[], []]);
    assert.deepEqual([first.launched, stateOf(first), first.supervisor.windowCount], [['a'], 'running', 1]);
  });

  it('R16.5 R3.1 a machine that was restarted makes sure that nobody renews its lease, then takes its runs back', async () => {
    const before = await host(LAPTOP);
    await before.supervisor.start();
    await submit(before);
    before.crash();
    const after = await host({ ...LAPTOP, bootId: 'tuesday' });
    let isStarted = false;
    const start = after.supervisor.start().then(() => {
      isStarted = true;
    });
    await stays(() => assert.equal(isStarted, false), 600);
    await serverIs(NOON + 2 * SPANS.renewMs + 5_000);
    await start;
    assert.equal(after.supervisor.windowCount, 1);
    await until('its run to be taken back', () => after.adopted.length === 1);
    assert.deepEqual([stateOf(after), after.launched], ['running', []]);
  });

  it('R16.5 a container that was built anew is another machine: its runs wait, and can be taken there', async () => {
    const before = await host({ ...LAPTOP, machine: 'container-1', namespace: '7-1' });
    await before.supervisor.start();
    await submit(before);
    before.crash();
    const after = await host({ ...LAPTOP, machine: 'container-2', namespace: '8-1' });
    await after.supervisor.start();
    assert.notEqual(after.machine.id, before.machine.id);
    assert.deepEqual([stateOf(after), after.launched, after.adopted], ['running', [], []]);
    sinceBoot += SPANS.lapsesAfterMs;
    await until('the lease of the old one to lapse', () => stateOf(after) === 'waiting');
    await after.supervisor.treatAsEnded('a');
    assert.deepEqual([stateOf(after), after.launched], ['queued', []]);
    await after.supervisor.takeOver('a');
    await until('it to start', () => after.launched.includes('a'));
  });

  it('R16.5 machines that share a home folder are two: neither touches what the other runs', async () => {
    const one = await host(LAPTOP);
    const two = await host({ machine: 'desktop', bootId: 'tuesday', namespace: '1-0' });
    await one.supervisor.start();
    await two.supervisor.start();
    assert.notEqual(one.machine.id, two.machine.id);
    await submit(one);
    await until('the other to hear of it', () => stateOf(two) === 'running');
    one.crash();
    await stays(() => assert.deepEqual([stateOf(two), two.launched, two.adopted], ['running', [], []]), 300);
    assert.match(
      lookByScope({ pid: 1, startTime: '', ...LAPTOP }, { bootId: 'b', machine: 'desktop' })?.state ?? '',
      /unknown/,
    );
  });
});
