import type { Outcome } from './recordFile.ts';

/** How a suite went. */
export interface Result {
  readonly name: string;
  readonly seconds: number;
  readonly lines: readonly Outcome[];
}

export function count(results: readonly Result[], kind: Outcome['kind']): number {
  return results.reduce((sum, { lines }) => sum + lines.filter((line) => line.kind === kind).length, 0);
}

/** All failures in full, a table of the suites, the failed tests by name, and the totals alone on the last line. */
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
  const totals = `${count(results, 'pass')} passed, ${count(results, 'fail')} failed`;
  return ['', ...failures, ...table, '', ...named(results), totals].join('\n');
}

/** The failed tests by name, each with the folder that holds what it left. */
function named(results: readonly Result[]): string[] {
  const names = results.flatMap(({ name, lines }) =>
    lines.flatMap((line) => {
      if (line.kind !== 'fail') return [];
      const folders = lines.flatMap((other) =>
        other.kind === 'evidence' && other.title === line.title ? [`    what it left: ${other.folder}`] : [],
      );
      return [`  ✗ ${name}: ${line.title}`, ...folders];
    }),
  );
  return names.length > 0 ? ['Failed:', ...names, ''] : [];
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
