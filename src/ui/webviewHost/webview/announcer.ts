import { h } from './dom.ts';

/** Says short things to screen readers without moving the focus. One thing at a time, politely. */
export class Announcer {
  readonly element = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  #last = '';

  /** Says it, unless it was said last. */
  say(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    this.element.textContent = text;
  }
}
