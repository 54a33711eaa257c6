import './validLanguage.ts';
import uPlot from 'uplot';
import { h } from '../../webviewHost/webview/dom.ts';
import type { Palette } from './palette.ts';

export interface Series {
  readonly label: string;
  readonly color: string;
  /** One value per place on the axis; `undefined`: none. */
  readonly values: readonly (number | undefined)[];
}

export interface ChartData {
  /** Labels below the axis, one per place. */
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  /** A horizontal line that marks a limit. 0: none. */
  readonly limit?: number;
}

export interface ChartOptions {
  readonly title: string;
  /** What one place on the axis stands for. */
  readonly unit: string;
  /** `stack`: bars on one another; `lines`: lines through points. */
  readonly form: 'stack' | 'lines';
  format(value: number): string;
  /** Distance between grid lines; round numbers if absent. */
  readonly steps?: readonly number[];
}

const HEIGHT = 170;

/** A chart, with its numbers as a table for screen readers. Updated in place while its series stay the same. */
export class Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #host = h('div', { class: 'chart', 'aria-hidden': 'true' });
  readonly #table: HTMLElement;
  readonly #details: HTMLDetailsElement;
  readonly #none = h('p', { class: 'dim', hidden: true }, 'Nothing in this period.');
  #plot: uPlot | undefined;
  #data: ChartData = { labels: [], series: [] };
  #shape = '';
  #palette: Palette;

  constructor(options: ChartOptions, palette: Palette) {
    this.#options = options;
    this.#palette = palette;
    this.#table = h('div', {
      class: 'numbers',
      tabindex: 0,
      role: 'region',
      'aria-label': `${options.title}, as a table`,
    });
    this.#details = h('details', {}, h('summary', {}, 'As a table'), this.#table);
    this.#details.addEventListener('toggle', () => this.#fillTable());
    this.element = h('section', { class: 'card' }, h('h2', {}, options.title), this.#none, this.#host, this.#details);
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#width(), height: HEIGHT })).observe(this.#host);
  }

  set(data: ChartData): void {
    this.#data = data;
    const empty = !data.series.some(({ values }) => values.some((value) => value !== undefined && value > 0));
    this.#none.hidden = !empty;
    this.#host.hidden = empty;
    this.#details.hidden = empty;
    this.#fillTable();
    if (empty) return;
    const shape = JSON.stringify(data.series.map(({ label, color }) => [label, color]));
    if (this.#plot && shape === this.#shape) this.#plot.setData(this.#columns());
    else this.#draw();
    this.#shape = shape;
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#shape = '';
    if (this.#plot) this.#draw();
  }

  #draw(): void {
    this.#plot?.destroy();
    const { form, format } = this.#options;
    const { dim, line, font } = this.#palette;
    const axis = { stroke: dim, font, grid: { stroke: line, width: 0.3 }, ticks: { show: false } };
    // Stacked bars are drawn from the top down, each as the sum of itself and those below.
    const order = this.#order();
    const series = order.map((index): uPlot.Series => {
      const { label, color } = this.#data.series[index] ?? { label: '', color: dim };
      const value = (_: uPlot, __: number | null, ___: number, at: number | null) => {
        const real = at === null ? undefined : this.#data.series[index]?.values[at];
        return real === undefined ? '–' : format(real);
      };
      const bars = form === 'stack' ? uPlot.paths.bars?.({ size: [0.7, 40] }) : undefined;
      return bars
        ? { label, value, stroke: color, fill: color, width: 0, paths: bars, points: { show: false } }
        : { label, value, stroke: color, width: 2, points: { show: true, size: 5 } };
    });
    this.#plot = new uPlot(
      {
        width: this.#width(),
        height: HEIGHT,
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        legend: { live: true },
        scales: {
          x: { time: false, range: () => [-0.6, Math.max(0, this.#data.labels.length - 1) + 0.6] },
          y: { range: (_, __, max) => [0, Math.max(max, this.#data.limit ?? 0, 1e-9) * 1.08] },
        },
        axes: [
          {
            ...axis,
            size: 28,
            gap: 6,
            splits: () => this.#splits(),
            values: (_, splits) => splits.map((at) => this.#data.labels[at] ?? ''),
          },
          {
            ...axis,
            size: 56,
            ...(this.#options.steps && { incrs: [...this.#options.steps] }),
            values: (_, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [{ label: this.#options.unit, value: (_, at) => this.#data.labels[at ?? -1] ?? '–' }, ...series],
        hooks: { draw: [(plot) => this.#drawLimit(plot)], setLegend: [() => this.#markIdle()] },
      },
      this.#columns(),
      this.#host,
    );
    this.#markIdle();
  }

  /** While nothing is pointed at, the legend shows only names. */
  #markIdle(): void {
    this.#host.classList.toggle('idle', (this.#plot?.cursor.idx ?? undefined) === undefined);
  }

  #columns(): uPlot.AlignedData {
    const { labels, series } = this.#data;
    const stack = this.#options.form === 'stack';
    const sums = labels.map(() => 0);
    const columns = series.map(({ values }) =>
      values.map((value, at) => {
        if (!stack) return value ?? null;
        sums[at] = (sums[at] ?? 0) + (value ?? 0);
        return sums[at] ?? 0;
      }),
    );
    return [labels.map((_, at) => at), ...this.#order().map((index) => columns[index] ?? [])] as uPlot.AlignedData;
  }

  #order(): number[] {
    const order = this.#data.series.map((_, index) => index);
    return this.#options.form === 'stack' ? order.reverse() : order;
  }

  #splits(): number[] {
    const n = this.#data.labels.length;
    const step = Math.max(1, Math.ceil(n / Math.max(2, Math.floor(this.#width() / 90))));
    // The last place is the present and always labelled.
    return Array.from({ length: Math.ceil(n / step) }, (_, i) => n - 1 - i * step).reverse();
  }

  #drawLimit(plot: uPlot): void {
    const { limit = 0 } = this.#data;
    if (limit <= 0) return;
    const { ctx, bbox } = plot;
    const y = plot.valToPos(limit, 'y', true);
    ctx.save();
    ctx.strokeStyle = this.#palette.bad;
    ctx.fillStyle = this.#palette.text;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = this.#palette.font.replace(/^\d+/, (size) => String(Number(size) * devicePixelRatio));
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    ctx.fillText(`limit ${this.#options.format(limit)}`, bbox.left + 4, y + 3);
    ctx.restore();
  }

  #width(): number {
    return Math.max(160, this.#host.clientWidth);
  }

  #fillTable(): void {
    if (!this.#details.open) return;
    const { labels, series } = this.#data;
    const { title, format } = this.#options;
    const rows = labels.flatMap((label, at) => {
      const cells = series.map(({ values }) => values[at]);
      if (!cells.some((value) => value !== undefined && value > 0)) return [];
      return [
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, label),
          ...cells.map((value) => h('td', {}, value === undefined ? '–' : format(value))),
        ),
      ];
    });
    const head = h('tr', {}, h('td'), ...series.map(({ label }) => h('th', { scope: 'col' }, label)));
    this.#table.replaceChildren(
      h('table', {}, h('caption', { class: 'visually-hidden' }, title), h('thead', {}, head), h('tbody', {}, ...rows)),
    );
  }
}
