import { isDeepStrictEqual } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import { takeMenuItem } from './menu.ts';

/** A row of a tree: label, description, and the rows under it. */
export type Row = readonly [label: string, description: string, children?: readonly Row[]];

/** Our view in the side bar of a window. */
export class LoopTree {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Shows our view: the tree, or the welcome of an empty one. */
  async show(): Promise<void> {
    const shown = this.#page.locator('.activitybar .action-item.checked').filter({ has: this.#page.locator('[aria-label^="Loop Supervisor"]') });
    if ((await shown.count()) === 0) await this.#icon().click();
    await shown.waitFor();
    await this.#tree().waitFor({ state: 'attached' });
  }

  /** A button or a link of the welcome of an empty view. */
  welcome(label: string): Locator {
    return this.#page
      .locator('.part.sidebar .welcome-view-content')
      .locator('.monaco-button, a')
      .filter({ hasText: exactly(label) })
      .first();
  }

  /** The tree as nested rows, as far as it is unfolded and on the screen. */
  async rows(): Promise<Row[]> {
    const flat = await this.#tree()
      .locator('.monaco-list-row')
      .evaluateAll((elements) =>
        elements
          .map((element) => ({
            at: Number(element.getAttribute('data-index')),
            level: Number(element.getAttribute('aria-level')),
            label: element.querySelector('.label-name')?.textContent ?? '',
            description: element.querySelector('.label-description')?.textContent ?? '',
          }))
          .sort((a, b) => a.at - b.at),
      );
    const nest = (level: number): Row[] => {
      const rows: Row[] = [];
      while (flat[0]?.level === level) {
        const { label, description } = flat.shift()!;
        const children = nest(level + 1);
        rows.push(children.length > 0 ? [label, description, children] : [label, description]);
      }
      return rows;
    };
    return nest(1);
  }

  /** The labels of all rows that are on the screen. */
  async labels(): Promise<string[]> {
    return this.#tree().locator('.monaco-list-row .label-name').allInnerTexts();
  }

  /** Waits until the tree is exactly this, with times as `steady` writes them. */
  async shows(expected: readonly Row[]): Promise<void> {
    await until(
      `the tree ${JSON.stringify(expected)}`,
      async () => {
        const rows = steady(await this.rows());
        if (!isDeepStrictEqual(rows, expected)) throw new Error(JSON.stringify(rows));
        return true;
      },
      30_000,
    );
  }

  /** The row with that label. */
  row(label: string | RegExp): Locator {
    return this.#tree()
      .locator('.monaco-list-row')
      .filter({ has: this.#page.locator('.label-name').filter({ hasText: typeof label === 'string' ? exactly(label) : label }) })
      .first();
  }

  /** Presses an inline button of a row, by what it says. */
  async inlineAction(row: string | RegExp, action: string): Promise<void> {
    await this.row(row).hover();
    await this.row(row).locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  /** Takes an entry of a row's context menu. */
  async contextAction(row: string | RegExp, action: string): Promise<void> {
    await this.row(row).click({ button: 'right' });
    await this.menuItem(action);
  }

  /** Takes an entry of the open menu. */
  async menuItem(label: string): Promise<void> {
    await takeMenuItem(this.#page, label);
  }

  /** The text of the tree's number on the activity bar; empty if there is none. */
  async badge(): Promise<string> {
    const badge = this.#icon().locator('.badge-content');
    return (await badge.count()) > 0 ? ((await badge.first().textContent()) ?? '') : '';
  }

  /** Our place on the activity bar, with its number. */
  #icon(): Locator {
    return this.#page
      .locator('.activitybar .action-item')
      .filter({ has: this.#page.locator('[aria-label^="Loop Supervisor"]') })
      .first();
  }

  #tree(): Locator {
    return this.#page.locator('.part.sidebar .tree-explorer-viewlet-tree-view').first();
  }
}

/** Rows with `…s` for a length of time and `hh:mm` for a time of day. */
export function steady(rows: readonly Row[]): Row[] {
  const fix = (text: string) => text.replaceAll(/\b(\d+h )?(\d+m )?\d+s\b/g, '…s').replaceAll(/\b\d\d:\d\d(:\d\d)?\b/g, 'hh:mm');
  return rows.map(([label, description, children]) => (children ? [fix(label), fix(description), steady(children)] : [fix(label), fix(description)]));
}
