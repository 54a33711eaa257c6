import { count, formatClock, formatCost, formatDuration } from '../../text/format.ts';
import { oneLine } from '../../text/safeText.ts';
import { STATE_WORDS } from '../../text/stateText.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import { arrange } from '../../webviewHost/webview/fill.ts';
import { oncePerFrame } from '../../webviewHost/webview/oncePerFrame.ts';
import type { LoopRow } from '../statistics.ts';

const ROW = 24;
/** Rows rendered beyond the visible ones. */
const SPARE = 8;

const COLUMNS = ['State', 'Loop', 'Agent', 'Attempts', 'Started', 'Ran', 'Cost'] as const;

/** A virtual grid of loops: only visible rows exist, so ten thousand scroll as smoothly as ten. */
export class LoopTable {
  readonly element: HTMLElement;
  readonly #title = h('h2', { id: 'loops-title' }, 'Loops');
  readonly #body = h('div', { class: 'rows', role: 'rowgroup' });
  readonly #grid: HTMLElement;
  readonly #open: (row: LoopRow) => void;
  readonly #chosen: (row: LoopRow) => void;
  #rows: readonly LoopRow[] = [];
  /** The rows in the document, by their loops. */
  #drawn = new Map<number, HTMLElement>();
  #active = -1;

  /** `chosen` is called with the row that has the focus, `open` with a row that is opened. */
  constructor(open: (row: LoopRow) => void, chosen: (row: LoopRow) => void) {
    this.#open = open;
    this.#chosen = chosen;
    const head = h(
      'div',
      { class: 'row head', role: 'row', 'aria-rowindex': 1 },
      ...COLUMNS.map((name) => h('span', { role: 'columnheader' }, name)),
    );
    this.#grid = h(
      'div',
      { class: 'grid', role: 'grid', tabindex: 0, 'aria-labelledby': 'loops-title', 'aria-colcount': COLUMNS.length },
      h('div', { role: 'rowgroup', class: 'grid-head' }, head),
      this.#body,
    );
    this.element = h('section', { class: 'loops' }, this.#title, this.#grid);
    this.#grid.addEventListener('scroll', this.draw, { passive: true });
    this.#grid.addEventListener('keydown', (event) => this.#key(event));
    this.#body.addEventListener('click', (event) => {
      const index =
        event.target instanceof Element ? Number(event.target.closest<HTMLElement>('.row')?.dataset.index ?? -1) : -1;
      const row = this.#rows[index];
      if (!row) return;
      this.#active = index;
      this.draw();
      this.#open(row);
    });
    new ResizeObserver(this.draw).observe(this.#grid);
  }

  set(rows: readonly LoopRow[]): void {
    const active = this.#rows[this.#active]?.seq;
    this.#rows = rows;
    this.#active = active === undefined ? -1 : rows.findIndex(({ seq }) => seq === active);
    this.#title.textContent = `Loops · ${count(rows.length, 'loop')} in this period`;
    this.#grid.setAttribute('aria-rowcount', String(rows.length + 1));
    this.#body.style.height = `${rows.length * ROW}px`;
    this.draw();
  }

  readonly draw = oncePerFrame(() => this.#drawNow());

  #drawNow(): void {
    const { scrollTop, clientHeight } = this.#grid;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    const now = Date.now();
    const drawn = new Map<number, HTMLElement>();
    for (const [i, row] of this.#rows.slice(first, last).entries())
      drawn.set(row.seq, this.#row(row, first + i, now, this.#drawn.get(row.seq)));
    this.#drawn = drawn;
    arrange(this.#body, [...drawn.values()]);
    const active = this.#rows[this.#active];
    if (active && this.#active >= first && this.#active < last)
      this.#grid.setAttribute('aria-activedescendant', `loop-${active.seq}`);
    else this.#grid.removeAttribute('aria-activedescendant');
  }

  /** A loop keeps its element, so that a click lands even if its row changes at that moment. */
  #row(row: LoopRow, index: number, now: number, known?: HTMLElement): HTMLElement {
    const texts = [
      STATE_WORDS[row.state],
      oneLine(row.title, 100) || row.loopId,
      row.agent,
      String(row.attempts),
      formatClock(row.startedAt, now),
      formatDuration(row.ranMs),
      formatCost(row),
    ];
    const element = known ?? emptyRow(row.seq);
    element.dataset.index = String(index);
    element.ariaRowIndex = String(index + 2);
    element.ariaSelected = index === this.#active ? 'true' : 'false';
    element.style.top = `${index * ROW}px`;
    for (const [column, text] of texts.entries()) {
      const cell = element.children[column];
      const holder = column === 0 ? cell?.firstElementChild : cell;
      if (holder && holder.textContent !== text) holder.textContent = text;
      if (holder && column === 0) holder.className = `state state-${row.state}`;
    }
    return element;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / ROW) - 2);
    const last = this.#rows.length - 1;
    const to: { readonly [key: string]: number } = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    };
    const row = this.#rows[this.#active];
    if (event.key === 'Enter' && row) {
      event.preventDefault();
      this.#open(row);
      return;
    }
    const target = to[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    this.#active = Math.min(last, Math.max(0, target));
    const top = this.#active * ROW;
    // The sticky header covers one row.
    if (top < this.#grid.scrollTop) this.#grid.scrollTop = top;
    else if (top + 2 * ROW > this.#grid.scrollTop + this.#grid.clientHeight)
      this.#grid.scrollTop = top + 2 * ROW - this.#grid.clientHeight;
    this.#drawNow();
    const chosen = this.#rows[this.#active];
    if (chosen) this.#chosen(chosen);
  }
}

/** A row with its cells; the first holds the word of the state. */
function emptyRow(seq: number): HTMLElement {
  const cells = COLUMNS.map((_, column) => h('span', { role: 'gridcell' }, column === 0 && h('span')));
  return h('div', { class: 'row', role: 'row', id: `loop-${seq}` }, ...cells);
}
