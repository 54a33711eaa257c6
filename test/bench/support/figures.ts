interface Measured {
  /** What was measured, in words. */
  readonly what: string;
  readonly value: number;
  /** Such as `µs/loop`, `ms`, `MB`, `% of a core`. */
  readonly unit: string;
  /** 99th percentile in the same unit, where there is one. */
  readonly p99?: number;
}

/** Whatever depends on the speed of the machine is compared with a baseline of the same run. */
interface Compared extends Measured {
  /** In the unit of `value`. */
  readonly baseline: { readonly what: string; readonly value: number };
  /** `value` should be at most so many times the baseline. */
  readonly goalRatio?: number;
  readonly goal?: undefined;
}

/** A size or a count: the same on every machine, so that its goal is absolute. */
interface Counted extends Measured {
  readonly unit: 'KB' | 'MB' | 'failures';
  /** `value` should be at most this. */
  readonly goal: number;
  readonly baseline?: undefined;
  readonly goalRatio?: undefined;
}

/** Only shown. */
interface Shown extends Measured {
  readonly baseline?: undefined;
  readonly goalRatio?: undefined;
  readonly goal?: undefined;
}

/** One measured figure, with what it is compared with. */
export type Figure = Compared | Counted | Shown;

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

/** The quickest of samples: what a short piece of work takes when nothing else has the processor. */
export function quickest(samples: readonly number[]): number {
  return percentile(samples, 0);
}

/** The cells of a figure: what was measured, value, 99th percentile, baseline, ratio and goal. */
export function cells({ what, value, unit, p99, baseline, goal, goalRatio }: Figure): readonly string[] {
  const ratio = baseline && value / baseline.value;
  const isMissed = (goal !== undefined && value > goal) || (goalRatio !== undefined && !((ratio ?? 0) <= goalRatio));
  const goals = goal !== undefined ? `${round(goal)} ${unit}` : goalRatio !== undefined ? `${round(goalRatio)} ×` : '';
  return [
    what,
    `${round(value)} ${unit}`,
    p99 === undefined ? '' : round(p99),
    baseline === undefined ? '' : `${round(baseline.value)} (${baseline.what})`,
    ratio === undefined ? '' : `${round(ratio)} ×`,
    `${goals}${isMissed ? ', **missed**' : ''}`,
  ];
}

export const HEAD = ['measured', 'value', 'p99', 'baseline in the same run', 'ratio', 'goal'] as const;

/** The table as text: one line a figure, with the goals that were missed marked. */
export function render({ bench, figures }: Table): string {
  const rows = figures.map(cells);
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  return [
    `### ${bench}`,
    '',
    line(HEAD),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
    '',
  ].join('\n');
}

function round(value: number): string {
  if (value === 0) return '0';
  if (value >= 10) return value.toFixed(value >= 100 ? 0 : 1).replace(/\.0$/, '');
  return String(Number(value.toPrecision(2)));
}

/** Hands the figures of a bench to the runner that started it, or prints them when it was started by hand. */
export function hand(table: Table): void {
  if (process.send) process.send(table);
  else process.stdout.write(`${render(table)}\n`);
}
