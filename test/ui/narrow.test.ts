import assert from 'node:assert/strict';
import { THEMES, type ThemeName, themeSetting, useTheme } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';

const LONG = 'Look through all the tests and describe each of them in a sentence';

describe('the view in a side bar of 300 pixels', () => {
  const settings = {
    'loopSupervisor.maxConcurrent': 2,
    'loopSupervisor.defaultAgent': 'sample',
    'loopSupervisor.notifications.failure': 'off',
  };
  const host = useWorkbench({ settings: { ...settings, ...themeSetting('dark') } });

  it('shows time and cost of each loop, though its title is long', async () => {
    const { window } = host;
    await window.tree.show();
    await window.widenSideBar(300);
    await window.submit(`${LONG} [cost 0.42] [slow 60]`);
    await window.submit(`${LONG} [cost 0.42]`);
    await window.submit(`${LONG} [fail]`);
    await window.submit(`${LONG} [slow 60]`);
    await until('one finished', async () =>
      (await window.tree.rows()).some(([label, , rows]) => label === 'Finished' && (rows ?? []).length > 0),
    );
    const rows = window.page.locator('.part.sidebar .monaco-list-row[aria-level="2"] .monaco-icon-label-container');
    await until('the figures of all four rows', async () => {
      const cut = await rows.evaluateAll((elements) =>
        elements.map((element) => {
          // The figures are the first two parts of the description.
          const text = element.querySelector('.label-description')?.firstChild;
          if (!text) return `${element.textContent} has no description`;
          const range = element.ownerDocument.createRange();
          range.setStart(text, 0);
          range.setEnd(text, (/^[^·]*(· [$≈][^·]*)?/.exec(text.textContent ?? '')?.[0] ?? '').trimEnd().length);
          return range.getBoundingClientRect().right > element.getBoundingClientRect().right ? element.textContent : '';
        }),
      );
      assert.deepEqual(cut, ['', '', '', '']);
      return true;
    });
  });

  it('has what is used most in its title, without the menu', async () => {
    const { window } = host;
    await window.tree.show();
    await window.widenSideBar(300);
    const buttons = window.page.locator('.part.sidebar .composite.title .title-actions .action-label');
    await until('the buttons', async () => {
      const labels = await buttons.evaluateAll((elements) =>
        elements.flatMap((element) => (element.checkVisibility() ? [element.getAttribute('aria-label') ?? ''] : [])),
      );
      for (const wanted of ['Submit Prompt…', 'Choose Agent…', 'Check Agents', 'Show Dashboard', 'Open Settings'])
        assert.ok(
          labels.some((label) => label.startsWith(wanted)),
          `${wanted} in ${labels.join(', ')}`,
        );
      return true;
    });
  });

  for (const theme of Object.keys(THEMES) as ThemeName[]) {
    it(`can be read in ${THEMES[theme].theme}`, async () => {
      await useTheme(host, theme, settings);
      await host.window.screenshot(`narrow-${theme}`);
    });
  }
});
