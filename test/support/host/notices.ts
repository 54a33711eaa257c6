import type { Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import type { QuickInput } from './quickInput.ts';

/** A notification by itself, or in the list of all: one by itself goes after a few seconds. */
const SHOWN = '.notification-toast, .notifications-center .notification-list-item';
/** What does not come in so long (ms) is looked for in the list of all. */
const LISTED_MS = 8_000;

/** A notification as it stands on the screen. */
export interface Toast {
  readonly severity: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly buttons: readonly string[];
}

/** What a window says unasked: notifications and modal dialogs. */
export class Notices {
  readonly #page: Page;
  readonly #input: QuickInput;

  constructor(page: Page, input: QuickInput) {
    this.#page = page;
    this.#input = input;
  }

  async all(): Promise<Toast[]> {
    return this.#page.locator(SHOWN).evaluateAll((elements) =>
      elements.map((element) => ({
        severity:
          (['error', 'warning', 'info'] as const).find((name) =>
            element.querySelector(`.notification-list-item-icon.codicon-${name}`),
          ) ?? 'info',
        message: element.querySelector('.notification-list-item-message')?.textContent ?? '',
        buttons: [...element.querySelectorAll('.monaco-text-button')].map((button) => button.textContent ?? ''),
      })),
    );
  }

  /** Waits for a notification that says this, also for one that has gone from the screen and is kept in the list. */
  async says(message: string | RegExp): Promise<Toast> {
    let looked = performance.now();
    return until(`the notification ${message}`, async (timeout) => {
      const found = (await this.all()).find((toast) =>
        typeof message === 'string' ? toast.message.includes(message) : message.test(toast.message),
      );
      if (!found && performance.now() - looked > LISTED_MS) {
        await this.#openList(timeout);
        looked = performance.now();
      }
      return found;
    });
  }

  /** Presses a button of the notification that says this. */
  async press(message: string | RegExp, button: string): Promise<void> {
    const notice = this.#page
      .locator(SHOWN)
      .filter({ has: this.#page.locator('.notification-list-item-message').filter({ hasText: message }) });
    await until(`${button} of the notification ${message}`, async (timeout) => {
      await this.says(message);
      await notice
        .locator('.monaco-text-button')
        .filter({ hasText: exactly(button) })
        .first()
        .click({ timeout });
      return true;
    });
  }

  /** Opens the list of all notifications, if some are new and no question would go with the keyboard. */
  async #openList(timeout: number): Promise<void> {
    const bell = this.#page.locator('[id="status.notifications"]');
    const isOpen = await this.#page.locator('.notifications-center').isVisible();
    if (isOpen || (await this.#input.question()) !== '') return;
    if (await bell.locator('.codicon-bell-dot').isVisible()) await bell.locator('a').first().click({ timeout });
  }

  async clear(): Promise<void> {
    if ((await this.all()).length === 0) return;
    await this.#input.anyCommand('Notifications: Clear All Notifications');
    await until('no notification', async () => (await this.all()).length === 0);
  }

  /** Presses a button of the modal dialog that says this. */
  async pressInDialog(message: string | RegExp, button: string): Promise<void> {
    const dialog = this.#page.locator('.monaco-dialog-box').filter({ hasText: message });
    await dialog
      .locator('.monaco-text-button')
      .filter({ hasText: exactly(button) })
      .click();
  }
}
