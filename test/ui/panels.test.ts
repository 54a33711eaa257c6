import assert from 'node:assert/strict';
import type { FrameLocator } from 'playwright-core';
import { frameOf, isOpenToAll } from '../support/host/axe.ts';
import { THEMES, type ThemeName, useTheme } from '../support/host/themes.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import type { Workbench } from '../support/host/workbench.ts';
import { until } from '../support/until.ts';

const PROMPT = 'Look at `src/clock.ts:2` please [echo] [slow 3] [ask 1] [cost 0.25]';

const SETTINGS = {
  'loopSupervisor.defaultAgent': 'sample',
  'loopSupervisor.budget.dailyLimitUsd': 20,
  'workbench.colorTheme': 'Default Dark Modern',
};

describe('panels', () => {
  const host = useWorkbench({
    settings: SETTINGS,
    size: { width: 1400, height: 900 },
    files: { 'src/clock.ts': 'one\ntwo\nthree\n' },
  });
  const page = (window: Workbench) => window.webview();

  /** Opens the output of the loop that the first test has submitted. */
  async function openOutput(): Promise<void> {
    await host.window.tree.contextAction(/^Look at/, 'Show Output');
    await (await host.window.panel('Output:')).getByText('Attempt 1 completed').waitFor();
  }

  /** Waits until a page has all these texts: it draws them one after the other. */
  async function says(view: FrameLocator, parts: readonly string[]): Promise<void> {
    await until(parts.join(', '), async () => {
      const text = (await view.locator('main').innerText()).replace(/\s+/g, ' ');
      const missing = parts.filter((part) => !text.includes(part));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} is missing in ${text}`);
      return true;
    });
  }

  it('Show Output follows a run: text, tool calls, cost, its end', async () => {
    const { window } = host;
    await window.tree.show();
    await window.command('Pause Queue');
    await window.submit(PROMPT);
    await window.tree.contextAction(/^Look at/, 'Show Output');
    const view = await window.panel('Output: Look at');
    await view.locator('.state', { hasText: 'queued' }).waitFor();
    await window.command('Resume Queue');
    await view.locator('.state', { hasText: 'running' }).waitFor();
    await view.getByRole('heading', { name: 'Attempt 1' }).waitFor();
    await view.locator('.item.text').first().waitFor();
    // It runs until its question is answered: the page has all the time that it needs.
    await window.notices.press('“Look at', 'Allow Once');
    await view.getByText('Attempt 1 completed').waitFor();
    await view.locator('.state', { hasText: 'completed' }).waitFor();
    assert.ok((await view.locator('.tool').count()) > 0, 'tool calls');
    assert.match(await view.locator('.cost').first().innerText(), /Cost \$0\.\d+/);
    await view.locator('.facts', { hasText: '$0.25 play money' }).waitFor();
    await window.screenshot('transcript');
    await isOpenToAll(window);
  });

  it('a link to a file and its line opens it there', async () => {
    const { window } = host;
    await openOutput();
    await page(window).getByRole('link', { name: 'src/clock.ts:2' }).first().click();
    await window.page.locator('.tab.active').filter({ hasText: 'clock.ts' }).waitFor();
    await until('the cursor on line 2', async () =>
      /Ln 2\b/.test((await window.page.locator('.statusbar').textContent()) ?? ''),
    );
    await window.page.keyboard.press('Control+W');
    await page(window).getByRole('heading', { name: 'Attempt 1' }).waitFor();
  });

  it('Open raw log opens the file', async () => {
    const { window } = host;
    await openOutput();
    await page(window).getByRole('button', { name: 'Open raw log' }).click();
    await window.page.locator('.tab.active').filter({ hasText: 'stdout.log' }).waitFor();
    await until('what the agent wrote', async () => (await window.editor.text()).includes('"session_id"'));
    await window.page.keyboard.press('Control+W');
  });

  it('the output is searched, in the page and over the whole log', async () => {
    const { window } = host;
    await openOutput();
    const view = page(window);
    await view.getByRole('searchbox').fill('clock');
    await window.pressOn(view.getByRole('searchbox'), 'Enter');
    await view.getByText(/places? found/).waitFor();
    await view.locator('button.hit').first().click();
    await view.locator('.item.found').waitFor();
  });

  it('the panel comes back after a reload of the window', async () => {
    const { window } = host;
    // What the tests before have left open may be stored still, and soon no more.
    await window.remembersEditor(['Output: Look at'], false);
    await openOutput();
    // What the page keeps is stored after its title: without it there is no loop to come back to.
    await window.remembersEditor(['Output: Look at', 'loopId']);
    await window.reload();
    await (await window.panel('Output: Look at')).getByText('Attempt 1 completed').waitFor();
    assert.deepEqual(await window.editor.tabs(), ['Output: Look at `src/clock.ts:2` please [echo]…']);
  });

  it('Show Details says everything about the loop', async () => {
    const { window } = host;
    await window.tree.show();
    await window.tree.contextAction(/^Look at/, 'Show Details');
    const view = await window.panel('Look at');
    await view.getByRole('heading', { name: 'Attempt 1 · completed' }).waitFor();
    await says(view, [
      'Cost $0.25, play money',
      'Agent sample',
      '· $0.25 reported ·',
      'Amount Source',
      '$0.25 play money',
      'queued submitted',
      'Standard output ·',
    ]);
    await window.screenshot('detail');
    await isOpenToAll(window);
  });

  it('while a loop runs the page shows the CPU and memory of its processes', async () => {
    const { window } = host;
    await window.submit('Take your time [slow 60] [spawn 2]');
    await window.tree.becomes(/^Take your time/, 'CPU');
    await window.tree.contextAction(/^Take your time/, 'Show Details');
    const view = await window.panel('Take your time');
    await until('memory and CPU', async () =>
      /CPU\s+[\d.]+ %\s+Memory\s+[\d.]+ MB/.test(await view.getByLabel('Processes now').innerText()),
    );
    await window.screenshot('detail-running');
    await view.getByRole('button', { name: 'Force stop' }).click();
    await view.locator('.state', { hasText: 'cancelled' }).waitFor();
  });

  it('Show Dashboard shows the timeline, the spend and the loops, and leads to one', async () => {
    const { window } = host;
    await window.command('Show Dashboard');
    const view = await window.panel('Loop Supervisor');
    await view.getByRole('row', { name: /completed Look at/ }).waitFor();
    await says(view, [
      'Running 0 of 4 slots in use',
      'State Ready no failures in a row',
      'Spent today Set $0.00 of $20.00 0 %,',
      'Success 100 % 1 completed, 0 failed, 1 cancelled',
      'Loops · 2 loops in this period',
    ]);
    await window.screenshot('dashboard');
    await isOpenToAll(window);
    await view.getByRole('row', { name: /completed Look at/ }).click();
    await (await window.panel('Look at')).getByRole('heading', { name: 'Attempt 1 · completed' }).waitFor();
  });

  const titles = { 'Show Dashboard': 'Loop Supervisor', 'Show Details': /^Look at/, 'Show Output': 'Output:' } as const;
  for (const name of Object.keys(THEMES) as ThemeName[]) {
    it(`can be read in ${name}, wide and narrow`, async () => {
      const { window } = host;
      await useTheme(host, name, SETTINGS);
      for (const command of ['Show Dashboard', 'Show Details', 'Show Output'] as const) {
        if (command === 'Show Dashboard') await window.command(command);
        else await window.tree.contextAction(/^Look at/, command);
        for (const width of [1400, 600]) {
          await window.narrow(width);
          await window.panel(titles[command]);
          await window.screenshot(
            `${command.toLowerCase().replace('show ', '')}-${name}${width === 600 ? '-narrow' : ''}`,
          );
          await isOpenToAll(window, `${command}, ${width} px`);
          await until(`nothing to stick out: ${command}, ${width} px`, async () =>
            (await frameOf(window)).evaluate('document.documentElement.scrollWidth <= innerWidth'),
          );
        }
        await window.narrow(1400);
      }
    });
  }

  it('the history is searched while typing, and the view keeps the matches until the filter is cleared', async () => {
    const { window } = host;
    await window.command('Search History…');
    await until('both loops', async () => (await window.input.choices()).length === 2);
    await window.input.input().fill('state:completed look');
    await until('the match', async () => (await window.input.choices()).join().trim() === PROMPT);
    await window.screenshot('history-search');
    await window.page.locator('.quick-input-titlebar [aria-label="List the Matches in the View"]').click();
    await until('the filter', async () =>
      (await window.tree.rows()).some(
        ([label, description]) => label === 'Finished' && /^1 of 2: completed, “look”/.test(description),
      ),
    );
    await window.screenshot('history-filtered');
    await window.command('Clear History Filter');
    await until('all loops', async () =>
      (await window.tree.rows()).some(([label, description]) => label === 'Finished' && description === '2'),
    );
  });

  it('the history is exported', async () => {
    const { window } = host;
    await window.command('Export History…');
    await window.input.pick('JSON');
    await until('the question for the file', async () => (await window.input.text()).endsWith('.json'));
    await window.page.keyboard.press('Enter');
    await window.notices.says(/was written to/);
  });
});
