import { isObject, itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

/** One line of the driver: `acp` names what happened. */
export type Line = JsonObject & { readonly acp: string };

/** The longest summary of a tool call or its result, characters. */
const SUMMARY = 400;

/** What is remembered of tool calls, by their ids: an update may name only what has changed. */
export type ToolCalls = Map<string, JsonObject>;

/** A session update as lines; none if it is of no use. Updates `calls`. */
export function linesOf(update: JsonObject, calls: ToolCalls): Line[] {
  switch (update['sessionUpdate']) {
    case 'agent_message_chunk':
      return [...textOf(update), ...usageOf(objectIn(objectIn(update['_meta'])['usage']))];
    case 'tool_call':
    case 'tool_call_update':
      return toolLines(update, calls);
    case 'usage_update':
      return [...modelOf(update), ...costOf(objectIn(update['cost']))];
    default:
      return [];
  }
}

/** The lines at the end of a turn. */
export function turnLines(response: JsonObject): Line[] {
  const usage = objectIn(response['usage']);
  const quota = objectIn(objectIn(objectIn(response['_meta'])['quota'])['token_count']);
  const tokens = isObject(response['usage']) ? usageOf(usage) : usageOf(quota);
  const total = tokens.map((line) => ({ ...line, ofTurn: true }));
  return [...total, { acp: 'stop', reason: textIn(response['stopReason']) || 'unknown' }];
}

/** What is known about a tool call so far. */
export function toolCall(update: JsonObject, calls: ToolCalls): JsonObject {
  const id = textIn(update['toolCallId']);
  const known = calls.get(id) ?? {};
  const given = Object.entries(update).filter(([, value]) => value !== undefined && value !== null);
  const rawInput = { ...objectIn(known['rawInput']), ...objectIn(update['rawInput']) };
  const next = { ...known, ...Object.fromEntries(given), rawInput };
  calls.set(id, next);
  return next;
}

function textOf(update: JsonObject): Line[] {
  const { type, text } = objectIn(update['content']);
  return type === 'text' && typeof text === 'string' && text !== '' ? [{ acp: 'text', text }] : [];
}

function toolLines(update: JsonObject, calls: ToolCalls): Line[] {
  const id = textIn(update['toolCallId']);
  const before = calls.get(id);
  const call = toolCall(update, calls);
  const status = textIn(call['status']);
  const lines: Line[] = [];
  // A call without known input is not worth a line.
  const hasInput =
    call['kind'] === 'execute' ? commandOf(call) !== undefined : Object.keys(objectIn(call['rawInput'])).length > 0;
  const isKnown = hasInput || status !== 'pending';
  if (isKnown && before?.['told'] !== true) {
    calls.set(id, { ...call, told: true });
    lines.push({ acp: 'tool', id, name: toolName(call), summary: summaryOf(call) });
  } else if (before?.['told'] === true) calls.set(id, { ...call, told: true });
  if (status !== 'completed' && status !== 'failed') return lines;
  calls.delete(id);
  return [...lines, { acp: 'result', id, ok: status === 'completed', summary: resultOf(call) }];
}

/** The agent's own name for the tool, else its kind. */
export function toolName(call: JsonObject): string {
  const meta = objectIn(call['_meta']);
  const named = [call['name'], objectIn(meta['claudeCode'])['toolName'], meta['toolName'], call['kind']];
  return named.map(textIn).find((name) => name !== '') ?? 'tool';
}

function summaryOf(call: JsonObject): string {
  return (commandOf(call) ?? (textIn(call['title']) || toolName(call))).slice(0, SUMMARY);
}

/** The command line that a call runs, where it says it. */
export function commandOf(call: JsonObject): string | undefined {
  const { command } = objectIn(call['rawInput']);
  if (typeof command === 'string' && command !== '') return command;
  const words = itemsIn(command).filter((word) => typeof word === 'string');
  if (words.length === 0) return undefined;
  const [, flag = '', line] = words;
  return words.length === 3 && line !== undefined && /^-\w*c$/.test(flag) ? line : words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function resultOf(call: JsonObject): string {
  const output = call['rawOutput'];
  if (typeof output === 'string') return output.slice(0, SUMMARY);
  const texts = itemsIn(call['content']).map((part) => textIn(objectIn(objectIn(part)['content'])['text']));
  return texts.join('\n').slice(0, SUMMARY);
}

/** Counts under the names that different agents give them. */
function usageOf(usage: JsonObject): Line[] {
  const count = (...names: string[]) => names.map((name) => usage[name]).find((value) => typeof value === 'number');
  const line = {
    acp: 'tokens',
    input: count('inputTokens', 'input_tokens'),
    output: count('outputTokens', 'output_tokens'),
    cached: count('cachedReadTokens', 'cachedInputTokens'),
    written: count('cachedWriteTokens'),
    all: count('totalTokens'),
  };
  return line.input === undefined && line.output === undefined ? [] : [line];
}

function modelOf(update: JsonObject): Line[] {
  const model = textIn(objectIn(update['_meta'])['_claude/model']);
  return model === '' ? [] : [{ acp: 'model', model }];
}

/** The session's total so far. */
function costOf({ amount, currency }: JsonObject): Line[] {
  return typeof amount === 'number' && currency === 'USD' ? [{ acp: 'total', usd: amount }] : [];
}
