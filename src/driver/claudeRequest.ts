import type { AnswerRecord, AskRecord } from '../asking/questionRecords.ts';
import { changedLines } from './changedLines.ts';
import { itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

const KINDS: { readonly [tool: string]: AskRecord['request']['kind'] } = {
  ...{ Bash: 'command', Edit: 'edit', MultiEdit: 'edit', Write: 'edit', NotebookEdit: 'edit' },
  ...{ Read: 'read', Glob: 'read', Grep: 'read', LS: 'read', WebFetch: 'fetch', WebSearch: 'fetch' },
};

/** What Claude Code gets where nobody can choose: it asks its user to pick one of several answers. */
const NO_CHOICE = 'Nobody is there to choose. Decide yourself, and say what you decided and why.';

/** The question that a `can_use_tool` of Claude Code asks; undefined for a choice, which is none about permission. */
export function claudeQuestion(request: JsonObject): AskRecord | undefined {
  const tool = textIn(request['tool_name']);
  if (tool === 'AskUserQuestion') return undefined;
  const input = objectIn(request['input']);
  const kind = KINDS[tool] ?? 'other';
  const named = ['file_path', 'notebook_path', 'path', 'url', 'query'].map((name) => textIn(input[name]));
  const blocked = kind === 'other' ? [textIn(request['blocked_path'])] : [];
  const paths = [...named, ...blocked].filter((path) => path !== '');
  const diff = diffOf(input);
  const details = kind === 'command' ? withoutCommand(input) : kind === 'edit' ? {} : input;
  return {
    request: {
      ...{ kind, tool, title: textIn(request['description']) || textIn(input['description']) || tool },
      ...(kind === 'command' && { command: textIn(input['command']) }),
      ...(paths.length > 0 && { paths }),
      ...(diff !== '' && { diff }),
      ...(Object.keys(details).length > 0 && { details: JSON.stringify(details, undefined, 2) }),
    },
    choices: [
      { id: 'allow', kind: 'allowOnce', label: 'Yes' },
      ...(rulesIn(request).length > 0 ? [{ id: 'always', kind: 'allowAlways', label: 'Yes, always' } as const] : []),
      { id: 'deny', kind: 'denyOnce', label: 'No' },
    ],
  };
}

/** The answer to Claude Code. Without an answer it is denied: the run is being stopped, or nobody can be asked. */
export function claudeResponse(request: JsonObject, answer: AnswerRecord | undefined): JsonObject {
  if (request['tool_name'] === 'AskUserQuestion') return { behavior: 'deny', message: NO_CHOICE };
  if (!answer?.allow) return { behavior: 'deny', message: 'The user does not allow this.' };
  const remember = answer.choice === 'always' ? { updatedPermissions: rulesIn(request) } : {};
  return { behavior: 'allow', updatedInput: objectIn(request['input']), ...remember };
}

/** The rules that it would remember. Another mode for all that follows is more than was asked. */
function rulesIn(request: JsonObject): readonly JsonObject[] {
  return itemsIn(request['permission_suggestions'])
    .map(objectIn)
    .filter(({ type }) => type === 'addRules');
}

function withoutCommand({ command: _, description: _1, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** What an edit takes out and puts in. */
function diffOf(input: JsonObject): string {
  const edits = [input, ...itemsIn(input['edits']).map(objectIn)];
  return edits
    .flatMap((edit) => [
      ...changedLines('-', edit['old_string']),
      ...changedLines('+', edit['new_string']),
      ...changedLines('+', edit['content']),
      ...changedLines('+', edit['new_source']),
    ])
    .join('\n');
}
