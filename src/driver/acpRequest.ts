import type { AnswerRecord, AskRecord } from '../asking/questionRecords.ts';
import { commandOf, type ToolCalls, toolCall, toolName } from './acpLines.ts';
import { changedLines } from './changedLines.ts';
import { itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

const KINDS: { readonly [kind: string]: AskRecord['request']['kind'] } = {
  ...{ execute: 'command', edit: 'edit', delete: 'edit', move: 'edit', read: 'read', search: 'read', fetch: 'fetch' },
};
const CHOICES: { readonly [kind: string]: AskRecord['choices'][number]['kind'] } = {
  ...{ allow_once: 'allowOnce', allow_always: 'allowAlways', reject_once: 'denyOnce', reject_always: 'denyAlways' },
};

/** The question in a request for permission; undefined if it offers no known choice. */
export function questionOf(params: JsonObject, calls: ToolCalls): AskRecord | undefined {
  const call = toolCall(objectIn(params['toolCall']), calls);
  const offered = itemsIn(params['options']).flatMap((option) => {
    const { optionId, name, kind } = objectIn(option);
    const known = CHOICES[textIn(kind)];
    return known && typeof optionId === 'string' ? [{ id: optionId, kind: known, label: textIn(name) }] : [];
  });
  // Of two with one id nobody knows which of them is chosen.
  const choices = offered.filter(({ id }) => offered.filter((one) => one.id === id).length === 1);
  if (choices.length === 0) return undefined;
  const command = commandOf(call);
  const kind = command === undefined ? (KINDS[textIn(call['kind'])] ?? 'other') : 'command';
  const title = textIn(call['title']);
  const paths = pathsOf(call);
  const diff = diffOf(call);
  const { command: _, ...input } = objectIn(call['rawInput']);
  const request = {
    ...{ kind, tool: toolName(call), title },
    // Some agents name the command only there.
    ...(kind === 'command' && { command: command ?? title }),
    ...(paths.length > 0 && { paths }),
    ...(diff !== '' && { diff }),
    ...(Object.keys(input).length > 0 && { details: JSON.stringify(input, undefined, 2) }),
  };
  return { request, choices };
}

/** What the protocol calls an answer. Without one, or without a way to deny, the request counts as cancelled. */
export function outcomeOf(answer: AnswerRecord | undefined, { choices }: AskRecord): JsonObject {
  const optionId = answer?.choice ?? (answer?.allow === false ? choices.find(isDenial)?.id : undefined);
  return optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
}

function isDenial({ kind }: AskRecord['choices'][number]): boolean {
  return kind === 'denyOnce' || kind === 'denyAlways';
}

function pathsOf(call: JsonObject): string[] {
  const named = [...itemsIn(call['locations']), ...itemsIn(call['content'])].map((part) =>
    textIn(objectIn(part)['path']),
  );
  const input = objectIn(call['rawInput']);
  const given = ['file_path', 'path', 'absolute_path', 'filePath', 'url'].map((name) => textIn(input[name]));
  return [...new Set([...named, ...given])].filter((path) => path !== '');
}

/** What would change, in a familiar form: all removed lines, then all added ones. */
function diffOf(call: JsonObject): string {
  return itemsIn(call['content'])
    .map(objectIn)
    .filter(({ type }) => type === 'diff')
    .map(({ path, oldText, newText }) =>
      [`--- ${textIn(path)}`, ...changedLines('-', oldText), ...changedLines('+', newText)].join('\n'),
    )
    .join('\n');
}
