import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import { menuItem, takeMenuItem } from './menu.ts';
import type { QuickInput } from './quickInput.ts';

/** The files of the workspace in the side bar. */
export class Explorer {
  readonly #page: Page;
  readonly #input: QuickInput;

  constructor(page: Page, input: QuickInput) {
    this.#page = page;
    this.#input = input;
  }

  async show(): Promise<void> {
    await this.#input.anyCommand('File: Focus on Files Explorer');
    await this.#page.locator('.explorer-folders-view').waitFor();
  }

  /** Takes an entry of a file's context menu. */
  async contextAction(file: string, action: string): Promise<void> {
    await takeMenuItem(this.#page, (timeout) => this.#row(file).click({ button: 'right', timeout }), action);
  }

  /** Whether the context menu of a file has this entry. */
  async offers(file: string, action: string): Promise<boolean> {
    const last = menuItem(this.#page, 'Delete Permanently');
    const offered = await until(`the menu of ${file}`, async (timeout) => {
      await this.#row(file).click({ button: 'right', timeout });
      await last.waitFor({ timeout });
      return { isThere: (await menuItem(this.#page, action).count()) > 0 };
    });
    await this.#page.keyboard.press('Escape');
    await last.waitFor({ state: 'detached' });
    return offered.isThere;
  }

  /** Selects these files and no others. VS Code shows the first in an editor. */
  async select(...files: readonly string[]): Promise<void> {
    const [first, ...others] = files;
    const selected = this.#page.locator('.explorer-folders-view .monaco-list-row.selected .label-name');
    await until(`${files.join(', ')} to be selected`, async (timeout) => {
      await this.#row(first ?? '').click({ timeout });
      for (const file of others) await this.#row(file).click({ modifiers: ['ControlOrMeta'], timeout });
      return (await selected.allInnerTexts()).toSorted().join() === [...files].sort().join();
    });
  }

  #row(file: string): Locator {
    return this.#page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ has: this.#page.locator('.label-name').filter({ hasText: exactly(file) }) });
  }
}
