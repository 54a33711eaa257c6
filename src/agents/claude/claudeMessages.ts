import { itemsIn, type JsonObject, objectIn, textIn } from '../json.ts';
import type { Emit } from '../lineReader.ts';
import { callSummary, resultSummary } from '../oneLine.ts';

/** A part of an assistant's message: text, or a tool call. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly summary: string };

/** The parts of an assistant's message that are known, in their order. */
export function partsOf(message: JsonObject): Part[] {
  const parts: Part[] = [];
  for (const item of itemsIn(objectIn(message['message'])['content'])) {
    const block = objectIn(item);
    const type = textIn(block['type']);
    const text = textIn(block['text']);
    if (type === 'text' && text !== '') parts.push({ kind: 'text', text });
    if (!type.endsWith('tool_use')) continue;
    const name = textIn(block['name']) || 'tool';
    parts.push({ kind: 'call', id: textIn(block['id']), name, summary: callSummary(block['input']) });
  }
  return parts;
}

/** Emits the tool results in a user's message. */
export function emitResults(message: JsonObject, emit: Emit): void {
  for (const item of itemsIn(objectIn(message['message'])['content'])) {
    const block = objectIn(item);
    if (!textIn(block['type']).endsWith('tool_result')) continue;
    const summary = resultSummary(block['content']);
    emit({ type: 'toolResult', ...idOf(textIn(block['tool_use_id'])), ok: block['is_error'] !== true, summary });
  }
}

/** Whether a message is the agent's own rather than a sub-agent's. */
export function isOwn(message: JsonObject): boolean {
  return textIn(message['parent_tool_use_id']) === '';
}

export function idOf(id: string): { readonly id?: string } {
  return id === '' ? {} : { id };
}
