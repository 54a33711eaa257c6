import type { Result } from './result.ts';

/** How many rules each chapter of the contract has: R1.1 to R1.4, and so on. */
const RULES: Readonly<Record<string, number>> = {
  R1: 4,
  R2: 5,
  R3: 3,
  R4: 5,
  R5: 5,
  R6: 7,
  R7: 7,
  R8: 3,
  R9: 4,
  R10: 1,
};

/** One test for the whole contract: every rule is named by a test that passed. */
export function rulesProven(results: readonly Result[]): Result {
  const titles = results
    .flatMap(({ lines }) => lines.flatMap((line) => (line.kind === 'pass' ? [line.title] : [])))
    .join('\n');
  const proven = new Set(titles.match(/\bR\d+\.\d+\b/g));
  const rules = Object.entries(RULES).flatMap(([chapter, count]) =>
    Array.from({ length: count }, (_, index) => `${chapter}.${index + 1}`),
  );
  const missing = rules.filter((rule) => !proven.has(rule));
  const title = 'every rule of the contract is named by a test that passed';
  const line =
    missing.length === 0
      ? ({ kind: 'pass', title, ms: 0 } as const)
      : ({ kind: 'fail', title, error: `No passed test names ${missing.join(', ')}.` } as const);
  return { name: 'rules', seconds: 0, lines: [line] };
}
