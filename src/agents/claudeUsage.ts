import type { Tokens } from '../core/model/agentEvent.ts';
import { isCost, type NanoUsd, toNano } from '../core/model/money.ts';
import { countIn, isObject, type JsonObject, objectIn, tokenCount } from './json.ts';
import type { Say } from './lineReader.ts';
import type { Prices } from './prices.ts';
import { addTokens, anyTokens, NO_TOKENS, tokensOver } from './tokenCount.ts';

/** What the reader of claude's output knows. Tokens are those told since the last result. */
export interface ClaudeMemory {
  session: string;
  /** `total_cost_usd` as last reported for the session, USD; −1 when the session had a past that nobody knows. */
  total: number;
  /** Whether the attempt continues a session, until its first result is read. */
  resumed: boolean;
  results: number;
  /** Text was told since the last result. */
  spoke: boolean;
  /** The kind of the last message that stood for a failure of the API. */
  apiError: string;
  /** A usage window that is used up was told since the last result. */
  limited: boolean;
  /** Messages whose tokens were told, the latest last. */
  counted: string[];
  /** The message that comes in pieces, and the output tokens told for it. */
  streamed: string;
  streamedOutput: number;
  told: { [model: string]: Tokens };
  /** Characters that each model wrote since the last result: its output tokens are known only at the end of a turn. */
  written: { [model: string]: number };
  /** Tool calls whose denial was told. */
  denied: string[];
}

/** How many ids are remembered of each kind. */
export const REMEMBERED = 50;

/** Roughly: only for turns whose end was never reported. */
const CHARS_PER_TOKEN = 4;

/** Notes that a model wrote so many characters. */
export function write(memory: ClaudeMemory, model: string, characters: number): void {
  memory.written[model] = countIn(memory.written[model]) + characters;
}

/** Tells a message's tokens, once: several lines share a message. Their output is a placeholder, so the result tells the rest. */
export function count(memory: ClaudeMemory, say: Say, id: string, model: string, usage: unknown): void {
  if (id === '' || memory.counted.includes(id) || !isObject(usage)) return;
  memory.counted = [...memory.counted, id].slice(-REMEMBERED);
  addUsage(memory, say, model, usageTokens(usage));
}

/** Tells tokens, and notes that they were told. */
export function addUsage(memory: ClaudeMemory, say: Say, model: string, tokens: Tokens): void {
  if (!anyTokens(tokens)) return;
  memory.told[model] = addTokens(toldOf(memory, model), tokens);
  say({ type: 'usage', tokens, ...(model !== '' && { model }) });
}

function toldOf(memory: ClaudeMemory, model: string): Tokens {
  const told = objectIn(memory.told[model]);
  return {
    input: tokenCount(told['input']),
    cachedInput: tokenCount(told['cachedInput']),
    cacheWrite: tokenCount(told['cacheWrite']),
    output: tokenCount(told['output']),
  };
}

function usageTokens(usage: JsonObject): Tokens {
  return {
    input: tokenCount(usage['input_tokens']),
    cachedInput: tokenCount(usage['cache_read_input_tokens']),
    cacheWrite: tokenCount(usage['cache_creation_input_tokens']),
    output: tokenCount(usage['output_tokens']),
  };
}

/** Tells what the result knows of the tokens beyond what the messages told. */
export function tellRest(message: JsonObject, memory: ClaudeMemory, say: Say): void {
  const models = message['model_usage_since_last_result'];
  if (isObject(models)) {
    for (const [model, value] of Object.entries(models)) {
      const usage = objectIn(value);
      const tokens: Tokens = {
        input: tokenCount(usage['inputTokens']),
        cachedInput: tokenCount(usage['cacheReadInputTokens']),
        cacheWrite: tokenCount(usage['cacheCreationInputTokens']),
        output: tokenCount(usage['outputTokens']),
      };
      addUsage(memory, say, model, tokensOver(tokens, toldOf(memory, model)));
    }
    return;
  }
  const told = Object.keys(memory.told).reduce((sum, model) => addTokens(sum, toldOf(memory, model)), NO_TOKENS);
  addUsage(memory, say, '', tokensOver(usageTokens(objectIn(message['usage'])), told));
}

/**
 * Bills a result. Its total counts on over a session, so what counts is what the result says of itself, or else how much the total grew
 *.
 */
export function billResult(message: JsonObject, memory: ClaudeMemory, say: Say, prices: Prices): void {
  const since = message['model_usage_since_last_result'];
  const models = isObject(since) ? Object.entries(since) : [];
  const amounts = models.map(([, usage]) => objectIn(usage)['costUSD']);
  const total = isCost(message['total_cost_usd']) ? message['total_cost_usd'] : undefined;
  const only = models.length === 1 && models[0] ? { model: models[0][0] } : {};
  const usd = amounts.reduce((sum: number, amount) => sum + (isCost(amount) ? amount : Number.NaN), 0);
  if (isObject(since) && !isCost(usd))
    say({ type: 'warning', text: 'A reported cost was no finite number of USD of 0 or more; it was not counted.' });
  if (isObject(since) && isCost(usd)) {
    say({
      type: 'cost',
      cost: toNano(usd),
      source: 'reported',
      ...only,
      ...earlierIn(memory, total === undefined ? undefined : total - usd),
    });
  } else if (total !== undefined && (memory.total >= 0 || total === 0)) {
    say({
      type: 'cost',
      cost: toNano(total >= memory.total ? total - Math.max(0, memory.total) : total),
      source: 'reported',
    });
  } else {
    const { cost, note } = prices.estimate(
      usageTokens(objectIn(message['usage'])),
      Object.keys(objectIn(message['modelUsage']))[0],
      'claude-*',
    );
    say({ type: 'cost', cost, source: 'estimated', note });
  }
  if (total !== undefined) memory.total = total;
  memory.resumed = false;
}

/** What the session says it cost before, where that is more than it has reported: turns whose end never came. */
function earlierIn(memory: ClaudeMemory, usd: number | undefined): { readonly earlier?: NanoUsd } {
  if (!memory.resumed || usd === undefined) return {};
  const earlier = toNano(Math.max(0, usd));
  return earlier > toNano(Math.max(0, memory.total)) ? { earlier } : {};
}

/** Turns whose end was never reported cost something all the same: what their messages told is priced. */
export function billUnreported(memory: ClaudeMemory, say: Say, prices: Prices): void {
  for (const model of Object.keys(memory.told)) {
    const told = toldOf(memory, model);
    const output = Math.max(told.output, Math.ceil(countIn(memory.written[model]) / CHARS_PER_TOKEN));
    const { cost, note } = prices.estimate({ ...told, output }, model === '' ? undefined : model, 'claude-*');
    say({
      type: 'cost',
      cost,
      source: 'estimated',
      ...(model !== '' && { model }),
      note: `it ended before it reported its cost: ${note}`,
    });
  }
  memory.told = {};
  memory.written = {};
}
