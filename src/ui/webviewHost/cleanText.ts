import { stripEscapes } from '../text/safeText.ts';

// Everything below the space but tab and newline, DEL and the C1 range: a terminal would act on them, an editor shows boxes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

// They change the order in which text is shown: what is read would not be what is there.
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;

// A progress bar draws over its own line: only what it drew last is kept.
const OVERDRAWN = /[^\n]*\r(?!\n|$)/g;

/**
 * Foreign text of several lines, safe to show: terminal escapes and control characters are taken out, a line that was drawn over shows
 * its last state, and characters that reorder text are shown by their code (`‹U+202E›`). Newlines and tabs stay.
 */
export function cleanText(text: string): string {
  return stripEscapes(text.includes('\r') ? text.replace(OVERDRAWN, '') : text)
    .replace(CONTROL, '')
    .replace(BIDI, (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase()}›`);
}
