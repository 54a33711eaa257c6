import type { Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';

/** A picture of a walkthrough step, as it is drawn. */
export interface Picture {
  /** What it says to those who can not see it. */
  readonly alt: string;
  /** In pixels; 0 when it has not loaded. */
  readonly width: number;
}

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

  /** Waits for the picture beside the steps. */
  async picture(): Promise<Picture> {
    const inside = this.#page.frameLocator('.getting-started-media iframe.webview.ready').frameLocator('iframe#active-frame');
    const picture = inside.locator('svg[role="img"], img').first();
    await picture.waitFor();
    return until('the picture to be drawn', () =>
      picture.evaluate((element) => {
        const alt = element.getAttribute('aria-label') ?? element.getAttribute('alt') ?? '';
        const loaded = !('complete' in element) || (element.complete === true && (element as { naturalWidth?: number }).naturalWidth !== 0);
        return loaded && { alt, width: element.getBoundingClientRect().width };
      }),
    );
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
