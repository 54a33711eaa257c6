import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import { menuItem, takeMenuItem } from './menu.ts';
import type { QuickInput } from './quickInput.ts';

/** What does not come in so long (ms) is begun anew. */
const AGAIN_MS = 10_000;

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
    await takeMenuItem(this.#page, () => this.#row(file).click({ button: 'right' }), action);
  }

  /** Whether the context menu of a file has this entry. */
  async offers(file: string, action: string): Promise<boolean> {
    const last = menuItem(this.#page, 'Delete Permanently');
    const offered = await until(`the menu of ${file}`, async () => {
      await this.#row(file).click({ button: 'right', timeout: AGAIN_MS });
      await last.waitFor({ timeout: AGAIN_MS });
      return { isThere: (await menuItem(this.#page, action).count()) > 0 };
    });
    await this.#page.keyboard.press('Escape');
    await last.waitFor({ state: 'detached' });
    return offered.isThere;
  }

  /** Selects these files and no others, without opening them. */
  async select(...files: readonly string[]): Promise<void> {
    const [first, ...others] = files;
    const selected = this.#page.locator('.explorer-folders-view .monaco-list-row.selected .label-name');
    await until(`${files.join(', ')} to be selected`, async () => {
      await this.#row(first ?? '').click({ timeout: AGAIN_MS });
      for (const file of others) await this.#row(file).click({ modifiers: ['ControlOrMeta'], timeout: AGAIN_MS });
      return (await selected.allInnerTexts()).toSorted().join() === [...files].sort().join();
    });
  }

  #row(file: string): Locator {
    return this.#page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ has: this.#page.locator('.label-name').filter({ hasText: exactly(file) }) });
  }
}
