import { isDeepStrictEqual } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { shortTitle } from '../../../src/ui/text/loopText.ts';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import { takeMenuItem } from './menu.ts';

/** A row of a tree: label, description, and the rows under it. */
export type Row = readonly [label: string, description: string, children?: readonly Row[]];

/** The row that the keyboard is on. */
const FOCUSED = '.monaco-list:focus .monaco-list-row.focused';

/** The question for the loop of a command whose row is not known. */
const WHICH_LOOP = '.quick-input-widget input[placeholder^="The list changed while the menu was open"]';

/** Our view in the side bar of a window. */
export class LoopTree {
  readonly #page: Page;

  /** A test has shown it: settling shows it again where another view has taken its place. */
  #wasShown = false;

  /** Takes the last entry of a menu again. */
  #again: (() => Promise<void>) | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Shows it again if a test has shown it before. */
  async settle(): Promise<void> {
    if (this.#wasShown) await this.show();
  }

  /** Shows our view: the tree, or the welcome of an empty one. */
  async show(): Promise<void> {
    const shown = this.#page
      .locator('.activitybar .action-item.checked')
      .filter({ has: this.#page.locator('[aria-label^="Loop Supervisor"]') });
    this.#wasShown = true;
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
    await until(`the tree ${JSON.stringify(expected)}`, async () => {
      const rows = steady(await this.rows());
      if (!isDeepStrictEqual(rows, expected)) throw new Error(JSON.stringify(rows));
      return true;
    });
  }

  /** The row with that label, or of the loop with that title, which its row may cut. */
  row(label: string | RegExp): Locator {
    const rows = this.#tree().locator('.monaco-list-row');
    const named = (text: string | RegExp) =>
      rows.filter({ has: this.#page.locator('.label-name').filter({ hasText: text }) });
    if (typeof label !== 'string') return named(label).first();
    return named(exactly(label))
      .or(named(exactly(shortTitle({ title: label, loopId: label }))))
      .first();
  }

  /**
   * Waits until a row says this beside its label, or to a screen reader. A row that is still to move to another group
   * is best waited for before its menu is opened: while it moves VS Code does not know it, and the command asks which
   * loop is meant.
   */
  async becomes(label: string | RegExp, words: string): Promise<void> {
    await until(`${label} to be ${words}`, async () => {
      // In one look: the row may be drawn anew between two.
      const texts = await this.row(label).evaluateAll((rows) =>
        rows.map((row) => `${row.textContent} ${row.getAttribute('aria-label')}`),
      );
      if (texts.some((text) => text.includes(words))) return true;
      await this.takeLostAgain();
      return false;
    });
  }

  /** Waits until no loop runs or waits any more: no row will move by itself. */
  async rests(): Promise<void> {
    await until('a tree in which nothing moves', async () => {
      const groups = (await this.rows()).map(([label]) => label);
      return (
        groups.some((label) => label.startsWith('Running 0/')) &&
        groups.some((label) => label.startsWith('Queued 0/')) &&
        groups.length === 3
      );
    });
  }

  /** Points at a row until it says more. */
  async hover(row: string | RegExp): Promise<void> {
    const hover = this.#page.locator('.workbench-hover-container');
    // One that has only begun ends when a row is drawn anew.
    await until(`the hover of ${row}`, async (timeout) => {
      await this.#page.mouse.move(0, 0);
      await this.row(row).hover({ timeout });
      await hover.waitFor({ timeout });
      return true;
    });
  }

  /**
   * Clicks a row, until an editor with that title is in front: a row that is drawn anew between press and release hears
   * no click.
   */
  async open(row: string | RegExp, title: string | RegExp): Promise<void> {
    const tab = this.#page.locator('.tab.active').filter({ hasText: title });
    await until(`${title} by a click on ${row}`, async (timeout) => {
      if (await tab.isVisible()) return true;
      await this.row(row).click({ timeout });
      await tab.waitFor({ timeout });
      return true;
    });
  }

  /** Presses an inline button of a row, by what it says. */
  async inlineAction(row: string | RegExp, action: string): Promise<void> {
    this.#again = () => this.inlineAction(row, action);
    await until(`${action} on ${row}`, async (timeout) => {
      // A row that moved away under the mouse has no buttons any more.
      await this.row(row).hover({ timeout });
      await this.row(row).locator(`.actions .action-label[aria-label^="${action}"]`).click({ timeout });
      return true;
    });
  }

  /** Takes an entry of a row's context menu. */
  async contextAction(row: string | RegExp, action: string): Promise<void> {
    this.#again = () => this.contextAction(row, action);
    await takeMenuItem(this.#page, (timeout) => this.row(row).click({ button: 'right', timeout }), action);
  }

  /** Selects these rows and no others, with Ctrl and the mouse, which opens none of them. */
  async select(...labels: readonly string[]): Promise<void> {
    await until(`${labels.join(', ')} to be selected`, async (timeout) => {
      await this.#takeKeyboard();
      for (const label of labels) await this.row(label).click({ modifiers: ['ControlOrMeta'], timeout });
      return isDeepStrictEqual((await this.selected()).toSorted(), labels.toSorted());
    });
  }

  /** The labels of the selected rows, from above. */
  async selected(): Promise<string[]> {
    return (await this.#found('.monaco-list-row.selected')).map(({ label }) => label);
  }

  /** The label of the row that the keyboard is on, while the tree has the keyboard. */
  async focused(): Promise<string | undefined> {
    return (await this.#found(FOCUSED))[0]?.label;
  }

  /** Gives the keyboard to the tree, on the row with that label; no row is selected. */
  async focus(label: string): Promise<void> {
    const { keyboard } = this.#page;
    await until(`the keyboard on ${label}`, async () => {
      await this.#takeKeyboard();
      // Rows come, go and move in between, so each key is judged by where it led.
      await keyboard.press('Home');
      for (let before: number | undefined; ; await keyboard.press('ArrowDown')) {
        const [at] = await this.#found(FOCUSED);
        if (at?.label === label) return true;
        if (at === undefined || at.index === before) return false;
        before = at.index;
      }
    });
  }

  /** What a screen reader says of a row. */
  async spoken(label: string | RegExp): Promise<string> {
    return (await this.row(label).getAttribute('aria-label')) ?? '';
  }

  /** Drags a row, and with it all that are selected if it is one of them, onto another row. */
  async drag(label: string, onto: string | RegExp): Promise<void> {
    await this.dragTo(label, await middle(this.row(onto)));
  }

  /** Drags a row to a place on the screen. */
  async dragTo(label: string, { x, y }: { readonly x: number; readonly y: number }): Promise<void> {
    const from = await middle(this.row(label));
    const { mouse } = this.#page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(from.x + 6, from.y + 6);
    await mouse.move(x, y, { steps: 4 });
    // The tree takes up what is dragged over it with the next move.
    await mouse.move(x + 1, y);
    await mouse.up();
  }

  /** A place below all rows. */
  async below(): Promise<{ readonly x: number; readonly y: number }> {
    const box = await this.#tree().boundingBox();
    if (!box) throw new Error('The tree is not to be seen.');
    return { x: box.x + box.width / 2, y: box.y + box.height - 12 };
  }

  /**
   * Presses a key on a row until `isDone`. A page that has only just come is given the keyboard, once more even: then
   * the key went there, and is pressed again. As long as the tree has the keyboard, the key was heard: it is not
   * pressed again, for a row that does not open is a fault.
   */
  async press(label: string, key: string, isDone: () => Promise<boolean>): Promise<void> {
    await until(`what ${key} on ${label} does`, async () => {
      await this.focus(label);
      await this.#page.keyboard.press(key);
      await until(`what ${key} on ${label} does, or another to have the keyboard`, async () => {
        return (await isDone()) || (await this.focused()) !== label;
      });
      return isDone();
    });
  }

  /**
   * Opens the context menu of what is selected by keyboard, and takes an entry of it. `begin` gives the keyboard to the
   * tree.
   */
  async menuByKeyboard(action: string, begin = async () => {}): Promise<void> {
    this.#again = () => this.menuByKeyboard(action, begin);
    const { keyboard } = this.#page;
    const menu = this.#page.locator('.monaco-menu');
    const focused = menu.locator('.action-item.focused .action-label');
    // A page that has only just come takes the keyboard, and with it goes the menu.
    await until(`${action} in the menu`, async (timeout) => {
      await begin();
      await keyboard.press('Shift+F10');
      await menu.waitFor({ timeout });
      while ((await focused.allInnerTexts())[0] !== action) {
        if (!(await menu.isVisible())) return false;
        await keyboard.press('ArrowDown');
      }
      return true;
    });
    await keyboard.press('Enter');
  }

  /** Calls a command on rows by their menu, and again if it does not know them, until `isDone`. */
  async callOnRows(call: () => Promise<void>, isDone: () => Promise<boolean>): Promise<void> {
    await until('what the menu of rows does', async () => {
      await call();
      this.#again = undefined;
      await until(
        'that, or the question which loop is meant',
        async () => (await isDone()) || (await this.#page.locator(WHICH_LOOP).isVisible()),
      );
      if (await isDone()) return true;
      await this.#page.keyboard.press('Escape');
      return false;
    });
  }

  /**
   * Takes the last entry of a menu once more if the command did not know its row, and asks which loop is meant: VS Code
   * forgets all rows while it reads them anew, however still they stand on the screen.
   */
  async takeLostAgain(): Promise<void> {
    if (!this.#again || !(await this.#page.locator(WHICH_LOOP).isVisible())) return;
    await this.#page.keyboard.press('Escape');
    await this.#page.locator(WHICH_LOOP).waitFor({ state: 'hidden' });
    await this.#again();
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

  /** Gives the keyboard to the tree, with no row selected. */
  async #takeKeyboard(): Promise<void> {
    const list = this.#tree().locator('.monaco-list').first();
    await until('the keyboard in the tree, and no row selected', async () => {
      await list.focus();
      await this.#page.keyboard.press('Escape');
      return (await list.evaluate((element) => element.matches(':focus'))) && (await this.selected()).length === 0;
    });
  }

  /** Rows by a selector, from above. */
  async #found(rows: string): Promise<{ readonly index: number; readonly label: string }[]> {
    const found = await this.#tree()
      .locator(rows)
      .evaluateAll((elements) =>
        elements.map((element) => ({
          index: Number(element.getAttribute('data-index')),
          label: element.querySelector('.label-name')?.textContent ?? '',
        })),
      );
    return found.toSorted((a, b) => a.index - b.index);
  }

  #tree(): Locator {
    return this.#page.locator('.part.sidebar .tree-explorer-viewlet-tree-view').first();
  }
}

async function middle(row: Locator): Promise<{ x: number; y: number }> {
  const box = await row.boundingBox();
  if (!box) throw new Error('The row is not to be seen.');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Rows with `…s` for a length of time and `hh:mm` for a time of day. */
export function steady(rows: readonly Row[]): Row[] {
  const fix = (text: string) =>
    text.replaceAll(/\b(\d+h )?(\d+m )?\d+s\b/g, '…s').replaceAll(/\b\d\d:\d\d(:\d\d)?\b/g, 'hh:mm');
  return rows.map(([label, description, children]) =>
    children ? [fix(label), fix(description), steady(children)] : [fix(label), fix(description)],
  );
}
