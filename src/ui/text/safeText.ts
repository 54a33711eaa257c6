// Prompts, titles and agent output are foreign text: none of it may act when it is shown.

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are what this takes out.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// Control characters, and the ones that turn the direction of text so that it reads as something else.
const INVISIBLE = /[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/** Foreign text in one line without control characters, at most `max` characters; what is cut ends with `…`. */
export function oneLine(text: string, max = 80): string {
  // Only what can be shown is worked on: a prompt may hold 10 MiB.
  const line = stripEscapes(text.slice(0, max * 4))
    .replace(INVISIBLE, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > max || text.length > max * 4 ? `${cut(line, max - 1).trimEnd()}…` : line;
}

/** Foreign text without terminal escapes. Line ends stay. */
export function stripEscapes(text: string): string {
  return text.replace(ESCAPES, '');
}

/** Foreign text as inline Markdown code: nothing in it is read as Markdown, HTML, a link or an image. */
export function inlineCode(text: string, max = 200): string {
  const line = oneLine(text, max);
  if (line === '') return '';
  const fence = '`'.repeat(longestRun(line) + 1);
  return line.startsWith('`') || line.endsWith('`') ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** Foreign text as a Markdown code block with a fence that the text can not close. */
export function codeBlock(
  text: string,
  options: { readonly language?: string; readonly maxLines?: number; readonly maxChars?: number } = {},
): string {
  const { language = '', maxLines = Number.POSITIVE_INFINITY, maxChars = Number.POSITIVE_INFINITY } = options;
  let shown = cut(text, maxChars);
  const lines = shown.split('\n', maxLines === Number.POSITIVE_INFINITY ? undefined : maxLines + 1);
  if (lines.length > maxLines) shown = lines.slice(0, maxLines).join('\n');
  const more = shown.length < text.length ? '\n…' : '';
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}${language}\n${shown}${more}\n${fence}`;
}

/** Foreign text in a Markdown sentence or table cell, with everything escaped that Markdown or HTML would read. */
export function escapeMarkdown(text: string, max = 200): string {
  return oneLine(text, max).replace(/[\\`*_{}[\]()#+\-.!~|<>&$:@/]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

/** The first `max` characters, with no character cut in half. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}
