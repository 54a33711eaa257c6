import { textIn } from './json.ts';

/** The lines of a text that goes (`-`) or comes (`+`), as a diff shows them; none of what is no text. */
export function changedLines(sign: '-' | '+', text: unknown): string[] {
  const whole = textIn(text);
  if (whole === '') return [];
  return whole
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => sign + line);
}
