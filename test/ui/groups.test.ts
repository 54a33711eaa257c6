import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { submitTo } from './agents.ts';

describe('all groups of the tree', function () {
  this.timeout(180_000);
  const host = useWorkbench({
    size: { width: 1100, height: 700 },
    settings: {
      'loopSupervisor.agents': {
        does: {
          extends: 'plain',
          command: 'sh',
          args: ['-c', 'read -r word rest; case $word in Mend) echo no luck >&2; exit 3;; Tidy) exit 0;; *) exec sleep 1000;; esac'],
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
    const submit = async (to: typeof window, prompt: string) => {
      await to.command('Submit Prompt…');
      await to.input.answer('The text for the agent', prompt);
    };
    await window.tree.show();
    await submitTo(window, 'Work until the limit [quick] [limit 7200]', 'sample');
    await submit(window, 'Mend the tests');
    await submit(window, 'Tidy up');
    const second = await host.open(host.folder());
    await second.tree.show();
    await submit(second, 'Work in another window');
    await window.page.bringToFront();
    for (const work of ['Build', 'Test', 'Review', 'Release']) await submit(window, `${work} it`);
    await window.widenSideBar(560);
    const groups = async () => (await window.tree.rows()).map(([label]) => label);
    await pictures(host, 'tree', async () => {
      // It comes and goes; while it is there all groups are.
      await until(
        'all groups',
        async () => {
          const shown = (await groups()).join();
          if (!/^Running 3\/3,Queued 2\/20,Waiting to restart,Waiting for a limit,loop-supervisor-workspace-\w+,Finished$/.test(shown))
            throw new Error(shown);
          return true;
        },
        60_000,
      );
    });
    await window.tree.row('Build it').hover();
    await window.page.locator('.workbench-hover-container').waitFor();
    await window.screenshot('tree-hover');
    await second.page.close();
  });
});
