import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { freshFolder } from '../support/host/paths.ts';
import { THEMES, type ThemeName, themeSetting, useTheme } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { FILES, PROMPTS, showcaseAgent } from './showcase.ts';

describe('the first minute', () => {
  const settings = {
    'loopSupervisor.maxConcurrent': 2,
    'loopSupervisor.budget.dailyLimitUsd': 20,
    // Nothing lies over what the pictures are to show.
    'loopSupervisor.notifications.failure': 'off',
  };
  const host = useWorkbench({
    settings: { ...settings, ...themeSetting('dark') },
    size: { width: 1100, height: 620 },
    files: { ...FILES, 'prompts.md': '# Prompts\n\nTidy up the imports of this project\n' },
  });
  const program = freshFolder('showcase');
  after('remove the program', () => rmSync(program, { recursive: true }));

  it('from the installed extension to a finished loop with its cost it takes no more than three steps', async () => {
    const { window } = host;
    const steps: string[] = [];
    const step = async (what: string, take: () => Promise<unknown>): Promise<void> => {
      steps.push(what);
      await take();
    };
    await until('nothing to be spent yet', async () => (await window.statusText('budget')) === '$0.00 / $20.00 today');
    await step('click the icon', () => window.tree.show());
    await window.tree.welcome('Run Sample Loops').waitFor();
    // The button that shows what all is about is the first, so that nothing has to be read to find it.
    assert.equal(await window.page.locator('.part.sidebar .monaco-button').first().innerText(), 'Run Sample Loops');
    for (const theme of Object.keys(THEMES) as ThemeName[]) {
      await useTheme(host, theme, settings);
      await window.screenshot(`welcome-${theme}`);
    }
    await step('click the button', () => window.tree.welcome('Run Sample Loops').click());
    await window.tree.becomes('Quick success', 'completed');
    await window.tree.becomes('Quick success', '$0.02');
    assert.equal(await window.statusText('budget'), '$0.00 / $20.00 today', 'that of the demo is play money');
    assert.ok(steps.length <= 3, steps.join(', '));
  });

  it('Run Sample Loops fills tree and status bar', async () => {
    const { window } = host;
    await until('running and queued loops', async () => {
      const rows = await window.tree.rows();
      return ['Running 2/2', 'Queued'].every((group) =>
        rows.some(([label, , children]) => label.startsWith(group) && children),
      );
    });
    await window.widenSideBar(480);
  });

  for (const theme of Object.keys(THEMES) as ThemeName[]) {
    it(`can be read in ${THEMES[theme].theme}`, async () => {
      await host.window.editor.open('prompts.md');
      await useTheme(host, theme, settings);
      await host.window.screenshot(`screenshot-${theme === 'dark' ? 'overview' : theme}`);
    });
  }

  it('every sample loop comes to its end', async () => {
    const { window } = host;
    await until('the end of all', async () =>
      (await window.tree.rows()).some(([label, description]) => label === 'Finished' && description.startsWith('7')),
    );
    await until('no badge', async () => (await window.tree.badge()) === '');
    await window.screenshot('overview-finished');
  });

  describe('a day of work', () => {
    it('the output of a loop shows what its agent said, did and changed', async () => {
      const { window, server } = host;
      server.writeSettings({
        ...settings,
        ...themeSetting('dark'),
        'loopSupervisor.agents': showcaseAgent(program),
        'loopSupervisor.defaultAgent': 'claude',
        'loopSupervisor.restart.maxRestarts': 0,
      });
      await window.resize({ width: 1100, height: 760 });
      await window.command('Clear Finished Loops');
      await window.notices.pressInDialog('Clear 7 finished loops?', 'Clear');
      await until('an empty history', async () => !(await window.tree.labels()).includes('Quick success'));
      for (const prompt of PROMPTS) await window.submit(prompt);
      await window.tree.becomes(PROMPTS[3], 'failed');
      await window.tree.open(PROMPTS[0], 'Output: ');
      const output = await window.panel('Output: ');
      await output.getByText('Attempt 1 completed').waitFor();
      await output.getByText('npm test -- webhooks').waitFor();
      await window.widenSideBar(330);
      // The hint at loops in one folder would lie over the end.
      await window.notices.clear();
      await window.screenshot('screenshot-output');
    });

    it('the dashboard shows when, how many and what they cost', async () => {
      const { window } = host;
      await window.command('Show Dashboard');
      const dashboard = await window.panel('Loop Supervisor');
      await dashboard.getByRole('row', { name: new RegExp(`completed ${PROMPTS[0]}`) }).waitFor();
      await window.screenshot('screenshot-dashboard');
    });
  });
});
