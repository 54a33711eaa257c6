import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, type Seen, signal } from '../support/host/processes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';

describe('loops outlive the window', () => {
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': AGENTS,
      'loopSupervisor.defaultAgent': 'until',
      'loopSupervisor.maxConcurrent': 3,
    },
  });
  const prompts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  // The agents wait in the folder of their window, so a short name is prompt, title and file at once.
  const done = (name: string) => `${name}.done`;
  const file = (name: string) => join(host.workspace, done(name));
  let agents: Seen[];

  // The leaders alone: a shell that forks has a second process of that name, until it has become another program.
  const running = () =>
    host.server.started().filter(({ pid, pgid, command }) => pid === pgid && command.startsWith('sh -c read -r file'));
  const rows = async (group: string) =>
    ((await host.window.tree.rows()).find(([label]) => label.startsWith(group))?.[2] ?? []).map(([label]) => label);

  before(async () => {
    await host.window.tree.show();
    for (const name of prompts) {
      await host.window.submit(done(name));
    }
    await until('3 agents', () => running().length === 3);
    await until('5 in the queue', async () => (await rows('Queued')).length === 5);
    agents = running();
  });

  async function sameAsBefore(): Promise<void> {
    await host.window.tree.show();
    await until(
      'the same loops',
      async () => (await rows('Running')).length === 3 && (await rows('Queued')).length === 5,
    );
    assert.deepEqual((await rows('Running')).sort(), ['a.done', 'b.done', 'c.done']);
    assert.deepEqual(await rows('Queued'), ['d.done', 'e.done', 'f.done', 'g.done', 'h.done']);
    assert.deepEqual(
      running()
        .map(({ pid }) => pid)
        .sort(),
      agents.map(({ pid }) => pid).sort(),
    );
  }

  it('a reload keeps 3 running and 5 queued loops, with the same processes', async () => {
    await host.window.reload();
    await sameAsBefore();
    await host.window.screenshot('durable-reloaded');
  });

  it('killing the extension host loses nothing', async () => {
    const [old] = host.server.hosts();
    assert.ok(old);
    signal(old, 'SIGKILL');
    await until('the host to be gone', () => !alive(old));
    await host.window.reload();
    await sameAsBefore();
  });

  it('an end with no window open is recorded at the next start, and the queue goes on', async () => {
    await host.window.page.goto('about:blank');
    await until('no extension host', () => host.server.hosts().length === 0);
    writeFileSync(file('b'), '');
    await until('the agent of b to end', () => running().length === 2);
    assert.equal(running().length, 2, 'nobody starts the next one: no window has its folder open');
    await host.window.page.goto(host.server.url(host.workspace));
    await host.window.ready();
    await host.window.tree.show();
    await until('the end of b', async () => (await rows('Finished')).join() === 'b.done');
    await until('the next one', () => running().length === 3);
    await until('the rest of the queue', async () => (await rows('Queued')).join() === 'e.done,f.done,g.done,h.done');
  });

  it('R3.1 a second window sees the same loops under their folder, and shares queue and cap', async () => {
    const other = host.folder();
    const second = await host.open(other);
    await second.tree.show();
    const folder = host.workspace.split('/').at(-1)!;
    await until('the other window’s loops', async () =>
      (await second.tree.rows()).some(([label, , children]) => label === folder && (children?.length ?? 0) >= 7),
    );
    await second.submit(done('of-second'));
    await second.tree.row(/of-second/).waitFor();
    assert.equal(running().length, 3, 'the cap holds over both windows');
    for (const name of prompts) writeFileSync(file(name), '');
    await until('the loop of the second window to run', () => running().length === 1);
    writeFileSync(join(other, done('of-second')), '');
    await until('all loops to end', () => running().length === 0);
    await until('all ends in the first window', async () => (await rows('Finished')).length === prompts.length + 1);
    assert.ok(existsSync(join(other, done('of-second'))));
    await second.page.close();
  });
});
