import { itemsIn, type JsonObject, objectIn, textIn } from '../json.ts';
import type { Emit } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary, shellCommand } from '../oneLine.ts';

/** What the reader knows of the items of a turn. */
export interface CodexItems {
  /** Items whose result is pending. */
  open: string[];
  /** Where the turn is: it has said or done nothing yet, it has, or it has ended, well or not. */
  turn: 'begun' | 'working' | 'ended';
  /** Tools were at work in this turn. */
  tools: boolean;
  denied: number;
}

const REMEMBERED = 100;

/** A started item is a call, unless it is a message, a thought or a plan. */
export function itemStarted(item: JsonObject, memory: CodexItems, emit: Emit): void {
  const call = callIn(item);
  if (!call) return;
  const id = textIn(item['id']);
  memory.turn = 'working';
  memory.tools = true;
  memory.open.push(id);
  if (memory.open.length > REMEMBERED) memory.open.shift();
  emit({ type: 'toolCall', ...(id !== '' && { id }), ...call });
}

export function itemCompleted(item: JsonObject, memory: CodexItems, emit: Emit): void {
  const text = textIn(item['text']);
  if (item['type'] === 'agent_message') {
    memory.turn = 'working';
    if (text !== '') emit({ type: 'text', text, delta: false });
    return;
  }
  if (item['type'] === 'error') {
    emit({ type: 'warning', text: oneLine(textIn(item['message']), 500) });
    return;
  }
  const id = textIn(item['id']);
  const started = memory.open.indexOf(id);
  const call = started < 0 || item['status'] === 'declined' ? callIn(item) : undefined;
  // Some items are reported only once they are done.
  if (started >= 0) memory.open.splice(started, 1);
  else if (call) emit({ type: 'toolCall', ...(id !== '' && { id }), ...call });
  else return;
  memory.turn = 'working';
  memory.tools = true;
  const exitCode = item['exit_code'];
  const error = textIn(objectIn(item['error'])['message']);
  const failed =
    item['status'] === 'failed' ||
    item['status'] === 'declined' ||
    error !== '' ||
    (typeof exitCode === 'number' && exitCode !== 0);
  if (call && item['status'] === 'declined') {
    memory.denied++;
    emit({ type: 'denied', tool: call.name, reason: call.summary });
  }
  const output = resultSummary(error || item['aggregated_output'] || objectIn(item['result'])['content']);
  emit({
    type: 'toolResult',
    ...(id !== '' && { id }),
    ok: !failed,
    summary: output || (typeof exitCode === 'number' ? `exit code ${exitCode}` : oneLine(textIn(item['status']))),
  });
}

/** The tool call that an item is; undefined for messages, thoughts and plans. */
function callIn(item: JsonObject): { readonly name: string; readonly summary: string } | undefined {
  const name = textIn(item['type']);
  switch (name) {
    case 'command_execution':
      return { name, summary: oneLine(shellCommand(textIn(item['command']))) };
    case 'file_change': {
      const changes = itemsIn(item['changes']).map(objectIn);
      return {
        name,
        summary: oneLine(
          changes.map((change) => `${textIn(change['kind'])} ${textIn(change['path'])}`.trim()).join(', '),
        ),
      };
    }
    case 'mcp_tool_call':
      return {
        name: [textIn(item['server']), textIn(item['tool'])].filter((part) => part !== '').join('.') || name,
        summary: callSummary(item['arguments']),
      };
    case '':
    case 'agent_message':
    case 'reasoning':
    case 'todo_list':
    case 'error':
      return undefined;
    default:
      // Unknown kinds of items count as calls if they have a state.
      return name === 'web_search' || textIn(item['status']) !== '' ? { name, summary: callSummary(item) } : undefined;
  }
}
