import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { submitTo } from './agents.ts';

describe('all groups of the tree', () => {
  const host = useWorkbench({
    size: { width: 1100, height: 700 },
    settings: {
      'loopSupervisor.agents': {
        does: {
          extends: 'plain',
          command: 'sh',
          args: [
            '-c',
            'read -r word rest; case $word in Mend) echo no luck >&2; exit 3;; Tidy) exit 0;; *) exec sleep 1000;; esac',
          ],
        },
      },
      'loopSupervisor.defaultAgent': 'does',
      'loopSupervisor.maxConcurrent': 3,
      'loopSupervisor.restart.maxRestarts': 6,
      'loopSupervisor.circuitBreaker.failureThreshold': 100,
    },
  });

  it('can be read in each theme, other windows’ folders too', async () => {
    const { window } = host;
    const groups = async (expected: RegExp): Promise<void> => {
      await until(`the groups ${expected}`, async () => {
        const shown = (await window.tree.rows()).map(([label]) => label).join();
        if (!expected.test(shown)) throw new Error(shown);
        return true;
      });
    };
    await window.tree.show();
    await window.widenSideBar(560);
    await submitTo(window, 'Work until the limit [quick] [limit 7200]', 'sample');
    await window.submit('Tidy up');
    await groups(/Waiting,Finished/);
    await window.submit('Mend the tests');
    // Comes and goes as long as there is a slot for it, and longer each time.
    await groups(/Waiting to restart,Waiting,Finished/);
    await window.screenshot('tree-restart');
    const second = await host.open(host.folder());
    await second.tree.show();
    await second.submit('Work in another window');
    await window.page.bringToFront();
    for (const work of ['Build', 'Test', 'Review', 'Release']) await window.submit(`${work} it`);
    // Once all slots are taken it waits among the others.
    const all = /^Running 3\/3,Queued \d\/20,(Waiting to restart,)?Waiting,loop-supervisor-workspace-\w+,Finished$/;
    await pictures(host, 'tree', () => groups(all));
    await window.tree.hover('Build it');
    await window.screenshot('tree-hover');
    await second.page.close();
  });
});
