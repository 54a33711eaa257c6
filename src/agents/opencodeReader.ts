import type { AgentErrorCause, Tokens } from '../core/model/agentEvent.ts';
import { isCost, toNano } from '../core/model/money.ts';
import { causeInErrors, failureEnd, finished, sayFailure } from './failure.ts';
import { isObject, type JsonObject, numberIn, objectIn, textIn, tokenCount } from './json.ts';
import type { Ending, Grammar, Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary } from './oneLine.ts';
import type { Prices } from './prices.ts';

export const OPENCODE_WORDS = { title: 'OpenCode', login: 'run "opencode auth login" in a terminal' } as const;

interface Memory {
  session: string;
  /** Why the last step ended; empty before the first one has. */
  reason: string;
  spoke: boolean;
  /** A tool whose permission was refused since the last step ended well. */
  refused: string;
  denied: number;
  /** Ids of calls that were told but have no result. */
  open: string[];
  /** The run has ended with an error. */
  failed: boolean;
}

/** Reads what opencode prints. `now` gives wall time in ms. */
export function opencodeGrammar(prices: Prices, now: () => number, model: string | undefined): Grammar<Memory> {
  return {
    name: 'opencode',
    start: () => ({ session: '', reason: '', spoke: false, refused: '', denied: 0, open: [], failed: false }),
    message(message, memory, say) {
      const session = textIn(message['sessionID']);
      if (session !== '' && session !== memory.session) {
        memory.session = session;
        say({ type: 'session', sessionId: session });
      }
      const part = objectIn(message['part']);
      switch (message['type']) {
        case 'step_start':
          memory.reason = '';
          memory.failed = false;
          return;
        case 'text':
          if (textIn(part['text']) === '') return;
          memory.spoke = true;
          say({ type: 'text', text: textIn(part['text']), delta: false });
          return;
        case 'tool_use':
          tool(part, memory, say);
          return;
        case 'step_finish':
          stepFinish(part, memory, say, prices, model);
          return;
        case 'error':
          memory.failed = true;
          failed(message['error'], say, now());
      }
    },
    end,
  };
}

/** A call comes with its result, as one event, when it is done. */
function tool(part: JsonObject, memory: Memory, say: Say): void {
  const state = objectIn(part['state']);
  const id = textIn(part['callID']);
  const name = textIn(part['tool']) || 'tool';
  const identity = id === '' ? {} : { id };
  if (!memory.open.includes(id))
    say({
      type: 'toolCall',
      ...identity,
      name,
      summary: callSummary(state['input']) || oneLine(textIn(state['title'])),
    });
  const done = state['status'] === 'completed' || state['status'] === 'error';
  memory.open = done ? memory.open.filter((open) => open !== id) : [...memory.open, id];
  if (!done) return;
  const error = textIn(state['error']);
  if (state['status'] === 'error' && /rejected permission|permission denied|prevents you from using/i.test(error)) {
    memory.refused = name;
    memory.denied++;
    say({ type: 'denied', tool: name, reason: oneLine(error) });
  }
  const exit = numberIn(objectIn(state['metadata'])['exit']);
  say({
    type: 'toolResult',
    ...identity,
    ok: state['status'] === 'completed' && (exit === undefined || exit === 0),
    summary: resultSummary(error || state['output']),
  });
}

/** Each step tells its own cost. */
function stepFinish(part: JsonObject, memory: Memory, say: Say, prices: Prices, model: string | undefined): void {
  const counts = objectIn(part['tokens']);
  const cache = objectIn(counts['cache']);
  const tokens: Tokens = {
    input: tokenCount(counts['input']),
    cachedInput: tokenCount(cache['read']),
    cacheWrite: tokenCount(cache['write']),
    output: tokenCount(counts['output']) + tokenCount(counts['reasoning']),
  };
  memory.reason = textIn(part['reason']) || 'unknown';
  if (memory.reason === 'stop') memory.refused = '';
  say({ type: 'usage', tokens, ...(model !== undefined && { model }) });
  if (isCost(part['cost'])) {
    say({ type: 'cost', cost: toNano(part['cost']), source: 'reported' });
  } else {
    const { cost, note } = prices.estimate(tokens, model);
    say({ type: 'cost', cost, source: 'estimated', note });
  }
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    ProviderAuthError: 'auth',
    ProviderModelNotFoundError: 'config',
    MessageAbortedError: 'aborted',
    MessageOutputLengthError: 'task',
    ContextOverflowError: 'task',
  } as const),
);

function failed(error: unknown, say: Say, now: number): void {
  const name = textIn(objectIn(error)['name']);
  const data = objectIn(objectIn(error)['data']);
  const status = numberIn(data['statusCode']);
  const message = textIn(data['message']) || (isObject(error) ? name : textIn(error));
  const cause = CAUSES.get(name);
  // What the provider answered may name the time of a reset.
  const detail = /"resets?_?(?:at|in)\w*"/i.test(textIn(data['responseBody']))
    ? ` ${textIn(data['responseBody'])}`
    : '';
  sayFailure(
    say,
    OPENCODE_WORDS,
    { message: message + detail, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) },
    now,
  );
}

const SIGNS: readonly (readonly [RegExp, AgentErrorCause])[] = [
  [/Session not found/i, 'session'],
  [/^opencode run \[message|Unknown argument|Invalid values:|Model not found|ConfigInvalid|ConfigJson/i, 'config'],
  [/must provide a message/i, 'task'],
  [/no (?:provider|credentials|api key)|auth login/i, 'auth'],
];

/** There is no final event: how the last step ended decides. */
function end({ exit, errors }: Ending, memory: Memory, say: Say): void {
  if (memory.failed || exit.signal !== undefined) return;
  if (exit.exitCode !== 0) {
    const known = causeInErrors(errors, SIGNS);
    if (known) say(failureEnd(OPENCODE_WORDS, known, known.cause));
    return;
  }
  const message = unfinished(memory);
  // What was refused once is refused again: the user must allow it.
  const refused = memory.reason === 'tool-calls' && memory.refused !== '';
  if (message === undefined) say(finished(memory.denied));
  else say(failureEnd(OPENCODE_WORDS, { message }, refused ? 'config' : 'task'));
}

/** Why a run that ended with exit code 0 has not done its task; undefined when it has. */
function unfinished({ reason, refused, spoke }: Memory): string | undefined {
  switch (reason) {
    case 'stop':
      return undefined;
    case 'length':
      return "it reached its model's limit of output";
    case 'content-filter':
      return "its provider's content filter ended the answer";
    case 'tool-calls':
      return refused === ''
        ? 'it ended after a tool call, without an answer'
        : `it ended because the permission for ${refused} was refused; your OpenCode configuration or "permissionMode": "auto" can allow it`;
    case '':
      return spoke ? 'it ended in the middle of a step' : 'it ended without an answer';
    default:
      return spoke ? undefined : `it ended without an answer (${oneLine(reason, 40)})`;
  }
}
