import { stripEscapes } from '../text/safeText.ts';

// Control characters except tab and newline, DEL and the C1 range: a terminal would obey them, an editor shows boxes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

// These change the display order of text: readers would see something else than what is there.
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;

// A progress bar overwrites its line: keep only its last state.
const OVERDRAWN = /[^\n]*\r(?!\n|$)/g;

/**
 * Makes multi-line foreign text safe to show: removes terminal escapes and control characters, keeps the last state of
 * overwritten lines, and shows characters that reorder text as codes (`‹U+202E›`). Newlines and tabs stay.
 */
export function cleanText(text: string): string {
  return stripEscapes(text.includes('\r') ? text.replace(OVERDRAWN, '') : text)
    .replace(CONTROL, '')
    .replace(BIDI, (c) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase()}›`);
}
