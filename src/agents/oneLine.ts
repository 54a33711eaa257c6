import { isObject, type JsonObject, textIn } from './json.ts';

/** The longest summary, in characters. */
const LONGEST = 200;

// Terminal escapes first, then every other control character: summaries are shown in trees, tooltips and terminals.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-_]/g;
const BLANKS = /[\s\p{Cc}\u2028\u2029]+/gu;

// Printable ASCII with single blanks between words: most texts are one line already.
const PLAIN_LINE = /^[!-~]+(?: [!-~]+)*$/;

/** A text without terminal escapes. */
export function withoutEscapes(text: string): string {
  return text.includes('\u001b') ? text.replace(ESCAPES, '') : text;
}

/** A text on one line of at most `longest` characters, without escapes and control characters. */
export function oneLine(text: string, longest = LONGEST): string {
  if (text === '' || (text.length <= longest && PLAIN_LINE.test(text))) return text;
  // Only what is kept below needs cleaning; escapes may take some of the room.
  const clean = withoutEscapes(text.slice(0, longest * 4))
    .replace(BLANKS, ' ')
    .trim();
  if (clean.length <= longest) return clean;
  // Not in the middle of a surrogate pair.
  return `${clean.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

// Names of tools' inputs, the most telling first. All agents use these, in several spellings.
const TELLING = [
  'command',
  'cmd',
  'script',
  'file_path',
  'filePath',
  'notebook_path',
  'absolute_path',
  'path',
  'paths',
  'pattern',
  'query',
  'url',
  'skill',
  'description',
  'prompt',
  'name',
] as const;

/** A tool's call in one line: its command, path, pattern or address. */
export function callSummary(input: unknown): string {
  if (typeof input === 'string') return oneLine(input);
  if (!isObject(input)) return '';
  for (const key of TELLING) {
    const line = valueLine(input[key]);
    if (line !== '') return line;
  }
  return valueLine(Object.values(input).find((value) => typeof value === 'string'));
}

function valueLine(value: unknown): string {
  if (Array.isArray(value)) return oneLine(value.filter((item) => typeof item === 'string').join(' '));
  return oneLine(textIn(value));
}

/** A shell command without the shell that runs it: what stands behind `bash -lc`. */
export function shellCommand(command: string): string {
  const quoted = /^\S*\b(?:ba|z|da)?sh\s+-l?c\s+(?:'([\s\S]*)'|"([\s\S]*)")$/.exec(command);
  return quoted ? (quoted[1]?.replaceAll(`'\\''`, "'") ?? quoted[2] ?? command) : command;
}

/** The text of a tool's result: a text, or the texts among its parts. */
export function resultSummary(content: unknown): string {
  if (typeof content === 'string') return oneLine(content);
  if (isObject(content)) return resultSummary(content['content'] ?? content['text'] ?? content['message']);
  if (!Array.isArray(content)) return '';
  return oneLine(
    content
      .map((part: unknown) => (typeof part === 'string' ? part : textIn((part as JsonObject | null)?.['text'])))
      .join(' '),
  );
}
