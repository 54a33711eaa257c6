import type { DiffLine } from './protocol.ts';

const HUNK = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m;

/** Whether a text contains a unified diff. */
export function isDiff(text: string): boolean {
  return HUNK.test(text) && /^[+-]/m.test(text);
}

/** The lines of a unified diff with their signs; file headers count as `@`. */
export function diffLines(text: string, max: number): DiffLine[] {
  const lines: DiffLine[] = [];
  for (const line of text.split('\n')) {
    if (lines.length === max) break;
    if (/^(?:@@|diff |index |--- |\+\+\+ |\*\*\* )/.test(line)) lines.push({ sign: '@', text: line });
    else if (line.startsWith('+') || line.startsWith('-'))
      lines.push({ sign: line[0] as '+' | '-', text: line.slice(1) });
    else lines.push({ sign: ' ', text: line.startsWith(' ') ? line.slice(1) : line });
  }
  return lines;
}

/** The change from one text to another as a diff: common lines at both ends are left out, except one each. */
export function replacement(before: string, after: string, max: number): DiffLine[] {
  const old = before === '' ? [] : before.split('\n');
  const now = after === '' ? [] : after.split('\n');
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const context = (text: string | undefined): DiffLine[] => (text === undefined ? [] : [{ sign: ' ', text }]);
  return [
    ...context(head > 0 ? old[head - 1] : undefined),
    ...old.slice(head, old.length - tail).map((text): DiffLine => ({ sign: '-', text })),
    ...now.slice(head, now.length - tail).map((text): DiffLine => ({ sign: '+', text })),
    ...context(tail > 0 ? old[old.length - tail] : undefined),
  ].slice(0, max);
}
