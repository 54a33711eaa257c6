import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';

/**
 * Opens a menu and takes an entry of it. A menu goes when what it belongs to is drawn anew, when settings change and
 * when a page takes the keyboard: then it is opened again.
 */
export async function takeMenuItem(
  page: Page,
  open: (patienceMs: number) => Promise<void>,
  label: string,
): Promise<void> {
  const menu = page.locator('.monaco-menu').first();
  const focused = page.locator('.monaco-menu .action-item.focused').filter({ hasText: label });
  await until(`${label} in the menu`, async (timeout) => {
    try {
      // A menu that opens under a mouse that rests marks nothing when it is pointed at: the mouse has to come from
      // elsewhere.
      await page.mouse.move(0, 0);
      await open(timeout);
      await menu.waitFor({ timeout });
      // A click too soon after the menu opened is taken for the end of the one that opened it, so: point and press
      // Enter.
      await menuItem(page, label).hover({ timeout });
      await focused.waitFor({ timeout });
    } catch (error) {
      // Without a menu the key would go to what had the keyboard before, and take back its selection.
      if (await menu.isVisible()) await page.keyboard.press('Escape');
      throw error;
    }
    await page.keyboard.press('Enter');
    return true;
  });
}

/** An entry of the open menu. */
export function menuItem(page: Page, label: string): Locator {
  return page
    .locator('.monaco-menu .action-item')
    .filter({ has: page.locator('.action-label').filter({ hasText: exactly(label) }) });
}
