/** The report of a check in the next prompt is at most this long (characters; R11.2). */
export const LONGEST_REPORT = 16 * 1024;
/** How much of it are failing lines from before its end, at most. */
const LONGEST_FAILING = 4 * 1024;
const LONGEST_LINE = 500;

const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(7);
/** Terminal escapes: commands, titles and links, strings, character sets. */
const ESCAPES = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)|[PX^_][^${ESC}]*${ESC}\\\\|[ -/]*[0-~])`,
  'g',
);
/** Control characters except the tab, and those that reverse text. */
const CONTROLS = /[^\P{Cc}\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A line of output as plain text: of a line that was overwritten only the last version is kept. */
export function plainLine(line: string): string {
  const plain = line.replaceAll(ESCAPES, '').replace(/\r+$/, '');
  return plain.slice(plain.lastIndexOf('\r') + 1).replaceAll(CONTROLS, '');
}

const FAILING =
  /\b(?:fail(?:s|ed|ure|ures|ing)?|errors?|not ok|panic(?:ked)?|exception|assert\w*|expected|undefined reference|fatal)\b|[✗✘✖×]/i;
const NOT_FAILING = /\b(?:0|no) (?:fail\w*|errors?)\b/i;

/** Whether a line is likely to say what went wrong. */
export function isFailing(line: string): boolean {
  return FAILING.test(line) && !NOT_FAILING.test(line);
}

/** Collects a check's output line by line, keeping what its report needs. Its state is plain data. */
export interface OutputTail {
  /** The last lines, oldest first. */
  readonly tail: readonly string[];
  /** Failing lines from before the tail. */
  readonly failing: readonly string[];
  /** How many lines are in neither. */
  readonly dropped: number;
}

export const NO_OUTPUT: OutputTail = { tail: [], failing: [], dropped: 0 };

/** The tail with one more line. */
export function addLine({ tail, failing, dropped }: OutputTail, text: string): OutputTail {
  const plain = plainLine(text);
  const lines = [...tail, plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}…` : plain];
  const kept = [...failing];
  let lost = dropped;
  while (lengthOf(lines) > LONGEST_REPORT - LONGEST_FAILING) {
    const line = lines.shift() as string;
    if (isFailing(line) && lengthOf(kept) + line.length < LONGEST_FAILING) kept.push(line);
    else lost++;
  }
  return { tail: lines, failing: kept, dropped: lost };
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** The report: failing lines from earlier, then the end of the output. */
export function reportOf({ tail, failing, dropped }: OutputTail): string {
  const end = [...tail];
  while (end.at(-1)?.trim() === '') end.pop();
  if (dropped === 0 && failing.length === 0) return end.join('\n');
  return [...failing, `… ${dropped} more lines, whole in the log …`, ...end].join('\n');
}

/**
 * What changes from run to run though nothing has changed: times, durations, temporary folders, addresses, process ids.
 */
const CHANGES: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[ap]m)?\b/gi, '<time>'],
  [/\b\d+(?:[.,]\d+)?\s?(?:ns|[µu]s|ms|s|sec|secs|seconds?|m|min|mins|minutes?|h)\b/gi, '<duration>'],
  [/(?:\/(?:private\/)?(?:tmp|var\/folders|var\/tmp)|[A-Z]:\\[^\s"']*\\Temp)[^\s"':,)\]]*/gi, '<temp>'],
  [/\b0x[0-9a-f]+\b/gi, '<address>'],
  [/\bpid[ =:]*\d+\b/gi, 'pid <n>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
];

/** A line without the parts that change from run to run (R11.3). */
export function normalisedLine(line: string): string {
  return CHANGES.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), plainLine(line)).trimEnd();
}

/** The last number that `pattern` finds in a line (R11.8); undefined where there is none. */
export function scoreIn(line: string, pattern: RegExp): number | undefined {
  let score: number | undefined;
  for (const match of plainLine(line).matchAll(pattern)) {
    const value = Number((match[1] ?? match[0]).replaceAll(',', ''));
    if (Number.isFinite(value)) score = value;
  }
  return score;
}
