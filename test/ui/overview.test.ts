import assert from 'node:assert/strict';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

const THEMES = { light: 'Default Light Modern', contrast: 'Default High Contrast', overview: 'Default Dark Modern' };

describe('the first minute', () => {
  const settings = {
    'loopSupervisor.maxConcurrent': 2,
    'loopSupervisor.budget.dailyLimitUsd': 20,
    'workbench.colorTheme': THEMES.overview,
  };
  const host = useWorkbench({
    settings,
    size: { width: 1100, height: 620 },
    files: { 'prompts.md': '# Prompts\n\nTidy up the imports of this project\n' },
  });

  it('an empty view says what a loop is, and offers the sample', async () => {
    const { window } = host;
    await window.tree.show();
    await window.page.locator('.part.sidebar .monaco-button').filter({ hasText: 'Run Sample Loops' }).waitFor();
    await window.screenshot('welcome');
  });

  it('Run Sample Loops fills tree and status bar within 30 s', async () => {
    const { window } = host;
    const started = performance.now();
    await window.page.locator('.part.sidebar .monaco-button').filter({ hasText: 'Run Sample Loops' }).click();
    await until(
      'running and queued loops, and a cost',
      async () => {
        const rows = await window.tree.rows();
        const filled = ['Running 2/2', 'Queued'].every((group) => rows.some(([label, , children]) => label.startsWith(group) && children));
        return filled && (await window.statusText('budget')) !== '$0.00 / $20.00';
      },
      30_000,
    );
    assert.ok(performance.now() - started < 30_000);
    await window.editor.open('prompts.md');
    await window.widenSideBar(480);
  });

  for (const [name, theme] of Object.entries(THEMES)) {
    it(`can be read in ${theme}`, async () => {
      const { window, server } = host;
      server.writeSettings({ ...settings, 'workbench.colorTheme': theme });
      const kind = { light: 'vs', contrast: 'hc-black', overview: 'vs-dark' }[name];
      await window.page.locator(`.monaco-workbench.${kind}`).waitFor();
      await window.screenshot(`screenshot-${name}`);
    });
  }

  it('every sample loop comes to its end', async () => {
    const { window } = host;
    await until(
      'the end of all',
      async () => (await window.tree.rows()).some(([label, description]) => label === 'Finished' && description.startsWith('6')),
      90_000,
    );
    assert.equal(await window.tree.badge(), '');
    await window.screenshot('overview-finished');
  });
});
