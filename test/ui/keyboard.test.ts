import assert from 'node:assert/strict';
import type { FrameLocator } from 'playwright-core';
import { frameOf } from '../support/host/axe.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { until } from '../support/until.ts';
import { AGENTS } from './agents.ts';

/** What has the keyboard in a page of ours, in words, and whether one can see it. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body || !document.hasFocus()) return undefined;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return { name: describeControl(element), visible: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 };
})()`;

/** Everything that can be acted on in a page of ours. */
const CONTROLS = `(() => {
  globalThis.describeControl = (element) => element.tagName.toLowerCase() + ' ' +
    (element.getAttribute('aria-label') ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim().slice(0, 40);
  globalThis.controls = [...document.querySelectorAll('button, input, select, summary, a[href], [tabindex="0"]')]
    .filter((element) => !element.disabled && element.checkVisibility({ visibilityProperty: true }));
  return controls.map(describeControl);
})()`;

/** This one comes and goes as one scrolls; the End key does the same. */
const isSteady = (control: string) => control !== 'button Jump to latest';

describe('by keyboard alone', () => {
  const host = useWorkbench({
    size: { width: 1400, height: 1000 },
    settings: {
      'loopSupervisor.agents': AGENTS,
      'loopSupervisor.defaultAgent': 'until',
      'loopSupervisor.notifications.failure': 'off',
      'workbench.colorTheme': 'Default Dark Modern',
    },
  });
  const press = (key: string) => host.window.page.keyboard.press(key);

  /** Goes through the page in front with Tab: each control is reached, and one sees where one is. */
  async function walk(): Promise<void> {
    // A page that has just come may be given the keyboard once more, and then begins anew. What it has changes too, and
    // the page itself may be a new one: both are looked up afresh.
    await until('a way through the page', async () => {
      const frame = await frameOf(host.window);
      await frame.evaluate(CONTROLS);
      await press('Control+1');
      const hasKeyboard = await frame.evaluate(
        'document.hasFocus() && (controls[0].focus(), document.activeElement === controls[0])',
      );
      if (!hasKeyboard) return false;
      const been: string[] = [];
      const hidden: string[] = [];
      for (; ; await press('Tab')) {
        const at = (await frame.evaluate(FOCUSED)) as { name: string; visible: boolean } | undefined;
        if (!at || been.length > 60) break;
        been.push(at.name);
        if (!at.visible) hidden.push(at.name);
      }
      const controls = ((await frame.evaluate(CONTROLS)) as string[]).filter(isSteady);
      assert.deepEqual(been.filter(isSteady).toSorted(), controls.toSorted(), 'Tab reaches every control, once');
      assert.deepEqual(hidden, [], 'focus that cannot be seen');
      return true;
    });
  }

  /** Opens the output of the loop, by Enter on its row. */
  async function openOutput(): Promise<void> {
    const { tree, page } = host.window;
    await tree.press('/nowhere', 'Enter', () =>
      page.locator('.tab.active').filter({ hasText: 'Output: /nowhere' }).isVisible(),
    );
    await host.window.panel('Output: /nowhere');
  }

  before(async () => {
    const { window } = host;
    await window.tree.show();
    await window.submit('/nowhere');
    await window.tree.becomes('/nowhere', 'CPU');
  });

  it('the tree: a row is opened with Enter, its menu with Shift+F10, its help with Alt+F1', async () => {
    const { window } = host;
    await window.tree.focus('/nowhere');
    assert.match(await window.tree.spoken('/nowhere'), /^\/nowhere, running, for \d+ (second|minute)s?\b/);
    assert.match(await window.tree.spoken(/^Running/), /^Running 1 of 4/);
    await press('Alt+F1');
    await window.page.locator('.tab.active').filter({ hasText: 'Loop Supervisor Help' }).waitFor();
    await until('the help', async () => (await window.editor.text()).includes('Shift+F10 opens the menu of a row'));
    await window.screenshot('accessibility-help');
    await press('Control+W');
    await window.tree.menuByKeyboard('Show Details', () => window.tree.focus('/nowhere'));
    await window.panel('/nowhere');
    await openOutput();
  });

  it('Delete on a row under a loop leaves the loop alone, and says that nothing applies', async () => {
    const { window } = host;
    await window.tree.focus('/nowhere');
    await press('ArrowRight');
    await window.tree.row('Attempt 1').waitFor();
    await window.tree.select('Attempt 1');
    await press('Delete');
    // The keyboard must stay on the row until the answer: the row is looked up after the key was pressed.
    await window.notices.says('No loop to act on. Cancel Loop is for loops that are');
    await window.tree.focus('/nowhere');
    await press('ArrowLeft');
    await window.tree.row('Attempt 1').waitFor({ state: 'detached' });
    assert.match(await window.tree.spoken('/nowhere'), /^\/nowhere, running, /);
    await openOutput();
  });

  it('Delete on a running loop asks first, and Escape leaves it running', async () => {
    const { window } = host;
    const question = window.page
      .locator('.monaco-dialog-box')
      .filter({ hasText: 'Stop “/nowhere”, which has run for' });
    await window.tree.press('/nowhere', 'Delete', () => question.isVisible());
    await press('Escape');
    await question.waitFor({ state: 'detached' });
    assert.match(await window.tree.spoken('/nowhere'), /^\/nowhere, running, /);
  });

  it('the transcript: Tab reaches everything; transitions are announced, streamed output is not', async () => {
    const { window } = host;
    await openOutput();
    await walk();
    const said = () => window.webview().locator('[aria-live], [role=status]').allInnerTexts();
    const line = async () =>
      Number(/tick (\d+)\D*$/.exec(await window.webview().locator('main').innerText())?.[1] ?? 0);
    const from = await line();
    await until('more output', async () => (await line()) > from + 5);
    assert.deepEqual((await said()).filter(Boolean), []);
    await window.pressOn(window.webview().getByRole('button', { name: 'Cancel' }), 'Enter');
    await until('the transition to be said', async () => (await said()).includes('cancelled'));
    // A row that moves while its menu is open is lost to the command.
    await window.tree.becomes('/nowhere', 'cancelled');
  });

  it('the details: Tab reaches everything, Enter and Space act', async () => {
    const { window } = host;
    await haveCancelled();
    await window.tree.menuByKeyboard('Show Details', () => window.tree.focus('/nowhere'));
    await window.panel(/^\/nowhere/);
    await walk();
    await window.pressOn(window.webview().getByRole('button', { name: 'Submit again' }), 'Space');
    await window.tree.row(/^Running 1/).waitFor();
  });

  /** Cancels the loop, unless the test before has done so. */
  async function haveCancelled(): Promise<void> {
    const { tree } = host.window;
    if ((await tree.rows()).some(([label]) => label === 'Finished')) return;
    await tree.contextAction('/nowhere', 'Cancel Loop');
    await tree.becomes('/nowhere', 'cancelled');
  }

  /** Shows the dashboard, with a loop that was cancelled and a later one that runs. */
  async function openDashboard(): Promise<FrameLocator> {
    const { window } = host;
    await haveCancelled();
    if (!(await window.tree.rows()).some(([label]) => label.startsWith('Running 1/'))) {
      await window.submit('/nowhere');
      await window.tree.row(/^Running 1/).waitFor();
    }
    await window.command('Show Dashboard');
    const view = await window.panel('Loop Supervisor');
    for (const state of ['running', 'cancelled'])
      await view.getByRole('row', { name: new RegExp(`${state} /nowhere`) }).waitFor();
    return view;
  }

  it('the dashboard: Tab reaches everything, arrows move through timeline and table, Enter opens the loop', async () => {
    const { window } = host;
    const view = await openDashboard();
    await walk();
    const timeline = view.getByRole('application', { name: /Timeline/ });
    await window.pressOn(timeline, 'Home');
    await view.locator('.said', { hasText: /nowhere.*attempt 1 · cancelled/ }).waitFor();
    await window.pressOn(timeline, 'ArrowRight');
    await view.locator('.said', { hasText: /nowhere.*attempt 1 · running/ }).waitFor();
    await window.screenshot('dashboard-keyboard');
    await window.pressOn(timeline, 'Enter');
    await window.panel(/^\/nowhere/);
    await openDashboard();
    const table = view.getByRole('grid');
    await window.pressOn(table, 'ArrowDown');
    await window.pressOn(table, 'End');
    assert.match(await view.locator('[aria-selected=true]').innerText(), /cancelled/);
    await window.pressOn(table, 'Enter');
    await window.panel(/^\/nowhere/);
    await window.webview().locator('.state', { hasText: 'cancelled' }).waitFor();
  });

  it('the dashboard announces what changes in the queue', async () => {
    const { window } = host;
    const view = await openDashboard();
    await window.pressOn(view.getByRole('button', { name: 'Pause' }), 'Enter');
    await until('the pause to be said', async () =>
      (await view.locator('[aria-live]').allInnerTexts()).includes('Queue paused'),
    );
    await window.pressOn(view.getByRole('button', { name: 'Resume' }), 'Space');
    await until('its end to be said', async () =>
      (await view.locator('[aria-live]').allInnerTexts()).includes('Queue resumed'),
    );
  });

  it('Alt+F1 in a page opens the help', async () => {
    const { window } = host;
    await window.command('Show Dashboard');
    const view = await window.panel('Loop Supervisor');
    await window.pressOn(view.getByRole('grid'), 'Alt+F1');
    await window.page.locator('.tab.active').filter({ hasText: 'Loop Supervisor Help' }).waitFor();
  });
});
