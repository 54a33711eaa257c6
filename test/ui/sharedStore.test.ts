import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { Cluster } from '../support/postgres/cluster.ts';

const STORE = 'loopSupervisor.store';

describe('a shared store in the workbench', () => {
  let cluster: Cluster | undefined;
  before('start PostgreSQL', async function () {
    cluster = await Cluster.start();
    if (!cluster) this.skip();
  });
  const host = useWorkbench({ settings: { 'loopSupervisor.defaultAgent': 'sample' } });
  after('stop PostgreSQL', () => cluster?.stop());

  it('R16.1 takes the queue of this machine along, and leads back with all that became of it', async () => {
    const { window } = host;
    await window.tree.show();
    await window.command('Pause Queue');
    await window.submit('Travel [cost 0.05]');
    await window.tree.becomes(/^Travel/, 'queued');

    await window.command('Use a Shared Store…');
    await window.input.answer('one schema for each person', cluster?.address() ?? '');
    await window.input.answer('The password, kept in the secret storage', '');
    await window.input.pick(/Take This Queue and History Along/);
    await window.notices.says('1 waiting loop moved, 0 finished loops copied.');
    await window.notices.says('The state of Loop Supervisor is now at');
    await window.reload();
    // Nothing is paused over there.
    await window.tree.show();
    await window.tree.becomes(/^Travel/, 'completed');

    await window.command('Use a Shared Store…');
    await window.input.answer('one schema for each person', '');
    await window.input.asked('0 live loops, 1 finished loop of this machine');
    await window.input.pick(/Take This Machine's Queue and History Along/);
    await window.notices.says('0 waiting loops moved, 1 finished loop copied.');
    await window.notices.says('is in the file of this machine again');
    assert.equal(host.server.readSettings()[STORE], undefined);
    await window.reload();
    await window.tree.show();
    await window.tree.becomes(/^Travel/, 'completed');
  });
});
