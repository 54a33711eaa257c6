import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { takeMenuItem } from './menu.ts';
import type { QuickInput } from './quickInput.ts';

/** The text editors of a window. */
export class TextEditor {
  readonly #page: Page;
  readonly #input: QuickInput;

  constructor(page: Page, input: QuickInput) {
    this.#page = page;
    this.#input = input;
  }

  /** Opens a file of the workspace. */
  async open(name: string): Promise<void> {
    const row = this.#page.locator('.quick-input-list .monaco-list-row').filter({ hasText: name }).first();
    // A page that has only just come takes the keyboard, and with it goes the list.
    await until(`${name} in the list of files`, async (timeout) => {
      if (!(await this.#input.input().isVisible())) await this.#page.keyboard.press('Control+P');
      await this.#input.input().fill(name, { timeout });
      await row.click({ timeout });
      return true;
    });
    await this.#page.locator('.tab.active').filter({ hasText: name }).waitFor();
    await this.code().waitFor();
  }

  /** The text editor in front. */
  code(): Locator {
    return this.#page.locator('.editor-group-container.active .monaco-editor[role="code"]').first();
  }

  /** Selects whole lines of the file in front, both counted from 1. */
  async selectLines(from: number, to: number): Promise<void> {
    const { keyboard } = this.#page;
    // A page that has only just come takes keys away, so the status bar is asked where they have led.
    await until(`the lines ${from} to ${to} to be selected`, async (timeout) => {
      await this.goTo(from);
      for (let line = from; line < to; line++) await keyboard.press('Shift+ArrowDown');
      await keyboard.press('Shift+End');
      return this.#isAt(to, /selected/, timeout);
    });
  }

  /** Puts the cursor at the start of a line, counted from 1. */
  async goTo(line: number): Promise<void> {
    await this.jumpTo(line);
    await until(`the cursor in line ${line}, with the keyboard`, (timeout) => this.#isAt(line, /Col 1$/, timeout));
  }

  /** The same in an editor that lies over the window: there the status bar does not say where the cursor is. */
  async jumpTo(line: number): Promise<void> {
    await until('the question for the line', async (timeout) => {
      if (!(await this.#input.input().isVisible())) await this.#page.keyboard.press('Control+G');
      return (await this.#input.input().inputValue({ timeout })).startsWith(':');
    });
    await this.#input.input().fill(`:${line}`);
    await this.#page.keyboard.press('Enter');
    await this.#input.input().waitFor({ state: 'hidden' });
    await until('the keyboard in the editor', () => this.#hasKeyboard());
  }

  /** Whether the editor has the keyboard, and the cursor is in that line; what the status bar says of it fits. */
  async #isAt(line: number, says: RegExp, timeout: number): Promise<boolean> {
    const said = (await this.#page.locator('[id="status.editor.selection"]').innerText({ timeout })).trim();
    return (await this.#hasKeyboard()) && said.startsWith(`Ln ${line},`) && says.test(said);
  }

  /** Types at the cursor, once the editor has the keyboard and, if given, holds that text. */
  async type(text: string, holds = ''): Promise<void> {
    await until(`an editor with “${holds}” and the keyboard`, async () => {
      return (await this.#hasKeyboard()) && (await this.text()).startsWith(holds);
    });
    await this.#page.keyboard.type(text);
  }

  async #hasKeyboard(): Promise<boolean> {
    return this.code().evaluate((code) => code.contains(code.ownerDocument.activeElement));
  }

  #title(): Locator {
    return this.#page.locator('.editor-group-container.active .title .editor-actions');
  }

  /** The text of the lines that an editor shows. */
  async text(): Promise<string> {
    const lines = await this.code()
      .locator('.view-line')
      .evaluateAll((elements) =>
        elements
          .map((element) => ({
            top: Number.parseFloat((element as unknown as { style: { top: string } }).style.top),
            text: element.textContent ?? '',
          }))
          .sort((a, b) => a.top - b.top)
          .map(({ text }) => text),
      );
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The lines of one side of the diffs in front, as far as they are on the screen. */
  async diff(side: 'original' | 'modified'): Promise<string[]> {
    const lines = await this.#page
      .locator(`.editor-group-container.active .editor.${side} .view-line`)
      .allTextContents();
    return lines.map((line) => line.replaceAll('\u00a0', ' '));
  }

  /** Takes an entry of the context menu of the selection. */
  async contextAction(action: string): Promise<void> {
    await takeMenuItem(this.#page, () => this.#page.keyboard.press('Shift+F10'), action);
  }

  /** Presses a button of the editor's title bar, by what it says. */
  async titleAction(action: string): Promise<void> {
    await this.#title().locator(`.action-label[aria-label^="${action}"]`).click();
  }

  /** Takes an entry of the menu behind the dots of the editor's title bar. */
  async titleMenu(action: string): Promise<void> {
    await takeMenuItem(this.#page, () => this.titleAction('More Actions'), action);
  }

  /** The titles of the open editors. */
  async tabs(): Promise<string[]> {
    return this.#page.locator('.tabs-container .tab .label-name').allInnerTexts();
  }
}
