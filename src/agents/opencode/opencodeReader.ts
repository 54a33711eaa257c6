import type { AgentErrorCause, Tokens } from '../../core/model/agentEvent.ts';
import { isCost, toNano } from '../../core/model/money.ts';
import {
  type AgentWords,
  emitErrors,
  emitFailure,
  type Failure,
  failureEnd,
  finished,
  lastError,
  type Signs,
} from '../failure.ts';
import { isObject, type JsonObject, numberIn, objectIn, textIn, tokenCount } from '../json.ts';
import type { Emit, Ending, Grammar } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens } from '../tokenCount.ts';

interface Memory {
  /** The session of this run: the first one that is named. Later ones are those of sub-agents. */
  session: string;
  /** Sub-agents that were called, less those whose steps were seen. */
  unseen: number;
  /** Sessions of sub-agents whose steps were seen. */
  children: string[];
  /** Why the last step ended; empty before the first one has. */
  reason: string;
  /** A step has begun whose cost is still to come. */
  inStep: boolean;
  /** Any step has begun. */
  stepped: boolean;
  spoke: boolean;
  /** A tool whose permission was refused since the last step ended well. */
  refused: string;
  denied: number;
  /** Ids of calls whose result is still to come. */
  open: string[];
  /** The run has ended with an error. */
  failed: boolean;
  /** That error named no reason. */
  vague: boolean;
}

/** What the reader needs. */
export interface OpencodeContext {
  readonly words: AgentWords;
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  /** The model of the profile, where it names one. */
  readonly model: string | undefined;
}

const REMEMBERED = 50;

/** Reads what opencode prints, and kilo as well. */
export function opencodeGrammar(context: OpencodeContext): Grammar<Memory> {
  return {
    name: 'opencode',
    start: () => ({
      session: '',
      unseen: 0,
      children: [],
      reason: '',
      inStep: false,
      stepped: false,
      spoke: false,
      refused: '',
      denied: 0,
      open: [],
      failed: false,
      vague: false,
    }),
    message(message, memory, emit) {
      const session = textIn(message['sessionID']);
      if (session !== '' && memory.session === '') {
        memory.session = session;
        emit({ type: 'session', sessionId: session });
      }
      const own = session === '' || session === memory.session;
      const part = objectIn(message['part']);
      switch (message['type']) {
        case 'step_start':
          if (own) beginStep(memory);
          return;
        case 'text':
          // A sub-agent writes for its agent, not for people.
          if (!own || textIn(part['text']) === '') return;
          memory.spoke = true;
          emit({ type: 'text', text: textIn(part['text']), delta: false });
          return;
        case 'tool_use':
          tool(part, own, memory, emit);
          return;
        case 'step_finish':
          if (own) endStep(part, memory);
          else seeChild(session, memory);
          bill(part, own && memory.unseen > 0, emit, context);
          return;
        case 'error':
          if (own) failed(message['error'], memory, emit, context);
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, context),
  };
}

function beginStep(memory: Memory): void {
  memory.reason = '';
  memory.failed = false;
  memory.vague = false;
  memory.inStep = true;
  memory.stepped = true;
}

function endStep(part: JsonObject, memory: Memory): void {
  memory.inStep = false;
  memory.reason = textIn(part['reason']) || 'unknown';
  if (memory.reason === 'stop') memory.refused = '';
}

/** A sub-agent whose steps are in the stream is in the sum. */
function seeChild(session: string, memory: Memory): void {
  if (memory.children.includes(session)) return;
  memory.children = [...memory.children, session].slice(-REMEMBERED);
  memory.unseen = Math.max(0, memory.unseen - 1);
}

/** A call comes with its result, as one event, when it is done. */
function tool(part: JsonObject, own: boolean, memory: Memory, emit: Emit): void {
  const state = objectIn(part['state']);
  const id = textIn(part['callID']);
  const name = textIn(part['tool']) || 'tool';
  const identity = id === '' ? {} : { id };
  if (!memory.open.includes(id)) {
    if (own && name === 'task') memory.unseen++;
    emit({
      type: 'toolCall',
      ...identity,
      name,
      summary: callSummary(state['input']) || oneLine(textIn(state['title'])),
    });
  }
  const done = state['status'] === 'completed' || state['status'] === 'error';
  memory.open = done ? memory.open.filter((open) => open !== id) : [...memory.open, id].slice(-REMEMBERED);
  if (!done) return;
  const error = textIn(state['error']);
  if (state['status'] === 'error' && /rejected permission|permission denied|prevents you from using/i.test(error)) {
    if (own) memory.refused = name;
    memory.denied++;
    emit({ type: 'denied', tool: name, reason: oneLine(error) });
  }
  const exit = numberIn(objectIn(state['metadata'])['exit']);
  emit({
    type: 'toolResult',
    ...identity,
    ok: state['status'] === 'completed' && (exit === undefined || exit === 0),
    summary: resultSummary(error || state['output']),
  });
}

/** Each step names its own cost: 0 where no price is known for its model, which does not make it free (R6.6). */
function bill(part: JsonObject, partly: boolean, emit: Emit, { prices, model }: OpencodeContext): void {
  const counts = objectIn(part['tokens']);
  const cache = objectIn(counts['cache']);
  const tokens: Tokens = {
    input: tokenCount(counts['input']),
    cachedInput: tokenCount(cache['read']),
    cacheWrite: tokenCount(cache['write']),
    output: tokenCount(counts['output']) + tokenCount(counts['reasoning']),
  };
  const atLeast = partly ? { atLeast: true as const } : {};
  const named = model === undefined ? {} : { model };
  const reported = part['cost'];
  emit({ type: 'usage', tokens, ...named });
  if (isCost(reported) && (reported > 0 || !anyTokens(tokens))) {
    emit({ type: 'cost', cost: toNano(reported), source: 'reported', ...atLeast });
    return;
  }
  const { cost, note } = prices.priceOf(tokens, model);
  const why = reported === 0 ? 'it knows no price for its model: ' : '';
  emit({ type: 'cost', cost, source: 'priced', ...atLeast, ...named, note: `${why}${note}` });
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

/** Its name for errors whose reason is only in its logs. */
const VAGUE = 'UnknownError';

function failed(error: unknown, memory: Memory, emit: Emit, { words, now }: OpencodeContext): void {
  const name = textIn(objectIn(error)['name']);
  const data = objectIn(objectIn(error)['data']);
  const status = numberIn(data['statusCode']);
  const message = textIn(data['message']) || (isObject(error) ? name : textIn(error));
  memory.failed = true;
  memory.vague = name === VAGUE && status === undefined;
  // Before its first step this is what an unknown model looks like: an outage names its status.
  const cause = memory.vague && !memory.stepped ? 'config' : CAUSES.get(name);
  // What the provider answered may name the time of a reset.
  const body = textIn(data['responseBody']);
  const detail = /"resets?_?(?:at|in)\w*"/i.test(body) ? ` ${body}` : '';
  const failure: Failure = {
    message: message + detail,
    ...(status !== undefined && { status }),
    ...(cause !== undefined && { cause }),
  };
  emitFailure(emit, words, failure, now());
}

const SIGNS: Signs = [
  [/Session not found/i, 'session'],
  [
    /^(?:opencode|kilo) run \[message|Unknown argument|Invalid values:|Model not found|ConfigInvalid|ConfigJson/i,
    'config',
  ],
  [/must provide a message/i, 'task'],
  [/no (?:provider|credentials|api key)|auth login/i, 'auth'],
];

/** There is no final event: how the last step ended decides. */
function end({ exit, errors }: Ending, memory: Memory, emit: Emit, { words, now }: OpencodeContext): void {
  if (memory.inStep) emit({ type: 'cost', cost: 0, source: 'unknown', note: 'its last step was cut off' });
  else if (memory.failed && !memory.stepped) emit({ type: 'cost', cost: 0, source: 'priced', note: 'it did no work' });
  const logged = memory.vague ? loggedCause(errors) : undefined;
  if (logged) emit(failureEnd(words, logged, logged.cause));
  if (memory.failed || exit.signal !== undefined) return;
  if (exit.exitCode !== 0) {
    emitErrors(emit, words, errors, SIGNS, now());
    return;
  }
  const message = unfinished(memory);
  // What was refused once is refused again: the user must allow it.
  const refused = memory.reason === 'tool-calls' && memory.refused !== '';
  if (message === undefined) emit(finished(memory.denied));
  else if (memory.stepped || !emitErrors(emit, words, errors, SIGNS, now())) {
    const known = memory.stepped ? undefined : lastError(errors);
    emit(failureEnd(words, { message: known ?? message }, refused ? 'config' : 'task'));
  }
}

/** The error that its log names, as in `error="ProviderModelNotFoundError: Model not found: x/y."`. */
function loggedCause(errors: readonly string[]): (Failure & { readonly cause: AgentErrorCause }) | undefined {
  for (const line of errors) {
    const [, name = '', said = ''] = /\b(\w+Error): ([^"\\]+)/.exec(line) ?? [];
    const cause = CAUSES.get(name);
    if (cause !== undefined) return { message: oneLine(said.replace(/\)\]\)$/, '')), cause };
  }
  return undefined;
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
        : `it ended because the permission for ${refused} was refused; ` +
            'your configuration of it or "permissionMode": "auto" can allow it';
    case '':
      return spoke ? 'it ended in the middle of a step' : 'it ended without an answer';
    default:
      return spoke ? undefined : `it ended without an answer (${oneLine(reason, 40)})`;
  }
}
