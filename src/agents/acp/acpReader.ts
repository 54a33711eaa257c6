import type { AgentErrorCause, Tokens } from '../../core/model/agentEvent.ts';
import { isCost, toNano } from '../../core/model/money.ts';
import { type AgentWords, causeOf, emitErrors, emitFailure, failureEnd, finished } from '../failure.ts';
import { type JsonObject, numberIn, textIn, tokenCount } from '../json.ts';
import { type Emit, type Ending, type Grammar, memoryIn } from '../lineReader.ts';
import { oneLine } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { addTokens, anyTokens, inclusiveTokens, NO_TOKENS } from '../tokenCount.ts';

interface Memory {
  session: string;
  model: string;
  /** The session's total so far, USD; −1 while nobody knows what it was before this attempt. */
  total: number;
  /** The agent has reported a cost in this attempt. */
  named: boolean;
  /** Tokens since the last cost. */
  seen: Tokens;
  /** Tokens were reported message by message, so the turn's total repeats them. */
  byMessage: boolean;
  worked: boolean;
  denied: number;
  ended: boolean;
}

/** Reads the lines of our driver for agents of the Agent Client Protocol. `now` gives wall time in ms. */
export function acpGrammar(words: AgentWords, prices: Prices, now: () => number): Grammar<Memory> {
  const grammar: Grammar<Memory> = {
    name: 'acp',
    start: (before) => ({
      ...{ session: '', model: '' },
      total: before ? (memoryIn(grammar, before.state)?.total ?? -1) : 0,
      ...{ named: false, seen: NO_TOKENS, byMessage: false, worked: false, denied: 0, ended: false },
    }),
    message: (message, memory, emit) => understand(message, memory, emit, { words, prices, now }),
    end: (ending, memory, emit) => end(ending, memory, emit, { words, prices, now }),
  };
  return grammar;
}

interface Tools {
  readonly words: AgentWords;
  readonly prices: Prices;
  readonly now: () => number;
}

function understand(message: JsonObject, memory: Memory, emit: Emit, tools: Tools): void {
  const id = textIn(message['id']);
  const withId = id === '' ? {} : { id };
  switch (message['acp']) {
    case 'session':
      memory.session = id;
      if (id !== '') emit({ type: 'session', sessionId: id });
      return;
    case 'account':
      account(message, emit);
      return;
    case 'model':
      memory.model = textIn(message['model']);
      return;
    case 'text':
      memory.worked = true;
      emit({ type: 'text', text: textIn(message['text']), delta: true });
      return;
    case 'tool':
      memory.worked = true;
      emit({
        type: 'toolCall',
        ...withId,
        name: textIn(message['name']) || 'tool',
        summary: oneLine(textIn(message['summary'])),
      });
      return;
    case 'result':
      emit({ type: 'toolResult', ...withId, ok: message['ok'] === true, summary: oneLine(textIn(message['summary'])) });
      return;
    case 'denied':
      memory.denied++;
      emit({ type: 'denied', tool: textIn(message['tool']) || 'tool', reason: 'it was not allowed' });
      return;
    case 'tokens':
      tokens(message, memory, emit, tools);
      return;
    case 'total':
      total(numberIn(message['usd']), memory, emit);
      return;
    case 'stop':
      stop(textIn(message['reason']), memory, emit, tools);
      return;
    case 'error':
      failed(message, memory, emit, tools);
  }
}

function account(message: JsonObject, emit: Emit): void {
  const from = textIn(message['detail']);
  emit({
    type: 'account',
    pays: message['kind'] === 'api_key' ? 'key' : 'login',
    ...(from !== '' && { from: oneLine(from, 80) }),
  });
}

/** Inputs include cached tokens if the reported sum shows it. */
function tokens(message: JsonObject, memory: Memory, emit: Emit, { prices }: Tools): void {
  if (message['ofTurn'] === true && memory.byMessage) return;
  if (message['ofTurn'] !== true) memory.byMessage = true;
  const [input, cached, written, output, all] = ['input', 'cached', 'written', 'output', 'all'].map((name) =>
    tokenCount(message[name]),
  ) as [number, number, number, number, number];
  const isApart = all > 0 && input + cached + written + output <= all;
  const counted: Tokens = isApart
    ? { input, cachedInput: cached, cacheWrite: written, output: Math.max(output, all - input - cached - written) }
    : inclusiveTokens(input, cached, written, output);
  if (!anyTokens(counted)) return;
  memory.worked = true;
  emit({ type: 'usage', tokens: counted, ...modelOf(memory) });
  // Their cost has been reported already.
  if (message['ofTurn'] === true && memory.named) return;
  memory.seen = addTokens(memory.seen, counted);
  emit({ type: 'accrued', cost: prices.costOf(memory.seen, memory.model || undefined) });
}

function modelOf({ model }: Memory): { readonly model?: string } {
  return model === '' ? {} : { model };
}

/** What the session has cost in all (R6.6): a counter whose base nobody knows only sets the base. */
function total(usd: number | undefined, memory: Memory, emit: Emit): void {
  if (usd === undefined || !isCost(usd)) return;
  const before = memory.total;
  memory.total = usd;
  if (before < 0) return;
  // A lower counter has started over.
  const cost = toNano(usd >= before ? usd - before : usd);
  if (cost === 0) return;
  memory.named = true;
  memory.seen = NO_TOKENS;
  emit({ type: 'cost', cost, source: 'reported', ...modelOf(memory) });
}

const STOPS: { readonly [reason: string]: readonly [AgentErrorCause, string] } = {
  cancelled: ['aborted', 'its turn was cancelled'],
  max_tokens: ['task', 'the model’s limit of tokens was reached'],
  max_turn_requests: ['turns', 'its limit of model calls in a turn was reached'],
  refusal: ['task', 'the agent refused to go on'],
};

function stop(reason: string, memory: Memory, emit: Emit, { words, prices }: Tools): void {
  bill(memory, emit, prices, false);
  memory.ended = true;
  const wrong = STOPS[reason];
  if (wrong) emit(failureEnd(words, { message: wrong[1] }, wrong[0]));
  else if (reason === 'end_turn') emit(finished(memory.denied));
  else
    emit(failureEnd(words, { message: `it stopped for a reason that is not known: ${oneLine(reason, 80)}` }, 'task'));
}

/** A cost that the agent did not report is priced from its tokens, or unknown. */
function bill(memory: Memory, emit: Emit, prices: Prices, isCut: boolean): void {
  if (anyTokens(memory.seen)) {
    const { cost, note } = prices.priceOf(memory.seen, memory.model || undefined);
    emit({ type: 'cost', cost, source: 'priced', ...(isCut && { atLeast: true }), ...modelOf(memory), note });
  } else if (memory.worked && !memory.named)
    emit({ type: 'cost', cost: 0, source: 'unknown', note: 'the agent names neither cost nor tokens' });
  memory.seen = NO_TOKENS;
}

/** The cause that a failed step stands for when no other is known. */
const STEPS: { readonly [at: string]: AgentErrorCause } = {
  ...{ initialize: 'config', mode: 'config', model: 'config', load: 'session', session: 'config' },
};

function failed(message: JsonObject, memory: Memory, emit: Emit, { words, prices, now }: Tools): void {
  bill(memory, emit, prices, memory.worked);
  memory.ended = true;
  const said = textIn(message['message']).replace(/^Internal error: /, '') || 'no reason was given';
  const code = numberIn(message['code']);
  const at = textIn(message['at']);
  const status = code !== undefined && code >= 400 && code < 600 ? { status: code } : {};
  // -32000 is the protocol's own code for a login that is missing.
  const known = code === -32_000 ? 'auth' : /ENOENT|EACCES/.test(said) ? 'config' : undefined;
  const guess = known ?? causeOf({ message: said, ...status });
  const cause = guess === 'task' ? (STEPS[at] ?? 'task') : guess;
  emitFailure(emit, words, { message: said, ...status, ...(cause !== 'provider' && { cause }) }, now());
}

function end({ exit, errors }: Ending, memory: Memory, emit: Emit, { words, prices, now }: Tools): void {
  if (memory.ended) return;
  bill(memory, emit, prices, true);
  if (exit.signal !== undefined || emitErrors(emit, words, errors, [], now())) return;
  if (exit.exitCode === 0) emit(failureEnd(words, { message: 'it ended without a result' }, 'task'));
}
