import type { Line } from './record.ts';

/** How a suite went. */
export interface Result {
  readonly name: string;
  readonly seconds: number;
  readonly lines: readonly Line[];
}

export function count(results: readonly Result[], kind: Line['kind']): number {
  return results.reduce((sum, { lines }) => sum + lines.filter((line) => line.kind === kind).length, 0);
}

/** All failures in full, a table of the suites, and the totals alone on the last line. */
export function summary(results: readonly Result[]): string {
  const failures = results.flatMap(({ name, lines }) =>
    lines.flatMap((line) => (line.kind === 'fail' ? [`✗ ${name}: ${line.title}\n${indent(line.error)}\n`] : [])),
  );
  const width = Math.max(...results.map(({ name }) => name.length));
  const table = results.map((result) => {
    const [passed, failed, skipped] = (['pass', 'fail', 'skip'] as const).map((kind) => count([result], kind));
    const rest = `${failed ? `, ${failed} failed` : ''}${skipped ? `, ${skipped} skipped` : ''}`;
    return `${result.name.padEnd(width)}  ${result.seconds.toFixed(1).padStart(6)} s  ${passed} passed${rest}`;
  });
  return ['', ...failures, ...table, '', `${count(results, 'pass')} passed, ${count(results, 'fail')} failed`].join(
    '\n',
  );
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
