import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';

/** The page of a walkthrough. */
export class Walkthrough {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The titles of the steps. */
  async steps(): Promise<string[]> {
    await this.#steps().first().waitFor();
    return this.#steps().locator('.step-title').allInnerTexts();
  }

  /** Unfolds a step. */
  async select(title: string): Promise<void> {
    const step = this.#step(title);
    if ((await step.getAttribute('aria-expanded')) !== 'true') await step.locator('.step-title').click();
    await until(`the step ${title} to unfold`, async () => (await step.getAttribute('aria-expanded')) === 'true');
  }

  /** What the unfolded step says, without its buttons. */
  async text(): Promise<string> {
    return (await this.#unfolded().locator('.step-description-container p').allInnerTexts()).join('\n');
  }

  /** The buttons of the unfolded step. */
  async buttons(): Promise<string[]> {
    return this.#unfolded().locator('.monaco-button').allInnerTexts();
  }

  async press(button: string): Promise<void> {
    await this.#unfolded()
      .locator('.monaco-button')
      .filter({ hasText: exactly(button) })
      .click();
  }

  /** Whether a step is ticked off. */
  async isDone(title: string): Promise<boolean> {
    return (await this.#step(title).locator('[role="checkbox"]').getAttribute('aria-checked')) === 'true';
  }

  /**
   * Waits for the picture beside the steps that says this to those who cannot see it: that of the step before stays
   * for a while. Answers its width.
   */
  async picture(alt: RegExp): Promise<number> {
    const inside = this.#page
      .frameLocator('.getting-started-media iframe.webview.ready')
      .frameLocator('iframe#active-frame');
    const picture = inside.locator('svg[role="img"], img').first();
    return until(`the picture ${alt} to be drawn`, async () => {
      const [said, width] = await picture.evaluate((element): [string, number] => {
        const loaded =
          !('complete' in element) ||
          (element.complete === true && (element as { naturalWidth?: number }).naturalWidth !== 0);
        const { width: drawn } = element.getBoundingClientRect();
        return [element.getAttribute('aria-label') ?? element.getAttribute('alt') ?? '', loaded ? drawn : 0];
      });
      if (!alt.test(said)) throw new Error(said);
      return width > 0 && width;
    });
  }

  #steps(): Locator {
    return this.#page.locator('.getting-started-step');
  }

  #step(title: string): Locator {
    return this.#steps().filter({ has: this.#page.locator('.step-title').filter({ hasText: exactly(title) }) });
  }

  #unfolded(): Locator {
    return this.#page.locator('.getting-started-step.expanded');
  }
}
