import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

describe('loops that ask, in the workbench', () => {
  const host = useWorkbench({ settings: { 'loopSupervisor.defaultAgent': 'sample' } });

  it('R17.1 a question stands in Needs You, survives a reload, and is answered from notice, row and page', async () => {
    const { window } = host;
    await window.tree.show();
    await window.submit('Update it [ask 3] [slow 2] [cost 0.01]');
    const told = await window.notices.says('“Update it');
    assert.match(told.message, /asks: run npm install sample-package-1\?$/);
    assert.deepEqual(told.buttons, ['Allow Once', 'Deny', 'Answer…']);
    await until('it to need somebody', async () => {
      const [group, description, loops] = (await window.tree.rows())[0] ?? [];
      return [group, description, loops?.length].join() === 'Needs You,1,1';
    });
    await until('the badge', async () => (await window.tree.badge()) === '1');
    await window.screenshot('question');

    await window.notices.clear();
    await window.reload();
    await window.tree.show();
    await window.tree.becomes(/^Update it/, 'asks: run npm install sample-package-1?');
    await window.tree.inlineAction(/^Update it/, 'Answer…');
    await window.notices.pressInDialog('asks for permission', 'Allow Once');

    await window.tree.becomes(/^Update it/, 'asks: run npm install sample-package-2?');
    await window.tree.contextAction(/^Update it/, 'Show Details');
    const page = await window.panel('Update it');
    const card = page.getByRole('region', { name: 'Needs You' });
    await card.getByText('npm install sample-package-2').first().waitFor();
    await card.getByRole('button', { name: 'Deny', exact: true }).click();

    await window.tree.becomes(/^Update it/, 'asks: run npm install sample-package-3?');
    await card.getByText('npm install sample-package-3').first().waitFor();
    await card.getByRole('button', { name: 'Always Allow Like This…' }).click();
    await window.input.answer('This rule is added', 'Command(npm install *)');
    await window.tree.becomes(/^Update it/, 'completed');
    for (const said of [/allowed by you: run npm install sample-package-1\?/, /denied by you: .* sample-package-2\?/])
      await page.getByRole('region', { name: 'History' }).first().getByText(said).first().waitFor();

    // The rule holds for the next loop: it asks nobody.
    await window.submit('Again [ask 2] [slow 2] [cost 0.01]');
    await window.tree.becomes(/^Again/, 'completed');
    const asked = (await window.notices.all()).filter(({ message }) => message.includes('“Again'));
    assert.deepEqual(asked, []);
    // No rule decides for its user.
    await window.submit('Paint it [choose] [quick] [cost 0.01]');
    await window.tree.becomes(/^Paint it/, 'asks: Which colour should the sample have?');
    await window.tree.inlineAction(/^Paint it/, 'Answer…');
    await window.input.asked('Which colour should the sample have?');
    await window.input.pick('“Green”');
    await window.tree.becomes(/^Paint it/, 'completed');
    await until('nothing that needs anybody', async () => (await window.tree.rows())[0]?.[0] !== 'Needs You');
  });
});
