import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';

const CATEGORY = 'Loop Supervisor';
/** What does not come in so long (ms) is begun anew. */
const AGAIN_MS = 10_000;
/** The palette takes less time (ms) to come on the slowest machine, if the key was heard. */
const SWALLOWED_MS = 5_000;

/** The palette, input boxes and picks of a window. */
export class QuickInput {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Runs a command of ours from the palette, by its title without the category. */
  async command(title: string): Promise<void> {
    await this.anyCommand(`${CATEGORY}: ${title}`);
  }

  /** Runs a command from the palette, by its whole title. */
  async anyCommand(title: string): Promise<void> {
    const input = this.input();
    let pressed = Number.NEGATIVE_INFINITY;
    // The palette may go at any of these steps: that of the question before closes late, and a page that is just there takes the keyboard.
    await until(`the command ${title} in the palette`, async () => {
      if ((await input.isVisible()) && (await input.inputValue({ timeout: AGAIN_MS })).startsWith('>')) {
        // Should it go now, it was heard: then it is opened again at once.
        pressed = Number.NEGATIVE_INFINITY;
        await input.fill(`>${title}`, { timeout: AGAIN_MS });
        await this.#row(title).click({ timeout: AGAIN_MS });
        return true;
      }
      // A page that is just loading swallows the key: then it is pressed again.
      if (performance.now() - pressed > SWALLOWED_MS) {
        pressed = performance.now();
        await this.#page.keyboard.press('F1');
      }
      return false;
    });
  }

  /** The titles of our commands that the palette offers now. */
  async offeredCommands(): Promise<string[]> {
    await this.#page.keyboard.press('F1');
    await this.input().fill(`>${CATEGORY}: `);
    const titles = await until('commands in the palette', async () => {
      const labels = (await this.choices()).filter((label) => label.startsWith(`${CATEGORY}: `));
      return labels.length > 0 && labels;
    });
    await this.#page.keyboard.press('Escape');
    return titles.map((title) => title.slice(CATEGORY.length + 2));
  }

  /** The field of the palette, of an input box or of a pick. */
  input(): Locator {
    return this.#page.locator('.quick-input-widget:visible .quick-input-filter input').first();
  }

  /** Answers an input box whose prompt or title holds `prompt`. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    await this.asked(prompt);
    await this.input().fill(text);
    await this.#page.keyboard.press('Enter');
  }

  /** Waits for a quick input that shows this text: as its title, prompt, placeholder or complaint. */
  async asked(prompt: string | RegExp): Promise<void> {
    await until(`the question ${prompt}`, async () => {
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

  /** Presses a button of the choice with this label, by what it says. */
  async pressButton(label: string | RegExp, button: string): Promise<void> {
    await this.#row(label).hover();
    await this.#row(label).locator(`.action-label[aria-label="${button}"]`).click();
  }

  /** Presses a button in the title of the quick input, by what it says. */
  async pressTitleButton(button: string): Promise<void> {
    await this.#page.locator(`.quick-input-titlebar .action-label[aria-label^="${button}"]`).click();
  }

  /** The choices of the open pick with all that each says, by its label: description, and a detail in the line below. */
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
