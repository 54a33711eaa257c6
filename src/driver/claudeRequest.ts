import type { AnswerRecord, AskRecord } from '../asking/questionRecords.ts';
import { changedLines } from './changedLines.ts';
import { claudeAnswers, claudeInquiries } from './claudeInquiries.ts';
import { itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

const KINDS: { readonly [tool: string]: AskRecord['request']['kind'] } = {
  ...{ Bash: 'command', Edit: 'edit', MultiEdit: 'edit', Write: 'edit', NotebookEdit: 'edit' },
  ...{ Read: 'read', Glob: 'read', Grep: 'read', LS: 'read', WebFetch: 'fetch', WebSearch: 'fetch' },
};

/** The tool with which it asks for words rather than permission. */
const INQUIRY_TOOL = 'AskUserQuestion';

/** What it gets if nobody answers. */
const NO_WORDS = 'Nobody is there to choose. Decide yourself, and say what you decided and why.';

const INQUIRY_CHOICES = [
  { id: 'allow', kind: 'allowOnce', label: 'Answer' },
  { id: 'deny', kind: 'denyOnce', label: 'Skip' },
] as const;

/** The question in a `can_use_tool` request of Claude Code; undefined if it cannot be shown. */
export function claudeQuestion(request: JsonObject): AskRecord | undefined {
  const tool = textIn(request['tool_name']);
  const input = objectIn(request['input']);
  if (tool === INQUIRY_TOOL) {
    const inquiries = claudeInquiries(input);
    return inquiries && { request: { kind: 'inquiry', tool, title: tool, inquiries }, choices: INQUIRY_CHOICES };
  }
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
  const isInquiry = request['tool_name'] === INQUIRY_TOOL;
  if (!answer?.allow || (isInquiry && !answer.replies))
    return { behavior: 'deny', message: isInquiry ? NO_WORDS : 'The user does not allow this.' };
  if (isInquiry)
    return { behavior: 'allow', updatedInput: claudeAnswers(objectIn(request['input']), answer.replies ?? []) };
  const remember = answer.choice === 'always' ? { updatedPermissions: rulesIn(request) } : {};
  return { behavior: 'allow', updatedInput: objectIn(request['input']), ...remember };
}

/** The rules that it would remember. Another mode for everything that follows is more than was asked for. */
function rulesIn(request: JsonObject): readonly JsonObject[] {
  return itemsIn(request['permission_suggestions'])
    .map(objectIn)
    .filter(({ type }) => type === 'addRules');
}

function withoutCommand({ command: _, description: _1, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** What an edit removes and inserts. */
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
