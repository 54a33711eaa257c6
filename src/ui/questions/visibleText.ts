import { UNSEEN, withoutMarkFloods } from '../../core/policy/unseen.ts';

// What an agent asks is judged by its look: whatever has none, or changes that of others, is shown by its code.

const SIGNS = new RegExp(`(?![\\n\\t])(?:${UNSEEN})`, 'gu');

/** Foreign text with each sign that cannot be seen as its code, and long gaps and floods of marks as their length. */
export function visibleText(text: string): string {
  const seen = text
    .replaceAll('\r\n', '\n')
    .replace(SIGNS, (sign) => `‹U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`)
    .replace(/[ \t]{9,}/g, (gap) => ` ‹${gap.length} blanks› `)
    .replace(/\n(?:[ \t]*\n){3,}/g, (gap) => `\n‹${gap.split('\n').length - 1} line breaks›\n`);
  return withoutMarkFloods(seen, (marks) => `‹${marks} marks more›`);
}

/** Letters of Hebrew, Arabic and other scripts that run from right to left. */
const RIGHT_TO_LEFT = '[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]';
const BETWEEN = new RegExp(`(?<=${RIGHT_TO_LEFT}\\p{M}*)[^\\p{L}\\n]+(?=${RIGHT_TO_LEFT})`, 'gu');

/**
 * A command, a path or a change as visible text. What stands between two words that run from right to left would be
 * shown in reverse (`cat b > a` as `cat a < b`): `‹LTR›` keeps the order.
 */
export function visibleCode(text: string): string {
  return visibleText(text).replace(BETWEEN, (gap) => (/[^\p{M}\p{N}]/u.test(gap) ? `‹LTR›${gap}` : gap));
}

/** Visible text that is one entry of a list: a line break in it begins no other. */
export function visibleLine(visible: string): string {
  return visible.replaceAll('\n', '‹line break›');
}

/** Whether a command or a path shows all that it is in one short line. */
export function isPlain(text: string): boolean {
  return text.length <= 120 && !/[\n\t]/.test(text) && visibleCode(text) === text;
}
