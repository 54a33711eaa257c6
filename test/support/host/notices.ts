import type { Page } from 'playwright-core';
import { until } from '../until.ts';
import { exactly } from './exactly.ts';
import type { QuickInput } from './quickInput.ts';

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
    return this.#page.locator('.notification-toast').evaluateAll((elements) =>
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

  /** Waits for a notification that says this. */
  async says(message: string | RegExp): Promise<Toast> {
    return until(`the notification ${message}`, async () =>
      (await this.all()).find((toast) =>
        typeof message === 'string' ? toast.message.includes(message) : message.test(toast.message),
      ),
    );
  }

  /** Presses a button of the notification that says this. */
  async press(message: string | RegExp, button: string): Promise<void> {
    await this.says(message);
    const toast = this.#page
      .locator('.notification-toast')
      .filter({ has: this.#page.locator('.notification-list-item-message').filter({ hasText: message }) });
    await toast
      .locator('.monaco-text-button')
      .filter({ hasText: exactly(button) })
      .first()
      .click();
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
