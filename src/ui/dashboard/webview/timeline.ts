import type { CircuitChange, TimelineAttempt } from '../../../core/ports/historyQueries.ts';
import { count, formatClock, formatCost, formatDuration } from '../../text/format.ts';
import { runLabel } from '../../text/proofWords.ts';
import { oneLine } from '../../text/safeText.ts';
import { outcomeWord } from '../../webviewHost/outcomeWords.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import { oncePerFrame } from '../../webviewHost/webview/oncePerFrame.ts';
import { type CircuitSpan, circuitSpans } from '../circuitSpans.ts';
import { type Layout, layOut } from '../timelineLayout.ts';
import { type Drawing, drawTimeline, heightOf, hit, type TimeRange, toTime } from './drawTimeline.ts';
import type { Palette } from './palette.ts';

const SHORTEST_VIEW_MS = 2_000;
const EMPTY: Layout = { bars: [], lanes: 0, next: new Int32Array(0), longest: 0 };
const HELP =
  'Arrow keys go from attempt to attempt, Enter opens the loop, plus and minus zoom, N goes to now. ' +
  'The table of loops below says the same in words.';

/** The timeline of attempts, operated by mouse (drag, Ctrl+wheel) or keyboard. */
export class Timeline {
  readonly #canvas = h('canvas', {
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'timeline',
    'aria-label': `Timeline of attempts. ${HELP}`,
  });
  readonly #said = h('p', { class: 'said dim', role: 'status' });
  readonly #scroller = h('div', { class: 'canvas' }, this.#canvas);
  readonly element: HTMLElement;
  readonly #open: (loop: { loopId: string; seq: number }) => void;
  #layout = EMPTY;
  #circuit: readonly CircuitSpan[] = [];
  #view: TimeRange = { from: Date.now() - 3_600_000, to: Date.now() };
  /** Whether the right edge follows the present. */
  #followsNow = true;
  #slots = 1;
  #selected = -1;
  #palette: Palette;

  constructor(palette: Palette, open: (loop: { loopId: string; seq: number }) => void, toolbar: HTMLElement) {
    this.#palette = palette;
    this.#open = open;
    const tools = h(
      'div',
      { class: 'tools' },
      h('button', { onclick: () => this.#zoom(0.5), 'aria-label': 'Zoom in' }, '+'),
      h('button', { onclick: () => this.#zoom(2), 'aria-label': 'Zoom out' }, '−'),
      h('button', { onclick: () => this.#toNow() }, 'Now'),
    );
    const legend = h(
      'p',
      { class: 'legend dim' },
      ...[
        ['good', 'completed'],
        ['bad', 'failed ✕'],
        ['neutral', 'cancelled or interrupted'],
        ['running', 'running ▸'],
        ['wait', 'waiting to restart'],
        ['circuit', 'paused after failures'],
      ].map(([kind, word]) => h('span', { class: `key key-${kind}` }, word ?? '')),
    );
    this.element = h(
      'section',
      { class: 'timeline', 'aria-labelledby': 'timeline-title' },
      h('div', { class: 'section-head' }, h('h2', { id: 'timeline-title' }, 'Timeline'), toolbar, tools),
      this.#scroller,
      this.#said,
      legend,
    );
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.#scroller);
  }

  /** Shows the range from `from` to now (wall time, ms; 0: from the first attempt). */
  reset(attempts: Iterable<TimelineAttempt>, circuit: readonly CircuitChange[], from: number): void {
    this.#selected = -1;
    this.#followsNow = true;
    this.update(attempts);
    this.setCircuit(circuit);
    const first = this.#layout.bars[0]?.attempt.startedAt ?? Date.now() - 60_000;
    // Not wider than the data: an empty half day helps nobody.
    const begin = Math.max(from, first - (Date.now() - first) * 0.02);
    this.#view = { from: Math.min(begin, Date.now() - SHORTEST_VIEW_MS), to: Date.now() };
    this.#say();
    this.draw();
  }

  update(attempts: Iterable<TimelineAttempt>): void {
    const selected = this.#layout.bars[this.#selected]?.attempt.id;
    this.#layout = layOut([...attempts]);
    this.#selected =
      selected === undefined ? -1 : this.#layout.bars.findIndex(({ attempt }) => attempt.id === selected);
    this.draw();
  }

  setCircuit(changes: readonly CircuitChange[]): void {
    this.#circuit = circuitSpans(changes);
    this.draw();
  }

  setSlots(slots: number): void {
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.draw();
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.draw();
  }

  /** Highlights a loop when its row in the table is selected. */
  mark(seq: number): void {
    this.#selected = this.#layout.bars.findLastIndex(({ attempt }) => attempt.seq === seq);
    this.draw();
  }

  /** Draws with the next animation frame, and once a second while something runs. */
  readonly draw = oncePerFrame(() => this.#drawNow());

  #drawNow(): void {
    const drawing = this.#drawing();
    if (drawing.width < 10) return;
    const height = heightOf(drawing.lanes);
    const scale = devicePixelRatio;
    if (
      this.#canvas.width !== Math.round(drawing.width * scale) ||
      this.#canvas.height !== Math.round(height * scale)
    ) {
      this.#canvas.width = Math.round(drawing.width * scale);
      this.#canvas.height = Math.round(height * scale);
      this.#canvas.style.height = `${height}px`;
    }
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawTimeline(context, drawing, this.#palette);
  }

  #drawing(): Drawing {
    const now = Date.now();
    if (this.#followsNow) {
      const margin = (this.#view.to - this.#view.from) * 0.02;
      this.#view = { from: this.#view.from, to: Math.max(now + margin, this.#view.from + SHORTEST_VIEW_MS) };
    }
    return {
      layout: this.#layout,
      circuit: this.#circuit,
      view: this.#view,
      lanes: Math.max(this.#layout.lanes, this.#slots),
      now,
      selected: this.#selected,
      width: this.#scroller.clientWidth,
    };
  }

  #zoom(factor: number, around?: number): void {
    const { from, to } = this.#view;
    const chosen = this.#layout.bars[this.#selected]?.attempt.startedAt;
    const fixed =
      around ??
      (chosen !== undefined && chosen >= from && chosen <= to ? chosen : this.#followsNow ? to : (from + to) / 2);
    const size = Math.max(SHORTEST_VIEW_MS, (to - from) * factor);
    const share = (fixed - from) / (to - from);
    this.#setView({ from: fixed - share * size, to: fixed + (1 - share) * size });
  }

  #setView(view: TimeRange): void {
    this.#view = view;
    this.#followsNow = view.to >= Date.now();
    this.draw();
  }

  #toNow(): void {
    const size = this.#view.to - this.#view.from;
    this.#setView({ from: Date.now() - size, to: Date.now() });
  }

  #select(index: number): void {
    const bar = this.#layout.bars[index];
    if (!bar) return;
    this.#selected = index;
    const { from, to } = this.#view;
    const { startedAt } = bar.attempt;
    if (startedAt < from || startedAt > to)
      this.#setView({ from: startedAt - (to - from) / 2, to: startedAt + (to - from) / 2 });
    this.#say();
    this.draw();
  }

  #say(index = this.#selected): void {
    const bar = this.#layout.bars[index];
    if (!bar) {
      this.#said.textContent =
        this.#layout.bars.length === 0
          ? 'No attempts in this period.'
          : `${count(this.#layout.bars.length, 'attempt')}. Point at one, or use the arrow keys.`;
      return;
    }
    const { attempt, lane } = bar;
    const { startedAt, endedAt, outcome } = attempt;
    const now = Date.now();
    this.#said.textContent = [
      oneLine(attempt.title, 80) || attempt.loopId,
      attempt.agent,
      runLabel(attempt).replace(/^./, (letter) => letter.toLowerCase()),
      outcome === undefined ? 'running' : outcomeWord(outcome),
      `${formatClock(startedAt, now)}, ${formatDuration((endedAt ?? now) - startedAt)}`,
      formatCost(attempt),
      `slot ${lane + 1}`,
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #openAt(index: number): void {
    const bar = this.#layout.bars[index];
    if (bar) this.#open({ loopId: bar.attempt.loopId, seq: bar.attempt.seq });
  }

  #listen(): void {
    const canvas = this.#canvas;
    const at = (event: PointerEvent | WheelEvent) => hit(this.#drawing(), event.offsetX, event.offsetY);
    let drag: { readonly x: number; readonly view: TimeRange; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      drag = { x: event.offsetX, view: this.#view, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!drag) {
        const index = at(event);
        canvas.style.cursor = index < 0 ? 'grab' : 'pointer';
        this.#say(index < 0 ? this.#selected : index);
        return;
      }
      const by = event.offsetX - drag.x;
      drag.moved ||= Math.abs(by) > 4;
      if (!drag.moved) return;
      const { view } = drag;
      const shift = (by / this.#scroller.clientWidth) * (view.to - view.from);
      this.#setView({ from: view.from - shift, to: view.to - shift });
    });
    canvas.addEventListener('pointerup', (event) => {
      const moved = drag?.moved;
      drag = undefined;
      const index = moved ? -1 : at(event);
      if (index < 0) return;
      this.#select(index);
      this.#openAt(index);
    });
    canvas.addEventListener('pointerleave', () => this.#say());
    canvas.addEventListener(
      'wheel',
      (event) => {
        // The plain wheel scrolls the page.
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          this.#zoom(2 ** (event.deltaY / 200), toTime(this.#view, this.#scroller.clientWidth, event.offsetX));
        } else if (event.deltaX !== 0 || event.shiftKey) {
          event.preventDefault();
          const { from, to } = this.#view;
          const shift = ((event.deltaX || event.deltaY) / this.#scroller.clientWidth) * (to - from);
          this.#setView({ from: from + shift, to: to + shift });
        }
      },
      { passive: false },
    );
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = this.#layout.bars.length - 1;
      const actions: { readonly [key: string]: () => void } = {
        ArrowRight: () => this.#select(this.#selected < 0 ? 0 : Math.min(last, this.#selected + 1)),
        ArrowLeft: () => this.#select(this.#selected < 0 ? last : Math.max(0, this.#selected - 1)),
        Home: () => this.#select(0),
        End: () => this.#select(last),
        Enter: () => this.#openAt(this.#selected),
        '+': () => this.#zoom(0.5),
        '=': () => this.#zoom(0.5),
        '-': () => this.#zoom(2),
        n: () => this.#toNow(),
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }
}
