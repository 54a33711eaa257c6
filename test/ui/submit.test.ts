import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { PayingAgent } from './payingAgent.ts';

describe('submitting in the workbench', () => {
  const paying = new PayingAgent();
  after('remove the agent', () => paying.remove());
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': { paying: paying.profile },
      'loopSupervisor.defaultAgent': 'paying',
      'loopSupervisor.budget.dailyLimitUsd': 20,
    },
    files: { 'prompts.md': '# Prompts\n\nWrite a haiku [cost 0.25]\nabout two lines\nnot this one\n' },
  });

  it('shows circuit and budget at a glance', async () => {
    await until('the supervisor to be ready', async () => (await host.window.statusText('circuit')) === '');
    await until('the budget', async () => (await host.window.statusText('budget')) === '$0.00 / $20.00 today');
    assert.equal(await host.window.statusKind('circuit'), 'plain');
    assert.equal(await host.window.statusKind('budget'), 'plain');
  });

  it('R1.1 a prompt from the palette runs, and its cost reaches the status bar', async () => {
    const { window } = host;
    await window.tree.show();
    await window.submit('  ');
    await window.input.asked('Enter some text.');
    paying.waits = true;
    await window.input.answer('Enter some text.', 'Say hello [slow 3] [cost 0.50]');
    await window.tree.row(/^Say hello/).waitFor();
    await until('the badge', async () => (await window.tree.badge()) === '1');
    await window.screenshot('submit-running');
    paying.waits = false;
    await until('the cost', async () => (await window.statusText('budget')) === '$0.50 / $20.00 today');
    await window.tree.shows([
      ['Running 0/4', ''],
      ['Queued 0/20', ''],
      ['Finished', '1 · 1 unread', [['Say hello [slow…', 'hh:mm · $0.50 · …3] [cost 0.50]']]],
    ]);
    await until('no badge', async () => (await window.tree.badge()) === '');
  });

  it('R1.1 the key binding runs an editor’s selection as it is', async () => {
    const { window } = host;
    await window.editor.open('prompts.md');
    await window.editor.selectLines(3, 4);
    await window.page.keyboard.press('Control+Alt+Enter');
    await until('the cost', async () => (await window.statusText('budget')) === '$0.75 / $20.00 today');
    await window.tree.becomes(/^Write a haiku/, 'completed');
  });

  it('Show Output opens the transcript of a loop', async () => {
    const { window } = host;
    await window.tree.contextAction(/^Say hello/, 'Show Output');
    await (await window.panel('Output: Say hello')).getByText('Attempt 1 completed').waitFor();
    await window.screenshot('submit-output');
  });

  it('a command from the palette asks which loop is meant', async () => {
    const { window } = host;
    await window.command('Submit Again');
    await until('the finished loops', async () => (await window.input.choices()).length === 2);
    await window.input.pick(/Write a haiku/);
    await until('the cost', async () => (await window.statusText('budget')) === '$1.00 / $20.00 today');
  });
});
