import { oneLine } from '../text/safeText.ts';

/** What the view says above its rows of settings that need attention: all of them. Nothing where there are none. */
export function problemsMessage(problems: readonly string[]): string | undefined {
  if (problems.length === 0) return undefined;
  const lines = problems.map((problem) => oneLine(problem, 300));
  return lines.length === 1 ? lines[0] : lines.map((line) => `• ${line}`).join('\n');
}
