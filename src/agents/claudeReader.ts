import type { AgentErrorCause } from '../core/model/agentEvent.ts';
import type { SessionBefore } from '../core/ports/agents.ts';
import {
  addUsage,
  billResult,
  billUnreported,
  type ClaudeMemory,
  count,
  REMEMBERED,
  tellRest,
  write,
} from './claudeUsage.ts';
import { type AgentWords, causeInErrors, type Failure, failureEnd, finished, sayFailure } from './failure.ts';
import { countIn, itemsIn, type JsonObject, numberIn, objectIn, textIn, tokenCount } from './json.ts';
import { type Ending, type Grammar, memoryIn, type Say } from './lineReader.ts';
import { callSummary, oneLine, resultSummary } from './oneLine.ts';
import type { Prices } from './prices.ts';
import { NO_TOKENS } from './tokenCount.ts';
import { epochMs } from './usageLimit.ts';

/** Reads claude's stream-json. `now` gives wall time in ms. */
export function claudeGrammar(words: AgentWords, prices: Prices, now: () => number): Grammar<ClaudeMemory> {
  const grammar: Grammar<ClaudeMemory> = {
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
          assistant(message, memory, say);
          return;
        case 'user':
          toolResults(message, say);
          return;
        case 'system':
          system(message, memory, say);
          return;
        case 'stream_event':
          streamEvent(objectIn(message['event']), message, memory, say);
          return;
        case 'rate_limit_event':
          rateLimit(objectIn(message['rate_limit_info']), memory, words, say);
          return;
        case 'result':
          result(message, memory, say, words, prices, now());
      }
    },
    end: (ending, memory, say) => end(ending, memory, say, words, prices),
  };
  return grammar;
}

function start(grammar: Grammar<ClaudeMemory>, before: SessionBefore | undefined): ClaudeMemory {
  const past = before ? memoryIn(grammar, before.state) : undefined;
  return {
    session: '',
    total: before ? (past?.total ?? -1) : 0,
    resumed: before !== undefined,
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

function assistant(message: JsonObject, memory: ClaudeMemory, say: Say): void {
  const body = objectIn(message['message']);
  const model = textIn(body['model']);
  const id = textIn(body['id']);
  if (message['is_api_error_message'] === true || textIn(message['error']) !== '')
    memory.apiError = textIn(message['error']) || 'unknown';
  const own = message['parent_tool_use_id'] === null || message['parent_tool_use_id'] === undefined;
  for (const part of itemsIn(body['content'])) {
    const block = objectIn(part);
    const text = textIn(block['text']);
    if (block['type'] === 'text' && text !== '') {
      write(memory, model, id === memory.streamed ? 0 : text.length);
      // What came in pieces was told already. A subagent speaks to its agent, not to people.
      if (id !== '' && id === memory.streamed) continue;
      if (own) tell(memory, say, text, false);
    } else if (/tool_use$/.test(textIn(block['type']))) {
      const summary = callSummary(block['input']);
      write(memory, model, summary.length);
      say({ type: 'toolCall', ...idOf(block['id']), name: textIn(block['name']) || 'tool', summary });
    }
  }
  count(memory, say, id, model, body['usage']);
}

function tell(memory: ClaudeMemory, say: Say, text: string, delta: boolean): void {
  memory.spoke = true;
  say({ type: 'text', text, delta });
}

function toolResults(message: JsonObject, say: Say): void {
  for (const part of itemsIn(objectIn(message['message'])['content'])) {
    const block = objectIn(part);
    if (!/tool_result$/.test(textIn(block['type']))) continue;
    say({
      type: 'toolResult',
      ...idOf(block['tool_use_id']),
      ok: block['is_error'] !== true,
      summary: resultSummary(block['content']),
    });
  }
}

function idOf(value: unknown): { readonly id?: string } {
  const id = textIn(value);
  return id === '' ? {} : { id };
}

function system(message: JsonObject, memory: ClaudeMemory, say: Say): void {
  if (message['subtype'] === 'api_retry') {
    const status = numberIn(message['error_status']);
    const attempt = numberIn(message['attempt']);
    const maxAttempts = numberIn(message['max_retries']);
    const delayMs = numberIn(message['retry_delay_ms']);
    say({
      type: 'retry',
      ...(attempt !== undefined && { attempt }),
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(delayMs !== undefined && { delayMs }),
      reason: [retryReason(textIn(message['error'])), ...(status === undefined ? [] : [`HTTP ${status}`])].join(', '),
    });
  } else if (message['subtype'] === 'permission_denied') {
    deny(memory, say, message, oneLine(textIn(message['message'])));
  }
}

function retryReason(error: string): string {
  return error === '' || error === 'unknown' ? 'the API does not answer' : oneLine(error.replaceAll('_', ' '));
}

function deny(memory: ClaudeMemory, say: Say, denial: JsonObject, reason: string): void {
  const id = textIn(denial['tool_use_id']);
  if (id !== '' && memory.denied.includes(id)) return;
  memory.denied = [...memory.denied, id].slice(-REMEMBERED);
  say({ type: 'denied', tool: textIn(denial['tool_name']) || 'tool', reason });
}

/** Pieces of messages, with `--include-partial-messages`: their text at once, and real numbers of tokens. */
function streamEvent(event: JsonObject, message: JsonObject, memory: ClaudeMemory, say: Say): void {
  const body = objectIn(event['message']);
  const delta = objectIn(event['delta']);
  const model = textIn(body['model']) || (Object.keys(memory.written).at(-1) ?? '');
  switch (event['type']) {
    case 'message_start':
      memory.streamed = textIn(body['id']);
      memory.streamedOutput = tokenCount(objectIn(body['usage'])['output_tokens']);
      write(memory, model, 0);
      count(memory, say, memory.streamed, model, body['usage']);
      return;
    case 'content_block_delta': {
      const text = textIn(delta['text']);
      write(memory, model, text.length + textIn(delta['partial_json']).length);
      if (delta['type'] === 'text_delta' && text !== '' && !textIn(message['parent_tool_use_id']))
        tell(memory, say, text, true);
      return;
    }
    case 'message_delta': {
      const output = tokenCount(objectIn(event['usage'])['output_tokens']);
      addUsage(memory, say, model, { ...NO_TOKENS, output: Math.max(0, output - memory.streamedOutput) });
      memory.streamedOutput = Math.max(output, memory.streamedOutput);
    }
  }
}

/** A usage window counts as used up only when it rejects: warnings, and overage that nobody uses, do not. */
function rateLimit(info: JsonObject, memory: ClaudeMemory, words: AgentWords, say: Say): void {
  const overage = info['isUsingOverage'] === true;
  const rejected = overage ? info['overageStatus'] === 'rejected' : info['status'] === 'rejected';
  const window = oneLine(textIn(info['rateLimitType']).replaceAll('_', ' ')) || 'usage';
  if (rejected) {
    memory.limited = true;
    const resetsAt = countIn(overage ? (info['overageResetsAt'] ?? info['resetsAt']) : info['resetsAt']);
    say({
      type: 'limit',
      ...(resetsAt > 0 && { until: epochMs(resetsAt) }),
      reason: `${words.title} has used up its ${window} window`,
    });
  } else if (info['status'] === 'allowed_warning') {
    const used = countIn(info['utilization']);
    say({
      type: 'warning',
      text: `The ${window} window of ${words.title} is nearly used up${used > 0 ? ` (${Math.round(used * 100)} %)` : ''}.`,
    });
  }
}

function result(
  message: JsonObject,
  memory: ClaudeMemory,
  say: Say,
  words: AgentWords,
  prices: Prices,
  now: number,
): void {
  const text = textIn(message['result']);
  const ok = message['is_error'] === false || (message['is_error'] === undefined && message['subtype'] === 'success');
  // Without stream-json the result is all there is.
  if (ok && text !== '' && !memory.spoke) say({ type: 'text', text, delta: false });
  for (const denial of itemsIn(message['permission_denials']).map(objectIn))
    deny(memory, say, denial, `not allowed: ${callSummary(denial['tool_input'])}`);
  tellRest(message, memory, say);
  billResult(message, memory, say, prices);
  memory.results++;
  memory.spoke = false;
  memory.told = {};
  memory.written = {};
  const denials = itemsIn(message['permission_denials']).length;
  if (ok) say(finished(denials));
  else fail(failureIn(message, text, memory.apiError), memory, say, words, now);
  memory.apiError = '';
  memory.limited = false;
}

/** A window that was told knows its reset better than the words of the result. */
function fail(failure: Failure, { limited }: ClaudeMemory, say: Say, words: AgentWords, now: number): void {
  const known = failure.cause === undefined || failure.cause === 'provider';
  if (limited && known) say(failureEnd(words, { ...failure, message: oneLine(failure.message, 500) }, 'provider'));
  else sayFailure(say, words, failure, now);
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    authentication_failed: 'auth',
    oauth_org_not_allowed: 'auth',
    billing_error: 'auth',
    rate_limit: 'provider',
    overloaded: 'provider',
    server_error: 'provider',
    model_not_found: 'config',
    error_max_turns: 'turns',
    error_max_budget_usd: 'budget',
  } as const),
);

function failureIn(message: JsonObject, text: string, apiError: string): Failure {
  const errors = itemsIn(message['errors'])
    .map(textIn)
    .filter((error) => error !== '');
  const terminal = textIn(message['terminal_reason']);
  const status = numberIn(message['api_error_status']);
  const said = errors.join('; ') || text || terminal || textIn(message['subtype']);
  if (terminal.startsWith('aborted')) return { message: terminal.replaceAll('_', ' '), cause: 'aborted' };
  if (errors.some((error) => /No conversation found/i.test(error))) return { message: said, cause: 'session' };
  const cause =
    CAUSES.get(textIn(message['subtype'])) ??
    CAUSES.get(apiError) ??
    (textIn(message['api_error']) === '' ? undefined : 'provider');
  return { message: said, ...(status !== undefined && { status }), ...(cause !== undefined && { cause }) };
}

// What claude says on standard error when it does not even start.
const SIGNS: readonly (readonly [RegExp, AgentErrorCause])[] = [
  [/No conversation found with session ID|Session ID .+ is already in use/i, 'session'],
  [
    /^error: (?:unknown option|option '.+' argument|unknown command|missing required)|Invalid session ID|requires --verbose|cannot be used with root|is not a known model/i,
    'config',
  ],
  [/Invalid API key|Not logged in|Please run \/login|OAuth token|Credit balance/i, 'auth'],
  [/Input must be provided/i, 'task'],
];

function end({ exit, errors }: Ending, memory: ClaudeMemory, say: Say, words: AgentWords, prices: Prices): void {
  billUnreported(memory, say, prices);
  if (memory.results > 0 || exit.signal !== undefined) return;
  const known = causeInErrors(errors, SIGNS);
  if (known && exit.exitCode !== 0) say(failureEnd(words, known, known.cause));
  else if (exit.exitCode === 143 || exit.exitCode === 130)
    say(failureEnd(words, { message: `exit code ${exit.exitCode}` }, 'aborted'));
  else if (exit.exitCode === 0) say(failureEnd(words, { message: 'it ended without a result' }, 'task'));
}
