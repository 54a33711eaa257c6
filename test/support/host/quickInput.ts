import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';

const CATEGORY = 'Loop Supervisor';
/** The palette takes less time (ms) to come on the slowest machine, if the key was heard. */
const SWALLOWED_MS = 5_000;

/** The palette, input boxes and picks of a window. */
export class QuickInput {
  readonly #page: Page;
  /** Puts away a question that only stands in the way: that for the loop of a command whose row was drawn anew. */
  makeWay: () => Promise<void> = async () => {};

  constructor(page: Page) {
    this.#page = page;
  }

  /** Runs a command of ours from the palette, by its title without the category. */
  async command(title: string): Promise<void> {
    await this.anyCommand(`${CATEGORY}: ${title}`);
  }

  /** Runs a command from the palette, by its whole title. */
  async anyCommand(title: string): Promise<void> {
    await this.#inPalette(title, async (timeout) => {
      await this.#row(title).click({ timeout });
      return true;
    });
  }

  /** Opens the palette and types in it, until `done`. */
  async search(text: string, done: () => Promise<boolean>): Promise<void> {
    await this.#inPalette(text, done);
    await this.#page.keyboard.press('Escape');
  }

  /**
   * Opens the palette, types in it and then does something there, all of it once more if the palette goes in between:
   * that of the question before closes late, and a page that has only just come takes the keyboard.
   */
  async #inPalette(text: string, act: (patienceMs: number) => Promise<boolean>): Promise<void> {
    const input = this.input();
    let pressed = Number.NEGATIVE_INFINITY;
    await until(`“${text}” in the palette`, async (timeout) => {
      if ((await this.text()).startsWith('>')) {
        // Should it go now, it was heard: then it is opened again at once.
        pressed = Number.NEGATIVE_INFINITY;
        await input.fill(`>${text}`, { timeout });
        return act(timeout);
      }
      // A page that is just loading swallows the key: then it is pressed again.
      if (performance.now() - pressed > SWALLOWED_MS) {
        pressed = performance.now();
        await this.#page.keyboard.press('F1');
      }
      return false;
    });
  }

  /** The field of the palette, of an input box or of a pick. */
  input(): Locator {
    return this.#page.locator('.quick-input-widget:visible .quick-input-filter input').first();
  }

  /** What is typed in it; nothing where none is open. */
  async text(): Promise<string> {
    const [text] = await this.input().evaluateAll((inputs) =>
      inputs.map((input) => (input as { value?: string }).value),
    );
    return text ?? '';
  }

  /** Answers an input box whose prompt or title holds `prompt`. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    await this.asked(prompt);
    await this.input().fill(text);
    await this.#enter();
  }

  /** Waits for a quick input that shows this text: as its title, prompt, placeholder or complaint. */
  async asked(prompt: string | RegExp): Promise<void> {
    await until(`the question ${prompt}`, async () => {
      await this.makeWay();
      const shown = await this.question();
      return typeof prompt === 'string' ? shown.includes(prompt) : prompt.test(shown);
    });
  }

  /** All that the open quick input says; empty if none is open. */
  async question(): Promise<string> {
    const said = await this.#page
      .locator('.quick-input-widget:visible')
      .locator('.quick-input-title, .quick-input-message, .quick-input-description, .quick-input-filter input')
      .evaluateAll((elements) =>
        elements.map((element) => element.getAttribute('placeholder') ?? element.textContent ?? ''),
      );
    return said.join('\n');
  }

  /** Takes the choice with this label in the open pick. */
  async pick(label: string | RegExp): Promise<void> {
    await this.#row(label).click();
  }

  /**
   * Answers each question once, with what it proposes, until `isDone`, which is given what is asked. `answered` is the
   * question that has been answered already, and may still be there.
   */
  async acceptUntil(isDone: (question: string) => boolean | Promise<boolean>, answered = ''): Promise<void> {
    let last = answered;
    await until('the end of the questions', async () => {
      const question = await this.question();
      if (await isDone(question)) return true;
      if (question === '' || question === last || !(await this.#isAnswerable())) return false;
      last = question;
      await this.#enter();
      return false;
    });
  }

  /** Waits for this question, and answers it with what it proposes. */
  async accept(prompt: string | RegExp): Promise<void> {
    await this.asked(prompt);
    await until(`what ${prompt} proposes`, () => this.#isAnswerable());
    await this.#enter();
  }

  /** Presses Enter in the field, wherever the keyboard is. */
  async #enter(): Promise<void> {
    await this.input().press('Enter');
  }

  /** Whether Enter would answer: a text always does, a list only when it has a choice. */
  async #isAnswerable(): Promise<boolean> {
    const list = this.#page.locator('.quick-input-widget:visible .quick-input-list');
    return !(await list.isVisible()) || (await list.locator('.monaco-list-row.focused').count()) > 0;
  }

  /** Presses a button of the choice with this label, by what it says. */
  async pressButton(label: string | RegExp, button: string): Promise<void> {
    await until(`${button} of ${label}`, async (timeout) => {
      await this.#row(label).hover({ timeout });
      await this.#row(label).locator(`.action-label[aria-label="${button}"]`).click({ timeout });
      return true;
    });
  }

  /** Presses a button in the title of the quick input, by what it says. */
  async pressTitleButton(button: string): Promise<void> {
    await this.#page.locator(`.quick-input-titlebar .action-label[aria-label^="${button}"]`).click();
  }

  /**
   * The choices of the open pick with all that each says, by its label: description, and a detail in the line below.
   */
  async said(): Promise<Record<string, string>> {
    const rows = await this.#page
      .locator('.quick-input-list .monaco-list-row .quick-input-list-rows')
      .evaluateAll((elements) =>
        elements.map((row) =>
          // Rows are used again for others, with what they do not need hidden.
          [
            ...row.querySelectorAll(
              '.quick-input-list-row:first-child :is(.label-name, .label-description), .quick-input-list-label-meta .label-name',
            ),
          ]
            .filter((part) => part.getClientRects().length > 0)
            .map((part) => part.textContent?.trim() ?? ''),
        ),
      );
    return Object.fromEntries(rows.map(([label, ...said]) => [label, said.join(' | ')]));
  }

  /** The label of the choice that Enter would take. */
  async active(): Promise<string> {
    return (
      await this.#page.locator('.quick-input-list .monaco-list-row.focused .label-name').first().innerText()
    ).trim();
  }

  /**
   * Moves to the choice with this label by the arrow keys. A list that is filled at the moment of a key may swallow it,
   * so each key is judged by where it led, as a user would.
   */
  async moveTo(label: string): Promise<void> {
    let pressed = Number.NEGATIVE_INFINITY;
    let from = '';
    await until(`“${label}” to be the active choice`, async () => {
      const active = await this.active();
      if (active === label) return true;
      if (active !== from || performance.now() - pressed > SWALLOWED_MS) {
        const choices = await this.choices();
        await this.#page.keyboard.press(choices.indexOf(active) < choices.indexOf(label) ? 'ArrowDown' : 'ArrowUp');
        pressed = performance.now();
        from = active;
      }
      return false;
    });
  }

  /** The labels of the open pick. */
  async choices(): Promise<string[]> {
    return this.#page
      .locator(
        '.quick-input-list .monaco-list-row .quick-input-list-rows > .quick-input-list-row:first-child .label-name',
      )
      .allInnerTexts();
  }

  #row(label: string | RegExp): Locator {
    return this.#page
      .locator('.quick-input-list .monaco-list-row')
      .filter({
        has: this.#page
          .locator('.quick-input-list-label .label-name, .quick-input-list-label')
          .filter({ hasText: typeof label === 'string' ? exactly(label) : label }),
      })
      .first();
  }
}
