import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signal } from '../support/host/processes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';

describe('no window needed', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': AGENTS,
      'loopSupervisor.defaultAgent': 'until',
      'loopSupervisor.maxConcurrent': 1,
      'loopSupervisor.background': 'untilIdle',
    },
  });
  const headless = () => host.server.started().filter(({ command }) => command.includes('host.cjs'));
  const agents = () =>
    host.server.started().filter(({ pid, pgid, command }) => pid === pgid && command.startsWith('sh -c read -r file'));
  const finish = (name: string) => writeFileSync(join(host.workspace, name), '');

  afterEach(() => {
    for (const process of headless()) signal(process, 'SIGKILL');
  });

  it('R15.1 R9.5 loops go on while the window is closed, and the next one says so once', async () => {
    await host.window.tree.show();
    for (const name of ['a.done', 'b.done']) await host.window.submit(name);
    // A window that goes in the middle of a submit takes the prompt along.
    await until('both loops, and the agent of one', async () => {
      const groups = (await host.window.tree.rows()).filter(([label]) => /^(Running|Queued)/.test(label));
      return groups.every(([, , children]) => children?.length === 1) && groups.length === 2 && agents().length === 1;
    });
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
});
