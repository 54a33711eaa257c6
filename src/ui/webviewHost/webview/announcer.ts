import { h } from './dom.ts';

/** Announces short texts to screen readers, politely and without moving the focus. */
export class Announcer {
  readonly element = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  #last = '';

  /** Announces a text unless it was the last one. */
  say(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    this.element.textContent = text;
  }
}
