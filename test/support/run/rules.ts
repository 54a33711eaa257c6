import { readFileSync } from 'node:fs';
import type { Result } from './result.ts';

const RULES = new URL('../../../src/core/README.md', import.meta.url);

/** The numbers of the rules that a document states: the items of each chapter `## R6 …`, such as R6.1. */
export function rulesIn(document: string): string[] {
  let chapter = '';
  const rules: string[] = [];
  for (const line of document.split('\n')) {
    if (line.startsWith('## ')) chapter = /^## (R\d+) /.exec(line)?.[1] ?? '';
    const number = /^(\d+)\. /.exec(line)?.[1];
    if (chapter && number) rules.push(`${chapter}.${number}`);
  }
  return rules;
}

/** One test for all rules: each is named by a test that passed. */
export function rulesProven(results: readonly Result[]): Result {
  const titles = results
    .flatMap(({ lines }) => lines.flatMap((line) => (line.kind === 'pass' ? [line.title] : [])))
    .join('\n');
  const proven = new Set(titles.match(/\bR\d+\.\d+\b/g));
  const rules = rulesIn(readFileSync(RULES, 'utf8'));
  const missing = rules.filter((rule) => !proven.has(rule));
  const title = 'every rule of src/core/README.md is named by a test that passed';
  const line =
    missing.length === 0
      ? ({ kind: 'pass', title, ms: 0 } as const)
      : ({ kind: 'fail', title, error: `No passed test names ${missing.join(', ')}.` } as const);
  return { name: 'rules', seconds: 0, lines: [line] };
}
