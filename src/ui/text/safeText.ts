import { withoutMarkFloods } from '../../core/policy/unseen.ts';

// Prompts, titles and agent output are foreign text: showing it must have no effect.

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are what this takes out.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Words of ASCII with a space between them, which most lines are: V8 takes long to make the patterns for the others. */
const PLAIN = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** Foreign text as one line without control characters, of at most `max` characters; `…` marks a cut. */
export function oneLine(text: string, max = 80): string {
  if (text.length <= max && PLAIN.test(text)) return text;
  // Works only on the part that can be shown: a prompt may have 10 MiB.
  const clean = stripEscapes(text.slice(0, max * 4))
    // Control characters, and characters that reorder text so that it reads differently.
    .replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const line = withoutMarkFloods(clean, () => '');
  return line.length > max || text.length > max * 4 ? `${cut(line, max - 1).trimEnd()}…` : line;
}

// VS Code makes links of `[label](target)` in notifications, and runs commands that are their targets.
const LINK = /\](?=\()/g;

/** Foreign text for a notification, of which VS Code makes no link. */
export function withoutLinks(text: string): string {
  return text.replace(LINK, '] ');
}

/** Removes terminal escapes from foreign text and keeps line ends. */
export function stripEscapes(text: string): string {
  return text.replace(ESCAPES, '');
}

/** Foreign text as inline Markdown code, so that nothing in it renders as Markdown, HTML, a link or an image. */
export function inlineCode(text: string, max = 200): string {
  const line = oneLine(text, max);
  if (line === '') return '';
  const fence = '`'.repeat(longestRun(line) + 1);
  return line.startsWith('`') || line.endsWith('`') ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

/** Foreign text as a Markdown code block with a fence that the text cannot close. */
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

/** Foreign text for a Markdown sentence or table cell, with all Markdown and HTML escaped. */
export function escapeMarkdown(text: string, max = 200): string {
  return oneLine(text, max).replace(/[\\`*_{}[\]()#+\-.!~|<>&$:@/]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

/** The first `max` UTF-16 units, without splitting a surrogate pair. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}
