import { count } from '../../text/format.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { SearchHit } from '../protocol.ts';

/** Searches the whole log, of which the page holds only a window. */
export class SearchBox {
  readonly #input = h('input', {
    type: 'search',
    placeholder: 'Search the whole log',
    'aria-label': 'Search the whole log',
    spellcheck: 'false',
  });
  readonly #status = h('span', { class: 'dim', role: 'status' });
  readonly #hits = h('ol', { class: 'hits' });
  readonly #panel = h('section', { class: 'search-results', 'aria-label': 'Search results', hidden: true });
  readonly #go: (hit: SearchHit) => void;
  readonly form: HTMLFormElement;
  readonly panel = this.#panel;
  #id = 0;
  #found = 0;

  constructor(search: (id: number, text: string) => void, go: (hit: SearchHit) => void) {
    this.#go = go;
    this.form = h('form', { role: 'search' }, this.#input);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#input.value;
      this.#clear();
      if (text.trim() === '') return;
      this.#panel.hidden = false;
      this.#status.textContent = 'Searching…';
      search(this.#id, text);
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#clear();
      else if (event.key === 'ArrowDown') this.#hits.querySelector('button')?.focus();
    });
    this.#hits.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      if (step === 0) return;
      event.preventDefault();
      const all = [...this.#hits.querySelectorAll('button')];
      const next = all[all.indexOf(document.activeElement as HTMLButtonElement) + step];
      if (next) next.focus();
      else if (step < 0) this.#input.focus();
    });
    const close = h('button', { class: 'link', onclick: () => this.#clear() }, 'Close');
    this.#panel.append(h('div', { class: 'search-status' }, this.#status, close), this.#hits);
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  receive(message: {
    readonly id: number;
    readonly hits: readonly SearchHit[];
    readonly progress: number;
    readonly done: boolean;
    readonly more: boolean;
  }): void {
    if (message.id !== this.#id) return;
    for (const hit of message.hits) {
      const line = h(
        'button',
        { class: 'hit', onclick: () => this.#go(hit) },
        hit.before,
        h('mark', {}, hit.match),
        hit.after,
      );
      this.#hits.append(h('li', {}, line));
    }
    this.#found += message.hits.length;
    const found = this.#found === 0 ? 'Nothing found' : `${count(this.#found, 'place')} found`;
    this.#status.textContent = message.more
      ? `The first ${this.#found} places`
      : message.done
        ? found
        : `${found} so far, ${Math.round(message.progress * 100)} % searched`;
  }

  #clear(): void {
    this.#id++;
    this.#found = 0;
    this.#hits.replaceChildren();
    this.#status.textContent = '';
    this.#panel.hidden = true;
  }
}
