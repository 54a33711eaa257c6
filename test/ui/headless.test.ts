import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, signal } from '../support/host/processes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';
import { PayingAgent } from './payingAgent.ts';

describe('no window needed', () => {
  const paying = new PayingAgent();
  after('remove the agent that costs', () => paying.remove());
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': { ...AGENTS, paying: paying.profile },
      'loopSupervisor.defaultAgent': 'until',
      'loopSupervisor.maxConcurrent': 1,
      'loopSupervisor.background': 'untilIdle',
    },
  });
  const headless = () => host.server.started().filter(({ command }) => command.includes('host.cjs'));
  const agents = () =>
    host.server.started().filter(({ pid, pgid, command }) => pid === pgid && command.startsWith('sh -c read -r file'));
  /** Groups of the tree with one loop each. */
  const hasOneEach = async (...names: string[]) => {
    const groups = (await host.window.tree.rows()).filter(([label]) => names.some((name) => label.startsWith(name)));
    return groups.length === names.length && groups.every(([, , children]) => children?.length === 1);
  };
  const finish = (name: string) => writeFileSync(join(host.workspace, name), '');

  afterEach(() => {
    for (const process of headless()) signal(process, 'SIGKILL');
  });

  it('R15.1 R9.5 loops go on while the window is closed, and the next one says so once', async () => {
    await host.window.tree.show();
    for (const name of ['a.done', 'b.done']) await host.window.submit(name);
    // A window that goes in the middle of a submit takes the prompt along.
    await until(
      'both loops, and the agent of one',
      async () => (await hasOneEach('Running', 'Queued')) && agents().length === 1,
    );
    await until('the host on standby', () => headless().length === 1);
    await host.window.notices.says(/Loops go on when no window is open/);
    await host.window.page.goto('about:blank');
    await until('no extension host', () => host.server.hosts().length === 0);
    const [first] = agents();
    assert.ok(first, 'its agent goes on');
    finish('a.done');
    await until('the second loop, without a window', () => agents().length === 1 && agents()[0]?.pid !== first.pid);
    finish('b.done');
    await until('the host to end: nothing is left', () => headless().length === 0);
    await host.window.page.goto(host.server.url(host.workspace));
    await host.window.ready();
    await host.window.notices.says(/While no window was open since .*: 2 completed/);
    await host.window.tree.show();
    await until('both ends in the tree', async () => {
      const finished = (await host.window.tree.rows()).find(([label]) => label.startsWith('Finished'));
      return finished?.[2]?.length === 2;
    });
  });

  it('R15.1 R9.2 the server is killed with its window: its loops go on, and a new one shows their ends and costs', async () => {
    const { server, window } = host;
    const running = () => server.started().filter(({ command }) => command.includes('paying.mjs'));
    server.writeSettings({
      ...server.readSettings(),
      'loopSupervisor.defaultAgent': 'paying',
      'loopSupervisor.budget.dailyLimitUsd': 5,
    });
    await until('the new settings', async () => (await window.statusText('budget')) === '$0.00 / $5.00 today');
    await window.tree.show();
    paying.waits = true;
    for (const prompt of ['First [cost 0.50]', 'Second [cost 0.25]']) await window.submit(prompt);
    await until(
      'both loops, and the agent of one',
      async () => (await hasOneEach('Running', 'Queued')) && running().length > 0,
    );
    await until('the host on standby', () => headless().length === 1);
    const [standby] = headless();
    assert.ok(standby);
    const crash = server.crash();
    // Its page would go on trying to connect, and reload itself.
    await window.page.goto('about:blank');
    await crash;
    assert.ok(alive(standby) && running().length > 0, 'the host and the agent go on');
    paying.waits = false;
    await until('the host to end: nothing is left', () => headless().length === 0);
    await server.startAgain();
    await window.page.goto(server.url(host.workspace));
    await window.ready();
    await window.notices.says(/While no window was open since .*: 2 completed/);
    await until('their costs', async () => (await window.statusText('budget')) === '$0.75 / $5.00 today');
    await window.tree.show();
    await until('their ends in the tree', async () => {
      const finished = (await window.tree.rows()).find(([label]) => label.startsWith('Finished'));
      const labels = finished?.[2]?.map(([label]) => label) ?? [];
      return ['First', 'Second'].every((title) => labels.some((label) => label.startsWith(title)));
    });
  });
});
