import { oneLine } from '../text/safeText.ts';

/** The message above the rows: all problems of the settings. Undefined if there are none. */
export function problemsMessage(problems: readonly string[]): string | undefined {
  if (problems.length === 0) return undefined;
  const lines = problems.map((problem) => oneLine(problem, 300));
  // VS Code shows them as one paragraph, whatever the line ends.
  return lines.length === 1 ? lines[0] : lines.map((line, at) => `(${at + 1}) ${line}`).join(' ');
}
