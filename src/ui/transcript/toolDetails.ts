import { oneLine } from '../text/safeText.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import { diffLines, isDiff, replacement } from './diff.ts';
import type { DetailSection, DiffLine } from './protocol.ts';

/** Maximum length of a section, in characters. */
const MAX_TEXT = 20_000;
const MAX_DIFF = 400;
const MAX_SECTIONS = 40;
const MAX_DEPTH = 12;

// Fields of every event that nobody wants to read.
const ENVELOPE =
  /^(?:type|id|uuid|role|model|timestamp|time|usage|signature|stop_reason|stop_sequence|sequence|snapshot|metadata|caller|tool_result_meta|turnId|.*session_?id|.*(?:tool|part|parent|message|request|call|interaction)_?(?:use_?)?id)$/i;

// Names of the fields with the text before and after in agents' edit tools.
const EDITS = [
  ['old_string', 'new_string'],
  ['old_str', 'new_str'],
  ['oldString', 'newString'],
  ['old_text', 'new_text'],
  ['oldText', 'newText'],
] as const;

type Fields = { name: string; value: string }[];

/**
 * Formats the log lines of a tool call and its result: long values as texts, edits as diffs, the rest as fields. Works
 * for any agent, since it only looks at shapes. Lines that are not JSON are shown raw.
 */
export function toolDetails(lines: readonly string[]): DetailSection[] {
  const sections: DetailSection[] = [];
  const fields: Fields = [];
  for (const line of lines) {
    const value = parse(line);
    if (value === undefined) text(sections, 'output', line);
    else walk(value, '', 0, sections, fields);
  }
  return [...(fields.length > 0 ? [{ kind: 'fields', fields } as const] : []), ...sections].slice(0, MAX_SECTIONS);
}

/** The diff in a tool call's log line, if it is an edit; at most `max` lines. */
export function editOf(line: string, max: number): DiffLine[] | undefined {
  // Most calls are no edits, and most lines are long: check before parsing.
  if (!/"old_?(?:str|text)|@@ -\d/i.test(line)) return undefined;
  const diffs = toolDetails([line]).filter((section) => section.kind === 'diff');
  const all = diffs.flatMap((section) => section.lines);
  return all.length > 0 ? all.slice(0, max) : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not JSON, or cut.
    return undefined;
  }
}

function walk(value: unknown, name: string, depth: number, sections: DetailSection[], fields: Fields): void {
  if (depth > MAX_DEPTH || sections.length >= MAX_SECTIONS || fields.length >= MAX_SECTIONS) return;
  if (typeof value === 'string') leaf(value, name, depth, sections, fields);
  else if (Array.isArray(value)) for (const entry of value) walk(entry, name, depth + 1, sections, fields);
  else if (typeof value === 'object' && value !== null)
    record(value as Record<string, unknown>, name, depth, sections, fields);
  else if (value !== null && value !== undefined && name !== '')
    fields.push({ name: oneLine(name, 60), value: String(value) });
}

function record(
  value: Record<string, unknown>,
  name: string,
  depth: number,
  sections: DetailSection[],
  fields: Fields,
): void {
  const edit = EDITS.find(([before, after]) => typeof value[before] === 'string' && typeof value[after] === 'string');
  if (edit)
    diff(
      sections,
      name,
      replacement(cleanText(value[edit[0]] as string), cleanText(value[edit[1]] as string), MAX_DIFF + 1),
    );
  for (const [key, entry] of Object.entries(value)) {
    if (!ENVELOPE.test(key) && !edit?.some((part) => part === key)) walk(entry, key, depth + 1, sections, fields);
  }
}

function leaf(value: string, name: string, depth: number, sections: DetailSection[], fields: Fields): void {
  // Some agents pass arguments as a JSON string.
  const inner = value.startsWith('{') && value.length < MAX_TEXT ? parse(value) : undefined;
  if (inner !== undefined) walk(inner, name, depth + 1, sections, fields);
  else if (isDiff(value)) diff(sections, name, diffLines(cleanText(value), MAX_DIFF + 1));
  else if (value.length > 120 || value.trim().includes('\n')) text(sections, name, value);
  else {
    const shown = oneLine(value, 120);
    // Results often contain the same text twice.
    if (shown !== '' && !fields.some((field) => field.value === shown))
      fields.push({ name: oneLine(name, 60), value: shown });
  }
}

function text(sections: DetailSection[], label: string, value: string): void {
  const shown = cleanText(value.slice(0, MAX_TEXT));
  if (sections.some((section) => section.kind === 'text' && section.text === shown)) return;
  sections.push({ kind: 'text', label: oneLine(label, 60), text: shown, cut: value.length > MAX_TEXT });
}

function diff(sections: DetailSection[], label: string, lines: readonly DiffLine[]): void {
  if (lines.length > 0)
    sections.push({
      kind: 'diff',
      label: oneLine(label, 60),
      lines: lines.slice(0, MAX_DIFF),
      cut: lines.length > MAX_DIFF,
    });
}
