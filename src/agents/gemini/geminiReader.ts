import type { Tokens } from '../../core/model/agentEvent.ts';
import { finished } from '../failure.ts';
import { isObject, type JsonObject, objectIn, textIn, tokenCount } from '../json.ts';
import { type Emit, type Ending, emitSession, type Grammar } from '../lineReader.ts';
import { callSummary, oneLine, resultSummary } from '../oneLine.ts';
import type { Prices } from '../prices.ts';
import { anyTokens, inclusiveTokens, NO_TOKENS, tokensSince } from '../tokenCount.ts';
import type { TokensByModel } from './geminiChat.ts';
import { failed, failedWithoutResult } from './geminiFailure.ts';

interface Memory {
  session: string;
  model: string;
  /** When it began, as it says: wall time, ms. */
  beganAt: number;
  /** The process's counters as last seen, by model. */
  totals: { [model: string]: Tokens };
  /** Names of calls whose result is pending, by id. */
  open: { [id: string]: string };
  /** The last error that did not end the run. */
  error: string;
  ended: boolean;
  /** It has said or done something since its last result. */
  worked: boolean;
  denied: number;
}

/** What the reader needs. */
export interface GeminiContext {
  readonly prices: Prices;
  /** Wall time, ms. */
  readonly now: () => number;
  /** What Gemini CLI itself wrote down of a session's answers since a time, ms. */
  readonly chat: (sessionId: string, since: number) => TokensByModel;
}

/** Reads what gemini prints. */
export function geminiGrammar(context: GeminiContext): Grammar<Memory> {
  const { prices, now } = context;
  return {
    name: 'gemini',
    start: () => ({
      ...{ session: '', model: '', beganAt: 0, totals: {}, open: {} },
      ...{ error: '', ended: false, worked: false, denied: 0 },
    }),
    message(message, memory, emit) {
      if (message['type'] === undefined && (message['stats'] !== undefined || message['error'] !== undefined)) {
        document(message, memory, emit, prices, now());
        return;
      }
      switch (message['type']) {
        case 'init':
          memory.model = textIn(message['model']);
          memory.session = textIn(message['session_id']);
          memory.beganAt = Date.parse(textIn(message['timestamp'])) || 0;
          if (memory.session !== '') emit({ type: 'session', sessionId: memory.session });
          return;
        case 'message': {
          const text = textIn(message['content']);
          if (message['role'] !== 'assistant' || text === '') return;
          memory.worked = true;
          emit({ type: 'text', text, delta: message['delta'] === true });
          return;
        }
        case 'tool_use':
          toolUse(message, memory, emit);
          return;
        case 'tool_result':
          toolResult(message, memory, emit);
          return;
        case 'error': {
          const text = oneLine(textIn(message['message']), 500);
          if (message['severity'] === 'error') memory.error = text;
          emit({ type: 'warning', text });
          return;
        }
        case 'result':
          usage(countsByModel(objectIn(message['stats']), memory.model), memory, emit, prices);
          memory.ended = true;
          if (message['status'] === 'success') emit(finished(memory.denied));
          else failed(objectIn(message['error']), memory.error, emit, now());
      }
    },
    end: (ending, memory, emit) => end(ending, memory, emit, context),
  };
}

function toolUse(message: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(message['tool_id']);
  const name = textIn(message['tool_name']) || 'tool';
  if (id !== '') memory.open[id] = name;
  memory.worked = true;
  emit({ type: 'toolCall', ...(id !== '' && { id }), name, summary: callSummary(message['parameters']) });
}

function toolResult(message: JsonObject, memory: Memory, emit: Emit): void {
  const id = textIn(message['tool_id']);
  const error = objectIn(message['error']);
  const name = textIn(memory.open[id]) || 'tool';
  delete memory.open[id];
  const reason = oneLine(textIn(error['message']));
  if (error['type'] === 'policy_violation') {
    memory.denied++;
    emit({ type: 'denied', tool: name, reason });
  }
  const summary = resultSummary(message['output']) || reason;
  emit({ type: 'toolResult', ...(id !== '' && { id }), ok: message['status'] === 'success', summary });
}

/** With `--output-format json` there is only this: one object at the end. */
function document(message: JsonObject, memory: Memory, emit: Emit, prices: Prices, now: number): void {
  emitSession(textIn(message['session_id']), memory, emit);
  const text = textIn(message['response']);
  if (text !== '') {
    memory.worked = true;
    emit({ type: 'text', text, delta: false });
  }
  const models = Object.entries(objectIn(objectIn(message['stats'])['models']));
  usage(
    models.map(([model, value]) => {
      const counts = objectIn(objectIn(value)['tokens']);
      const output = tokenCount(counts['candidates']) + tokenCount(counts['thoughts']);
      return [model, inclusiveTokens(tokenCount(counts['prompt']), tokenCount(counts['cached']), 0, output)];
    }),
    memory,
    emit,
    prices,
  );
  memory.ended = true;
  if (isObject(message['error'])) failed(message['error'], memory.error, emit, now);
  else emit(finished(memory.denied));
}

/** The statistics of a result; thoughts are only in the total. */
function countsByModel(stats: JsonObject, model: string): [model: string, total: Tokens][] {
  const byModel =
    isObject(stats['models']) && Object.keys(stats['models']).length > 0 ? stats['models'] : { [model]: stats };
  return Object.entries(byModel).map(([name, value]) => {
    const counts = objectIn(value);
    const input = tokenCount(counts['input_tokens']);
    const output = Math.max(tokenCount(counts['output_tokens']), tokenCount(counts['total_tokens']) - input);
    return [name, inclusiveTokens(input, tokenCount(counts['cached']), 0, output)];
  });
}

/** The counters are the process's, so what counts is what was added to them. */
function usage(totals: readonly [model: string, total: Tokens][], memory: Memory, emit: Emit, prices: Prices): void {
  let any = false;
  for (const [model, total] of totals) {
    const tokens = tokensSince(total, memory.totals[model] ?? NO_TOKENS);
    memory.totals[model] = total;
    if (!anyTokens(tokens)) continue;
    any = true;
    price(tokens, model, emit, prices);
  }
  if (!any) {
    const source = memory.worked ? 'unknown' : 'priced';
    emit({ type: 'cost', cost: 0, source, note: memory.worked ? 'it named no tokens' : 'it used no tokens' });
  }
  memory.worked = false;
}

function price(tokens: Tokens, model: string, emit: Emit, prices: Prices, cutOff?: true): void {
  const named = model === '' ? undefined : model;
  const { cost, note } = prices.priceOf(tokens, named, 'gemini-*');
  const by = named === undefined ? {} : { model: named };
  emit({ type: 'usage', tokens, ...by });
  emit({ type: 'cost', cost, source: 'priced', ...(cutOff && { atLeast: true as const }), ...by, note });
}

function end(ending: Ending, memory: Memory, emit: Emit, context: GeminiContext): void {
  if (memory.ended) return;
  if (memory.worked) billUnfinished(memory, emit, context);
  if (ending.exit.signal === undefined) failedWithoutResult(ending, memory.error, emit, context.now());
}

/** A run that ended without a result is billed as far as its session file goes. */
function billUnfinished(memory: Memory, emit: Emit, { prices, chat }: GeminiContext): void {
  const known = memory.beganAt === 0 ? [] : chat(memory.session, memory.beganAt);
  for (const [model, tokens] of known) price(tokens, model, emit, prices, true);
  if (known.length === 0)
    emit({ type: 'cost', cost: 0, source: 'unknown', note: 'it ended before it named its tokens' });
}
