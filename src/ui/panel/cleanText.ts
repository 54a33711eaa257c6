import { stripVTControlCharacters } from 'node:util';

// Everything below the space but tab and newline, DEL and the C1 range: a terminal would act on them, an editor shows boxes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

// They change the order in which text is shown: what is read would not be what is there.
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;

// A progress bar draws over its own line: only what it drew last is kept.
const OVERDRAWN = /[^\n]*\r(?!\n|$)/g;

/**
 * Text from an agent, safe to show: terminal escapes and control characters are taken out, a line that was drawn over shows its last
 * state, and characters that reorder text are shown by their code (`‹U+202E›`). Newlines and tabs stay.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.includes('\r') ? text.replace(OVERDRAWN, '') : text)
    .replace(CONTROL, '')
    .replace(BIDI, (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase()}›`);
}

/** The same on one line, cut to `max` characters with an ellipsis. */
export function cleanLine(text: string, max = 200): string {
  // Cleaned only as far as it is shown: text of megabytes costs no more than a line.
  const line = cleanText(text.slice(0, max * 4)).replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…` : line;
}
