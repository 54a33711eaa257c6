import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS, sleepers } from './agents.ts';

describe('the queue in the workbench', () => {
  const settings = {
    'loopSupervisor.agents': AGENTS,
    'loopSupervisor.defaultAgent': 'waits',
    'loopSupervisor.maxConcurrent': 1,
    'loopSupervisor.maxQueueDepth': 2,
  };
  const host = useWorkbench({ settings });

  const submit = (prompt: string) => host.window.submit(prompt);

  const queue = async () =>
    ((await host.window.tree.rows()).find(([label]) => label.startsWith('Queued'))?.[2] ?? []).map(([label]) => label);

  it('R3.1 R2.1 one runs, the others wait in their order', async () => {
    const { window, server } = host;
    await window.tree.show();
    for (const prompt of ['First', 'Second', 'Third']) {
      await submit(prompt);
      await window.tree.row(prompt).waitFor();
    }
    await until('the first to run', () => sleepers(server).length > 0);
    assert.equal(sleepers(server).length, 1);
    await until('the others in their order', async () => (await queue()).join() === 'Second,Third');
    await window.screenshot('queue-waiting');
  });

  it('R2.2 a full queue rejects, and says what to do', async () => {
    const { window } = host;
    await submit('Fourth');
    const { message } = await window.notices.says('2 of 2 places in the queue are taken');
    assert.match(message, /not submitted/);
    await window.notices.clear();
    await window.command('Submit Prompt…');
    await window.input.asked('The text for the agent');
    assert.equal(await window.input.input().inputValue(), 'Fourth', 'what was typed is not lost');
    await window.page.keyboard.press('Escape');
  });

  it('R2.3 Run Next and Set Priority reorder', async () => {
    const { window } = host;
    await window.tree.inlineAction('Third', 'Run Next');
    await until('the order', async () => (await queue()).join() === 'Third,Second');
    await window.tree.callOnRows(
      () => window.tree.contextAction('Second', 'Set Priority…'),
      async () => /whole number/i.test(await window.input.question()),
    );
    await window.input.answer(/whole number/i, '7');
    await until('the order', async () => (await queue()).join() === 'Second,Third');
  });

  it('R3.3 raising the cap while loops run starts the next one', async () => {
    const { window, server } = host;
    server.writeSettings({ ...settings, 'loopSupervisor.maxConcurrent': 2 });
    await until('the second agent', () => sleepers(server).length === 2);
    await until('the new cap', async () => (await window.tree.rows())[0]?.[0] === 'Running 2/2');
    await until('the rest of the queue', async () => (await queue()).join() === 'Third');
  });

  it('R2.4 nothing starts while it is paused; resuming continues', async () => {
    const { window, server } = host;
    await window.command('Pause Queue');
    await until('the pause to show', async () => (await window.tree.rows())[1]?.[1] === 'paused');
    await window.tree.inlineAction('First', 'Cancel Loop');
    await window.tree.becomes('First', 'cancelled');
    assert.equal(sleepers(server).length, 1);
    assert.deepEqual(await queue(), ['Third']);
    await window.command('Resume Queue');
    await until('the third to run', () => sleepers(server).length === 2);
    await until('an empty queue', async () => (await queue()).length === 0);
  });

  it('a loop that has run before is returning while it waits in the queue', async () => {
    const { window, server } = host;
    await window.command('Pause Queue');
    await until('the pause to show', async () => (await window.tree.rows())[1]?.[1] === 'paused');
    await window.tree.contextAction('Second', 'Restart Now');
    await until('it to be in the queue again', async () => {
      const [, group] = await window.tree.rows();
      assert.deepEqual(group?.slice(0, 2), ['Queued 1/2', 'paused · 1 returning']);
      return (await queue()).join() === 'Second';
    });
    await window.screenshot('queue-returning');
    await window.command('Resume Queue');
    await until('it to run again', async () => sleepers(server).length === 2 && (await queue()).length === 0);
  });
});
