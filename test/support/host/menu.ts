import type { Locator, Page } from 'playwright-core';
import { exactly } from './exactly.ts';

/** Takes an entry of the open menu. */
export async function takeMenuItem(page: Page, label: string): Promise<void> {
  // A click too soon after the menu opened is taken for the end of the one that opened it, so: point and press Enter.
  await menuItem(page, label).hover();
  await page.locator('.monaco-menu .action-item.focused').filter({ hasText: label }).waitFor();
  await page.keyboard.press('Enter');
}

/** An entry of the open menu. */
export function menuItem(page: Page, label: string): Locator {
  return page
    .locator('.monaco-menu .action-item')
    .filter({ has: page.locator('.action-label').filter({ hasText: exactly(label) }) });
}
