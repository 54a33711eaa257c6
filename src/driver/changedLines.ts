import { textIn } from './json.ts';

/** The lines of a removed (`-`) or added (`+`) text, as a diff shows them; none if it is not text. */
export function changedLines(sign: '-' | '+', text: unknown): string[] {
  const whole = textIn(text);
  if (whole === '') return [];
  return whole
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => sign + line);
}
