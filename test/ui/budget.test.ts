import assert from 'node:assert/strict';
import { pictures } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { PayingAgent } from './payingAgent.ts';

describe('the budget in the workbench', () => {
  const paying = new PayingAgent();
  after('remove the agent', () => paying.remove());
  const host = useWorkbench({
    settings: {
      'loopSupervisor.agents': { paying: paying.profile },
      'loopSupervisor.defaultAgent': 'paying',
      'loopSupervisor.budget.dailyLimitUsd': 1,
    },
  });

  const submit = (prompt: string) => host.window.submit(prompt);

  it('R6.4 warns once when 90 % is spent', async () => {
    const { window } = host;
    await window.tree.show();
    await submit('Spend most [cost 0.92]');
    await until('the cost', async () => (await window.statusText('budget')) === '$0.92 / $1.00 today');
    assert.equal(await window.statusKind('budget'), 'warning');
    assert.equal((await window.notices.says('Spent today: $0.92 of $1.00')).severity, 'warning');
  });

  it('R6.2 rejects what does not fit; the button raises the limit and submits again', async () => {
    const { window } = host;
    host.server.writeSettings({ ...host.server.readSettings(), 'loopSupervisor.budget.dailyLimitUsd': 0.9 });
    await until('the limit', async () => (await window.statusText('budget')) === '$0.92 / $0.90 today');
    await submit('Too dear [cost 0.50]');
    const { buttons } = await window.notices.says(/does not fit today.s budget/);
    assert.deepEqual(buttons, ['Raise Limit', 'Queue Until It Recovers', 'Show Budget']);
    await pictures(host, 'budget-exceeded', async () => {
      assert.match(
        await window.statusHover('budget'),
        /Spent today: \$0\.92 of \$0\.90, out of budget[\s\S]*paying[\s\S]*Spend most/,
      );
    });
    await window.notices.press(/does not fit/, 'Raise Limit');
    await window.input.answer('USD per day', '-3');
    await window.input.asked('Enter an amount in USD');
    await window.input.answer('Enter an amount', '20');
    await until('the limit and the cost', async () => (await window.statusText('budget')) === '$1.42 / $20.00 today');
    assert.equal(await window.statusKind('budget'), 'plain');
    assert.equal(host.server.readSettings()['loopSupervisor.budget.dailyLimitUsd'], 20);
  });

  it('R1.1 R6.4 a limit below today’s spend shows as used up; a refused loop can be queued until there is money', async () => {
    const { window } = host;
    const spent = Number(/^\$([\d.]+)/.exec(await window.statusText('budget'))?.[1]);
    assert.ok(spent > 0.9, 'the tests before have spent something');
    const limit = spent - 0.02;
    host.server.writeSettings({ ...host.server.readSettings(), 'loopSupervisor.budget.dailyLimitUsd': limit });
    const used = `$${spent.toFixed(2)} / $${limit.toFixed(2)} today`;
    await until('the limit', async () => (await window.statusText('budget')) === used);
    assert.equal(await window.statusKind('budget'), 'error');
    await submit('Nothing goes [cost 0.01]');
    await window.notices.press(/does not fit/, 'Queue Until It Recovers');
    await window.tree.becomes(/^Nothing goes/, 'waiting for budget');
    host.server.writeSettings({ ...host.server.readSettings(), 'loopSupervisor.budget.dailyLimitUsd': 30 });
    await window.tree.becomes(/^Nothing goes/, 'completed');
  });
});
