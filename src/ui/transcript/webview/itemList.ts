import { h } from '../../webviewHost/webview/dom.ts';
import { swap } from '../../webviewHost/webview/fill.ts';
import { comparePos, type Pos, type TranscriptItem } from '../protocol.ts';
import { type FoundText, markFound, unmarkFound } from './foundText.ts';
import { type ItemActions, itemView, showDetails } from './itemView.ts';

/** Items in the document at most: beyond that, the far end is dropped and loaded again on demand. */
const MAX_ITEMS = 1_500;
/** Distance (px) from the bottom that counts as the end. */
const NEAR = 40;

interface Shown {
  item: TranscriptItem;
  element: HTMLElement;
}

/** The scrolling list of items: in log order, bounded in size, and following the end while the reader is there. */
export class ItemList {
  readonly #content = h('div', { class: 'items' });
  readonly #earlier: HTMLButtonElement;
  readonly #later: HTMLButtonElement;
  /** The scrolling element. */
  readonly element: HTMLElement;
  readonly #actions: ItemActions;
  readonly #near: IntersectionObserver;
  #shown: Shown[] = [];
  readonly #byKey = new Map<string, Shown>();
  #atStart = true;
  #atEnd = true;
  /** Items were requested: until they arrive, others would land in the wrong place. */
  isLoading = false;
  /** Whether the reader follows the end. Kept as state, since new items have their true height only once drawn. */
  #follows = true;
  /** The last known scroll position. */
  #top = 0;

  /** `load` requests more at one end; `scrolled` is called with whether the reader is at the very end. */
  constructor(
    actions: ItemActions,
    load: (direction: 'earlier' | 'later') => void,
    scrolled: (atBottom: boolean) => void,
  ) {
    this.#actions = actions;
    const ask = (direction: 'earlier' | 'later') => {
      if (this.isLoading) return;
      this.isLoading = true;
      load(direction);
    };
    this.#earlier = h('button', { class: 'load', onclick: () => ask('earlier') }, 'Load earlier');
    this.#later = h('button', { class: 'load', onclick: () => ask('later') }, 'Load later');
    this.element = h(
      'main',
      { class: 'scroller', tabindex: 0, 'aria-label': 'Transcript' },
      this.#earlier,
      this.#content,
      this.#later,
    );
    this.element.addEventListener(
      'scroll',
      () => {
        this.#look();
        scrolled(this.atBottom);
      },
      { passive: true },
    );
    this.#content.addEventListener('click', ({ target }) => {
      const details = (target as Element).closest('summary')?.parentElement;
      if (!(details instanceof HTMLDetailsElement)) return;
      // A user who expands an item at the end wants to read it, so its growth must not scroll. It expands only after
      // this click.
      if (!details.open) this.#follows = false;
      requestAnimationFrame(() => {
        if (!details.open) this.#look();
        scrolled(this.atBottom);
      });
    });
    const heights = new ResizeObserver(() => {
      if (this.#follows && this.#atEnd) this.toBottom();
    });
    heights.observe(this.#content);
    heights.observe(this.element);
    // Scrolling near an end loads more; the buttons are for keyboard and screen readers.
    this.#near = new IntersectionObserver(
      (entries) => {
        for (const entry of entries)
          if (entry.isIntersecting && this.#shown.length > 0) ask(entry.target === this.#earlier ? 'earlier' : 'later');
      },
      { root: this.element, rootMargin: '200px 0px' },
    );
    this.#watchEnds();
    this.#showEnds();
  }

  get isEmpty(): boolean {
    return this.#shown.length === 0;
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Whether the reader is at the very end. */
  get atBottom(): boolean {
    return this.#atEnd && this.#follows;
  }

  /** Positions of the first and last item, for requests for more. */
  get first(): Pos | undefined {
    return this.#shown[0]?.item.from;
  }

  get last(): Pos | undefined {
    return this.#shown.at(-1)?.item.to;
  }

  /** Loading at one end drops items at the other. */
  get isFull(): boolean {
    return this.#shown.length > MAX_ITEMS * 0.75;
  }

  reset(
    items: readonly TranscriptItem[],
    atStart: boolean,
    atEnd: boolean,
    focus: { readonly at: Pos; readonly hit?: FoundText | undefined } | undefined,
  ): void {
    this.#shown = [];
    unmarkFound();
    this.#byKey.clear();
    this.#content.replaceChildren();
    this.#put(items);
    this.#ends(atStart, atEnd);
    this.#follows = focus === undefined;
    if (focus) this.#scrollTo(focus.at, focus.hit);
    else this.toBottom();
    this.#watchEnds();
  }

  addEarlier(items: readonly TranscriptItem[], atStart: boolean): void {
    // At the very top the browser does not anchor the scroll position: keep the first item in place.
    const first = this.#shown[0]?.element;
    const top = first?.getBoundingClientRect().top ?? 0;
    this.#put(items);
    if (first) this.element.scrollTop += first.getBoundingClientRect().top - top;
    let atEnd = this.#atEnd;
    while (this.#shown.length > MAX_ITEMS) {
      this.#remove(this.#shown.length - 1);
      atEnd = false;
    }
    this.#ends(atStart, atEnd);
    if (items.length > 0) this.#watchEnds();
  }

  addLater(items: readonly TranscriptItem[], atEnd: boolean): void {
    this.#put(items);
    this.#ends(this.#atStart, atEnd);
    this.#dropFirst();
    if (items.length > 0) this.#watchEnds();
  }

  /** Inserts or updates items; returns how many are new. */
  addLive(items: readonly TranscriptItem[]): number {
    if (!this.#atEnd) return 0;
    const stay = this.atBottom;
    const before = this.#byKey.size;
    this.#put(items);
    const added = this.#byKey.size - before;
    if (stay) {
      this.#dropFirst();
      this.toBottom();
    }
    return added;
  }

  toBottom(): void {
    this.#follows = true;
    this.element.scrollTop = this.element.scrollHeight;
    this.#top = this.element.scrollTop;
  }

  showDetails(key: string, sections: Parameters<typeof showDetails>[1]): void {
    const shown = this.#byKey.get(key);
    if (shown) showDetails(shown.element, sections);
  }

  /** Only the reader scrolls up from the end; growth leaves the position as it is. */
  #look(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const left = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < this.#top && left > 2) this.#follows = false;
    else if (left < NEAR) this.#follows = true;
    this.#top = scrollTop;
  }

  #put(items: readonly TranscriptItem[]): void {
    for (const item of items) {
      const known = this.#byKey.get(item.key);
      const element = itemView(item, this.#actions, known?.element);
      if (known) {
        swap(known.element, element);
        known.item = item;
        known.element = element;
        continue;
      }
      const shown = { item, element };
      const index = this.#place(item);
      this.#content.insertBefore(element, this.#shown[index]?.element ?? null);
      this.#shown.splice(index, 0, shown);
      this.#byKey.set(item.key, shown);
    }
  }

  /** Most items are new: check the end first, then use binary search. */
  #place(item: TranscriptItem): number {
    let low = 0;
    let high = this.#shown.length;
    const last = this.#shown.at(-1);
    if (!last || compare(last.item, item) < 0) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#shown[middle];
      if (other && compare(other.item, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropFirst(): void {
    let dropped = false;
    while (this.#shown.length > MAX_ITEMS) {
      this.#remove(0);
      dropped = true;
    }
    if (dropped) this.#ends(false, this.#atEnd);
  }

  #remove(index: number): void {
    for (const { item, element } of this.#shown.splice(index, 1)) {
      element.remove();
      this.#byKey.delete(item.key);
    }
  }

  #scrollTo(focus: Pos, hit: FoundText | undefined): void {
    const index = this.#shown.findLastIndex(({ item }) => comparePos(item.from, focus) <= 0);
    const target = this.#shown[Math.max(0, index)]?.element;
    if (!target) return;
    target.scrollIntoView({ block: 'center' });
    target.classList.add('found');
    const line = hit && markFound(target, hit);
    if (!line) return;
    // A long item may be centred while the match in it is still out of sight.
    const { top, height } = line.getBoundingClientRect();
    const view = this.element.getBoundingClientRect();
    this.element.scrollTop += top + height / 2 - (view.top + view.height / 2);
    this.#top = this.element.scrollTop;
  }

  #ends(atStart: boolean, atEnd: boolean): void {
    this.#atStart = atStart;
    this.#atEnd = atEnd;
    this.isLoading = false;
    this.#showEnds();
  }

  /**
   * An observer reports only changes, so a reader who stayed near an end while it loaded must be noticed again. Only
   * after new items: otherwise an empty reply would be requested for ever.
   */
  #watchEnds(): void {
    for (const end of [this.#earlier, this.#later]) {
      this.#near.unobserve(end);
      this.#near.observe(end);
    }
  }

  #showEnds(): void {
    this.#earlier.hidden = this.#atStart;
    this.#later.hidden = this.#atEnd;
  }
}

function compare(a: TranscriptItem, b: TranscriptItem): number {
  return comparePos(a.from, b.from) || a.n - b.n;
}
