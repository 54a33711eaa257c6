import type { AgentErrorCause } from '../core/model/agentEvent.ts';
import type { SessionBefore } from '../core/ports/agents.ts';
import { idOf, isOwn, partsOf, tellResults } from './claudeMessages.ts';
import { type ClaudeSystem, notices, rateLimit, tellPayer } from './claudeSystem.ts';
import {
  addUsage,
  billResult,
  billUnreported,
  type ClaudeBill,
  count,
  REMEMBERED,
  tellAccrued,
  tellRest,
  write,
} from './claudeUsage.ts';
import {
  type AgentWords,
  type Failure,
  failureEnd,
  finished,
  lastError,
  type Signs,
  sayErrors,
  sayFailure,
} from './failure.ts';
import { itemsIn, type JsonObject, numberIn, objectIn, textIn, tokenCount } from './json.ts';
import { type Ending, type Grammar, memoryIn, type Say } from './lineReader.ts';
import { callSummary, oneLine } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { NO_TOKENS } from './tokenCount.ts';

interface Memory extends ClaudeBill, ClaudeSystem {
  session: string;
  results: number;
  /** Text was told since the last result. */
  spoke: boolean;
  /** The kind of the last message that stood for a failure of the API. */
  apiError: string;
  /** The message that comes in pieces, and the output tokens told for it. */
  streamed: string;
  streamedOutput: number;
  /** Tool calls whose denial was told. */
  denied: string[];
}

/** Reads claude's stream-json. `now` gives wall time in ms. */
export function claudeGrammar(words: AgentWords, prices: Prices, now: () => number): Grammar<Memory> {
  const grammar: Grammar<Memory> = {
    name: 'claude',
    start: (before) => start(grammar, before),
    message(message, memory, say) {
      const session = textIn(message['session_id']);
      if (session !== '' && session !== memory.session) {
        memory.session = session;
        say({ type: 'session', sessionId: session });
      }
      switch (message['type']) {
        case 'assistant':
          assistant(message, memory, say, prices);
          return;
        case 'user':
          tellResults(message, say);
          return;
        case 'system':
          if (message['subtype'] === 'init') tellPayer(textIn(message['apiKeySource']), memory, words, say);
          else if (message['subtype'] === 'permission_denied')
            deny(memory, say, message, oneLine(textIn(message['message'])));
          else notices(message, memory, causeOfKind, say);
          return;
        case 'stream_event':
          streamEvent(objectIn(message['event']), message, memory, say, prices);
          return;
        case 'rate_limit_event':
          rateLimit(objectIn(message['rate_limit_info']), memory, words, say, now());
          return;
        case 'result':
          result(message, memory, say, words, prices, now());
      }
    },
    end: (ending, memory, say) => end(ending, memory, say, words, prices, now()),
  };
  return grammar;
}

function start(grammar: Grammar<Memory>, before: SessionBefore | undefined): Memory {
  const past = before ? memoryIn(grammar, before.state) : undefined;
  return {
    session: '',
    total: before ? (past?.total ?? -1) : 0,
    resumed: before !== undefined,
    payer: past?.payer ?? '',
    tasks: {},
    results: 0,
    spoke: false,
    apiError: '',
    limited: false,
    counted: [],
    streamed: '',
    streamedOutput: 0,
    told: {},
    written: {},
    denied: [],
  };
}

function assistant(message: JsonObject, memory: Memory, say: Say, prices: Prices): void {
  const body = objectIn(message['message']);
  const model = textIn(body['model']);
  const id = textIn(body['id']);
  const error = textIn(message['error']);
  if (message['is_api_error_message'] === true || error !== '') memory.apiError = error || 'unknown';
  // What came in pieces was told already.
  const isTold = id !== '' && id === memory.streamed;
  for (const part of partsOf(message)) {
    if (part.kind === 'text') {
      if (isTold) continue;
      write(memory, model, part.text.length);
      // A sub-agent speaks to its agent, not to people.
      if (isOwn(message)) tell(memory, say, part.text, false);
    } else {
      write(memory, model, part.summary.length);
      say({ type: 'toolCall', ...idOf(part.id), name: part.name, summary: part.summary });
    }
  }
  count(memory, say, id, model, body['usage']);
  tellAccrued(memory, say, prices);
}

function tell(memory: Memory, say: Say, text: string, delta: boolean): void {
  memory.spoke = true;
  say({ type: 'text', text, delta });
}

function deny(memory: Memory, say: Say, denial: JsonObject, reason: string): void {
  const id = textIn(denial['tool_use_id']);
  if (id !== '' && memory.denied.includes(id)) return;
  memory.denied = [...memory.denied, id].slice(-REMEMBERED);
  say({ type: 'denied', tool: textIn(denial['tool_name']) || 'tool', reason });
}

/** Pieces of messages, with `--include-partial-messages`: their text at once, and real numbers of tokens. */
function streamEvent(event: JsonObject, message: JsonObject, memory: Memory, say: Say, prices: Prices): void {
  const body = objectIn(event['message']);
  const delta = objectIn(event['delta']);
  const model = textIn(body['model']) || (Object.keys(memory.written).at(-1) ?? '');
  switch (event['type']) {
    case 'message_start':
      memory.streamed = textIn(body['id']);
      memory.streamedOutput = tokenCount(objectIn(body['usage'])['output_tokens']);
      write(memory, model, 0);
      count(memory, say, memory.streamed, model, body['usage']);
      tellAccrued(memory, say, prices);
      return;
    case 'content_block_delta': {
      const text = textIn(delta['text']);
      write(memory, model, text.length + textIn(delta['partial_json']).length);
      if (delta['type'] === 'text_delta' && text !== '' && isOwn(message)) tell(memory, say, text, true);
      return;
    }
    case 'message_delta': {
      const output = tokenCount(objectIn(event['usage'])['output_tokens']);
      addUsage(memory, say, model, { ...NO_TOKENS, output: Math.max(0, output - memory.streamedOutput) });
      memory.streamedOutput = Math.max(output, memory.streamedOutput);
      tellAccrued(memory, say, prices);
    }
  }
}

function result(message: JsonObject, memory: Memory, say: Say, words: AgentWords, prices: Prices, now: number): void {
  const text = textIn(message['result']);
  const ok = message['is_error'] === false || (message['is_error'] === undefined && message['subtype'] === 'success');
  // Without stream-json the result is all there is.
  if (ok && text !== '' && !memory.spoke) say({ type: 'text', text, delta: false });
  const denials = itemsIn(message['permission_denials']).map(objectIn);
  for (const denial of denials) deny(memory, say, denial, `not allowed: ${callSummary(denial['tool_input'])}`);
  tellRest(message, memory, say);
  billResult(message, memory, say, prices);
  memory.results++;
  memory.spoke = false;
  memory.told = {};
  memory.written = {};
  if (ok) succeed(denials.length, memory, say);
  else fail(failureIn(message, text, memory.apiError), memory, say, words, now);
  memory.apiError = '';
  memory.limited = false;
}

/** Tasks that still run may bring another turn, or be ended with the process: people should know of them. */
function succeed(denials: number, memory: Memory, say: Say): void {
  const end = finished(denials);
  const tasks = Object.values(memory.tasks).map((name) => textIn(name));
  if (tasks.length === 0) {
    say(end);
    return;
  }
  const open = oneLine(tasks.join(', '));
  say({ type: 'warning', text: `It said that it was done while a background task was still running: ${open}` });
  say({ ...end, reason: `${end.reason}; a background task was still running: ${open}` });
}

/** A window that was told knows its reset better than the words of the result. */
function fail(failure: Failure, { limited }: Memory, say: Say, words: AgentWords, now: number): void {
  const mayBeLimit = failure.cause === undefined || failure.cause === 'provider';
  if (limited && mayBeLimit) say(failureEnd(words, { ...failure, message: oneLine(failure.message, 500) }, 'provider'));
  else sayFailure(say, words, failure, now);
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    authentication_failed: 'auth',
    oauth_org_not_allowed: 'auth',
    billing_error: 'billing',
    rate_limit: 'provider',
    overloaded: 'provider',
    server_error: 'provider',
    model_not_found: 'config',
    error_max_turns: 'turns',
    error_max_budget_usd: 'budget',
  } as const),
);

/** The cause that a kind of error stands for. */
function causeOfKind(kind: string): AgentErrorCause | undefined {
  return CAUSES.get(kind);
}

function failureIn(message: JsonObject, text: string, apiError: string): Failure {
  const errors = itemsIn(message['errors'])
    .map(textIn)
    .filter((error) => error !== '');
  const terminal = textIn(message['terminal_reason']);
  const subtype = textIn(message['subtype']);
  const status = numberIn(message['api_error_status']);
  const said = errors.join('; ') || text || terminal || subtype;
  if (terminal.startsWith('aborted')) return { message: terminal.replaceAll('_', ' '), cause: 'aborted' };
  if (errors.some((error) => /No conversation found/i.test(error))) return { message: said, cause: 'session' };
  const named = textIn(message['api_error']) === '' ? undefined : 'provider';
  const cause = CAUSES.get(subtype) ?? CAUSES.get(apiError) ?? named;
  return { message: said, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) };
}

// What claude says on standard error when it does not even start.
const SIGNS: Signs = [
  [/No conversation found with session ID|Session ID .+ is already in use/i, 'session'],
  [/^error: (?:unknown option|option '.+' argument|unknown command|missing required)/i, 'config'],
  [/Invalid session ID|requires --verbose|cannot be used with root|is not a known model/i, 'config'],
  [/Credit balance/i, 'billing'],
  [/Invalid API key|Not logged in|Please run \/login|OAuth token/i, 'auth'],
  [/Input must be provided/i, 'task'],
];

function end({ exit, errors }: Ending, memory: Memory, say: Say, words: AgentWords, prices: Prices, now: number): void {
  billUnreported(memory, say, prices);
  if (memory.results > 0 || exit.signal !== undefined) return;
  const code = exit.exitCode;
  if (sayErrors(say, words, errors, SIGNS, now)) return;
  if (code === 143 || code === 130) say(failureEnd(words, { message: `exit code ${code}` }, 'aborted'));
  else if (code === 0) say(failureEnd(words, { message: lastError(errors) ?? 'it ended without a result' }, 'task'));
}
