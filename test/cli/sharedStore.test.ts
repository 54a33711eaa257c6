import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/exitCodes.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { systemClock as clock } from '../../src/core/runtime/systemClock.ts';
import { HostConfig } from '../../src/headless/hostConfig.ts';
import { TrustedFolders } from '../../src/headless/trustedFolders.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { SupervisorHost } from '../../src/ui/window/supervisorHost.ts';
import type { Cluster } from '../support/postgres/cluster.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { CallHarness } from './support.ts';

/** A shared store that cannot be used: how it comes to that, what is then said, and how it ends. */
interface Trouble {
  readonly what: string;
  readonly says: RegExp;
  /** Returns another address, if that is what is wrong. */
  begin(cluster: Cluster, address: string): Promise<string | undefined>;
  end?(cluster: Cluster, address: string): Promise<unknown>;
}

const schemaOf = (address: string) => parseAddress(address).schema;
const asRole = (address: string, role: string) => address.replace('//tester@', `//${role}@`);

const TROUBLES: readonly Trouble[] = [
  {
    what: 'a wrong password',
    says: /The server of the store at locked@.+ refused the login.+Enter the password with .+ or in ~\/\.pgpass/,
    begin: async (cluster, address) => {
      await cluster.sql("CREATE ROLE locked LOGIN PASSWORD 'right'");
      const file = join(cluster.folder, 'passwords');
      writeFileSync(file, '*:*:*:locked:wrong\n', { mode: 0o600 });
      process.env['PGPASSFILE'] = file;
      return asRole(address, 'locked');
    },
    end: async () => delete process.env['PGPASSFILE'],
  },
  {
    what: 'a server that cannot be reached',
    says: /The store at tester@.+ cannot be reached.+Running loops go on\. Writes wait and will land when it is back/,
    begin: async (cluster) => void (await cluster.end('fast')),
    end: (cluster) => cluster.begin(),
  },
  {
    what: 'a server that is too old',
    says: /The server of the store at old@.+ is PostgreSQL 14\. Loop Supervisor needs 15 or later/,
    begin: async (cluster, address) => {
      // What this role is told of the version comes before what the system says.
      await cluster.sql(`CREATE ROLE old LOGIN; CREATE SCHEMA older; GRANT USAGE ON SCHEMA older TO old;
        CREATE FUNCTION older.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '140011' $$;
        ALTER ROLE old SET search_path = older, pg_catalog`);
      return asRole(address, 'old');
    },
  },
  {
    what: 'a schema of a newer version',
    says: /The store at tester@.+ belongs to a newer version.+Update the extension/,
    begin: async (cluster, address) =>
      void (await cluster.sql(`UPDATE ${schemaOf(address)}.head SET version = version + 1`)),
    end: (cluster, address) => cluster.sql(`UPDATE ${schemaOf(address)}.head SET version = version - 1`),
  },
  {
    what: 'a read-only replica',
    says: /The store at tester@.+ is a read-only replica\. Use the address of the primary server/,
    begin: async (cluster) => void (await cluster.becomeReplica(true)),
    end: (cluster) => cluster.becomeReplica(false),
  },
];

describe('a shared store that cannot be used, as `loops` and a window say it', () => {
  const shared = sharedCluster();
  let cluster: Cluster;
  let address: string;
  let harness: CallHarness;
  before(async function () {
    const started = await shared();
    if (!started) this.skip();
    cluster = started;
  });
  beforeEach(async () => {
    address = cluster.address();
    harness = new CallHarness({ store: address });
    assert.equal((await harness.call(['submit', '--id', 'a', 'work'])).code, EXIT.ok);
  });
  afterEach(() => harness.dispose());

  function openWindow(): SupervisorHost {
    const config = new HostConfig(harness.storage);
    const parts = harness.parts({ config, trusted: new TrustedFolders(harness.storage), folder: harness.project });
    const settings = () => DEFAULT_SETTINGS;
    return new SupervisorHost({ isTrusted: () => true, open: () => parts.open(), settings, clock, log: () => {} });
  }

  for (const { what, says, begin, end } of TROUBLES)
    it(`R16.1 ${what}: a sentence that says what to do, and nothing is lost`, async () => {
      harness.configure({ store: (await begin(cluster, address)) ?? address });
      try {
        const called = await harness.call(['status']);
        assert.notEqual(called.code, EXIT.ok);
        assert.match(called.error, says);
        assert.equal(called.error.trim().split('\n').length, 1, called.error);
        const window = openWindow();
        await assert.rejects(window.open(), says);
        assert.match(window.status().notReady ?? '', says);
        await window.close();
      } finally {
        await end?.(cluster, address);
      }
      harness.configure({ store: address });
      assert.equal((await harness.call(['list', '--ids'])).out, 'a\n');
    });

  it('R16.2 a server whose clock is off: a line in the log of a window, and work goes on by its time', async () => {
    await cluster.sql(`CREATE FUNCTION ${schemaOf(address)}.clock_timestamp() RETURNS timestamptz LANGUAGE sql
      AS $$ SELECT pg_catalog.clock_timestamp() - interval '29 hours' $$`);
    await harness.call(['pause']);
    const window = openWindow();
    const supervisor = await window.open();
    assert.equal(supervisor.queueLength, 1);
    assert.equal((await harness.call(['show', 'a'])).code, EXIT.ok);
    await window.close();
    assert.match(
      harness.logged.join('\n'),
      /The clock of the store's server is 10\d{4} s behind this machine's\. Times are the server's; set the wrong one/,
    );
  });
});
