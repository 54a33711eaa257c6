import type { Month } from './month.ts';

/** A month in a few lines: starts, failures by owner, money by kind, and what broke a rule. */
export function monthReport(title: string, month: Month): string {
  const { starts, grants, money, wrong } = month;
  const usd = (amount: number) => `$${amount.toFixed(2)}`;
  const kinds = [`reported ${usd(money.reported)}`, `priced ${usd(money.estimated)}`, `guessed ${usd(money.unknown)}`];
  return [
    title,
    `  starts    ${starts}, grants and top-ups ${grants}`,
    `  loops     ${listed(month.ends)}`,
    `  attempts  ${listed(month.outcomes)}`,
    `  failures  ${listed(month.owners)}`,
    `  holds     ${listed(month.holds)}`,
    `  money     ${kinds.join(', ')}; a day's limit was passed by ${usd(money.overshoot)} at most`,
    ...wrong.slice(0, 20).map((what) => `  WRONG     ${what}`),
    ...(wrong.length > 20 ? [`  … and ${wrong.length - 20} more`] : []),
  ].join('\n');
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
}
