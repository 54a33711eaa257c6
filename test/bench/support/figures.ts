/** One measured figure, with what it is held against. */
export interface Figure {
  /** What was measured, in words. */
  readonly what: string;
  readonly value: number;
  /** Such as `µs/loop`, `ms`, `MB`, `×`, `%`. */
  readonly unit: string;
  /** 99th percentile in the same unit, where there is one. */
  readonly p99?: number;
  /** The baseline measured in the same run. */
  readonly baseline?: { readonly what: string; readonly value: number };
  /** The goal of the issue: `value` is to be at most this. */
  readonly goal?: number;
}

/** One bench: its name, and the figures of one run of it. */
export interface Table {
  readonly bench: string;
  readonly figures: readonly Figure[];
}

/** The p-th percentile (0 to 100) of samples. */
export function percentile(samples: readonly number[], p: number): number {
  if (samples.length === 0) throw new RangeError('There are no samples to take a percentile of.');
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.ceil((p / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] as number;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}

/** The table as text: one line a figure, goals that were missed marked with words. */
export function render({ bench, figures }: Table): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${round(figure.value)} ${figure.unit}`,
    figure.p99 === undefined ? '' : `p99 ${round(figure.p99)}`,
    figure.baseline === undefined ? '' : `${round(figure.baseline.value)} (${figure.baseline.what})`,
    figure.baseline === undefined ? '' : `${round(figure.value / figure.baseline.value)}×`,
    figure.goal === undefined ? '' : `≤ ${figure.goal}`,
    figure.goal === undefined ? '' : figure.value <= figure.goal ? 'met' : 'MISSED',
  ]);
  const head = ['measured', 'value', 'p99', 'baseline', 'ratio', 'goal', ''];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  return [
    `### ${bench}`,
    '',
    line(head),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
    '',
  ].join('\n');
}

function round(value: number): string {
  if (value === 0) return '0';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}

/** Hands the figures of a bench to the runner that started it, or prints them when it was started by hand. */
export function hand(table: Table): void {
  if (process.send) process.send(table);
  else process.stdout.write(`${render(table)}\n`);
}
