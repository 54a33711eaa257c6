import type { AgentErrorCause, Tokens } from '../../core/model/agentEvent.ts';
import { isCost, toNano } from '../../core/model/money.ts';
import {
  causeOf,
  emitErrors,
  emitFailure,
  type Failure,
  failureEnd,
  finished,
  innerMessage,
  lastError,
  type Signs,
  statusIn,
  warnOfModel,
} from '../failure.ts';
import { countIn, itemsIn, type JsonObject, numberIn, objectIn, textIn, tokenCount } from '../json.ts';
import type { Emit, Ending, Grammar } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens, NO_TOKENS } from '../tokenCount.ts';

export const PI_WORDS = {
  title: 'Pi',
  login: 'run "pi" in a terminal and log in with /login, or set the API key of its provider',
} as const;

interface Memory {
  session: string;
  /** The message that is being written: what it has used so far, and its cost, USD. */
  partial: { model: string; tokens: Tokens; usd: number };
  /** That message was streamed. */
  pieces: boolean;
  /** How the last message ended; empty before the first one has. */
  stop: string;
  /** The error that it ended with. */
  error: string;
  ended: boolean;
}

/** Reads what pi prints. `now` gives wall time in ms. */
export function piGrammar(prices: Prices, now: () => number): Grammar<Memory> {
  return {
    name: 'pi',
    start: () => ({ session: '', partial: nothing(), pieces: false, stop: '', error: '', ended: false }),
    message(message, memory, emit) {
      const body = objectIn(message['message']);
      switch (message['type']) {
        case 'session':
          memory.session = textIn(message['id']);
          if (memory.session !== '') emit({ type: 'session', sessionId: memory.session });
          return;
        case 'message_start':
          if (body['role'] === 'assistant') begin(body, memory);
          return;
        case 'message_update':
          update(message, memory, emit);
          return;
        case 'message_end':
          if (body['role'] === 'assistant') finish(body, memory, emit, prices);
          return;
        case 'tool_execution_start':
          toolStart(message, emit);
          return;
        case 'tool_execution_end':
          toolEnd(message, emit);
          return;
        case 'auto_retry_start':
          retry(message, emit);
          return;
        case 'compaction_end':
          compacted(message, emit, prices);
          return;
        case 'agent_settled':
          memory.ended = true;
          settle(message['aborted'] === true, memory, emit, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, prices, now()),
  };
}

function nothing(): Memory['partial'] {
  return { model: '', tokens: NO_TOKENS, usd: 0 };
}

function begin(body: JsonObject, memory: Memory): void {
  memory.ended = false;
  memory.pieces = false;
  memory.partial = { ...usageIn(body['usage']), model: textIn(body['model']) };
}

/** A piece of a message, with what the message has used so far. */
function update(message: JsonObject, memory: Memory, emit: Emit): void {
  const event = objectIn(message['assistantMessageEvent']);
  const text = textIn(event['delta']);
  const used = usageIn(message['usage']);
  if (used.usd > memory.partial.usd) emit({ type: 'accrued', cost: toNano(used.usd) });
  if (anyTokens(used.tokens)) memory.partial = { ...used, model: memory.partial.model };
  if (event['type'] !== 'text_delta' || text === '') return;
  memory.pieces = true;
  emit({ type: 'text', text, delta: true });
}

function usageIn(value: unknown): { readonly tokens: Tokens; readonly usd: number } {
  const usage = objectIn(value);
  const usd = objectIn(usage['cost'])['total'];
  return {
    tokens: {
      input: tokenCount(usage['input']),
      cachedInput: tokenCount(usage['cacheRead']),
      cacheWrite: tokenCount(usage['cacheWrite']),
      output: tokenCount(usage['output']),
    },
    usd: isCost(usd) ? usd : 0,
  };
}

function finish(body: JsonObject, memory: Memory, emit: Emit, prices: Prices): void {
  const text = itemsIn(body['content'])
    .map((part) => (objectIn(part)['type'] === 'text' ? textIn(objectIn(part)['text']) : ''))
    .join('');
  if (text !== '' && !memory.pieces) emit({ type: 'text', text, delta: false });
  memory.stop = textIn(body['stopReason']);
  memory.error = textIn(body['errorMessage']);
  memory.pieces = false;
  memory.partial = nothing();
  // What ended before anything was said has cost nothing.
  const isCut = memory.stop === 'error' || memory.stop === 'aborted';
  const worked = !isCut && itemsIn(body['content']).length > 0;
  bill({ usage: body['usage'], model: textIn(body['model']), worked }, emit, prices);
}

/**
 * Each message names its own cost: 0 where no price is known for its model, and where its provider counts no tokens,
 * which does not make it free (R6.6).
 */
function bill(
  { usage, model, worked }: { readonly usage: unknown; readonly model: string; readonly worked: boolean },
  emit: Emit,
  prices: Prices,
): void {
  const { tokens, usd } = usageIn(usage);
  const named = model === '' ? {} : { model };
  if (anyTokens(tokens)) emit({ type: 'usage', tokens, ...named });
  if (worked && usd === 0 && !anyTokens(tokens) && !prices.isFree(model)) {
    emit({ type: 'cost', cost: 0, source: 'unknown', ...named, note: 'it named neither tokens nor a cost' });
    return;
  }
  if (usd > 0 || !anyTokens(tokens)) {
    emit({ type: 'cost', cost: toNano(usd), source: 'reported', ...named });
    return;
  }
  const { cost, note } = prices.priceOf(tokens, model || undefined);
  emit({ type: 'cost', cost, source: 'priced', ...named, note: `it knows no price for its model: ${note}` });
}

/** A summary of the conversation is made by a call of its own. */
function compacted(message: JsonObject, emit: Emit, prices: Prices): void {
  const result = objectIn(message['result']);
  const error = textIn(message['errorMessage']);
  if (error !== '') emit({ type: 'warning', text: oneLine(`Its context could not be compacted: ${error}`, 500) });
  const { usage } = result;
  if (anyTokens(usageIn(usage).tokens)) bill({ usage, model: textIn(result['model']), worked: true }, emit, prices);
}

function toolStart(message: JsonObject, emit: Emit): void {
  const id = textIn(message['toolCallId']);
  const name = textIn(message['toolName']) || 'tool';
  emit({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(message['args']) });
}

function toolEnd(message: JsonObject, emit: Emit): void {
  const id = textIn(message['toolCallId']);
  const summary = resultSummary(message['result']);
  emit({ type: 'toolResult', ...(id !== '' && { id }), ok: message['isError'] !== true, summary });
}

function retry(message: JsonObject, emit: Emit): void {
  const attempt = numberIn(message['attempt']);
  const maxAttempts = numberIn(message['maxAttempts']);
  const delayMs = numberIn(message['delayMs']);
  const failure = failureIn(textIn(message['errorMessage']));
  const cause = causeOf(failure);
  emit({
    type: 'retry',
    ...(attempt !== undefined && { attempt }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(delayMs !== undefined && { delayMs: countIn(delayMs) }),
    ...(cause !== 'task' && { cause }),
    reason: oneLine(failure.message) || 'the model call failed',
  });
}

/** An error as pi hands it on: the status, and the provider's answer as JSON. */
function failureIn(error: string): Failure {
  const status = statusIn(error);
  return { message: innerMessage(error), ...(status !== undefined && { status }) };
}

function settle(aborted: boolean, memory: Memory, emit: Emit, now: number): void {
  if (memory.stop === 'stop' && !aborted) {
    emit(finished(0));
    return;
  }
  if (memory.stop === 'error' && !aborted) {
    emitFailure(emit, PI_WORDS, failureIn(memory.error), now);
    return;
  }
  const [message, cause]: readonly [string, AgentErrorCause] =
    aborted || memory.stop === 'aborted' ? ['it was stopped', 'aborted'] : [unfinished(memory.stop), 'task'];
  emit(failureEnd(PI_WORDS, { message }, cause));
}

/** Why a run that ended normally has not done its task. */
function unfinished(stop: string): string {
  switch (stop) {
    case 'length':
      return "it reached its model's limit of output";
    case 'toolUse':
      return 'it ended after a tool call, without an answer';
    case '':
      return 'it ended without an answer';
    default:
      return `it ended without an answer (${oneLine(stop, 40)})`;
  }
}

const SIGNS: Signs = [
  [/No session found matching/i, 'session'],
  [/No API key found|Use \/login/i, 'auth'],
  [/^error: (?:unknown|invalid)\b/i, 'config'],
];

/** An interrupted message costs what it has reported so far. */
function end({ exit, errors }: Ending, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  const { tokens, usd, model } = memory.partial;
  memory.partial = nothing();
  if (anyTokens(tokens)) {
    const named = model === '' ? {} : { model };
    const cost = usd > 0 ? toNano(usd) : prices.costOf(tokens, model || undefined);
    const note = 'its last message was cut off';
    emit({ type: 'usage', tokens, ...named });
    emit({ type: 'cost', cost, source: 'priced', atLeast: true, ...named, note });
  }
  warnOfModel(emit, errors, /^Warning: Model "([^"]+)" not found/);
  if (memory.ended || exit.signal !== undefined) return;
  const code = exit.exitCode;
  if (emitErrors(emit, PI_WORDS, errors, SIGNS, now)) return;
  if (code === 143 || code === 130) emit(failureEnd(PI_WORDS, { message: `exit code ${code}` }, 'aborted'));
  else if (code === 0 && memory.stop !== '' && memory.stop !== 'toolUse') settle(false, memory, emit, now);
  else if (code === 0) emit(failureEnd(PI_WORDS, { message: lastError(errors) ?? unfinished(memory.stop) }, 'task'));
}
