import type { Tokens } from '../../core/model/agentEvent.ts';
import { isCost, type NanoUsd, toNano } from '../../core/model/money.ts';
import { countIn, isObject, type JsonObject, objectIn, tokenCount } from '../json.ts';
import type { Emit } from '../lineReader.ts';
import type { Prices } from '../prices.ts';
import { addTokens, anyTokens, NO_TOKENS, tokensOver } from '../tokenCount.ts';

/** What the reader of claude's output knows of tokens and money. */
export interface ClaudeBill {
  /** `total_cost_usd` as last reported for the session, USD; −1 when the session had a past that nobody knows. */
  total: number;
  /** Whether the attempt continues a session, until its first result is read. */
  resumed: boolean;
  /** Messages whose tokens are counted, the latest last. */
  counted: string[];
  /** Tokens counted since the last result, by model. */
  seen: { [model: string]: Tokens };
  /** Characters that each model wrote since the last result: its output tokens are known only at the end of a turn. */
  written: { [model: string]: number };
}

/** How many ids are remembered of each kind. */
export const REMEMBERED = 50;

/** A rough figure, used only for turns whose end was never reported. */
const CHARS_PER_TOKEN = 4;

/** The prices that apply where no model is named. */
const FAMILY = 'claude-*';

/** Records how many characters a model wrote. */
export function write(bill: ClaudeBill, model: string, characters: number): void {
  bill.written[model] = countIn(bill.written[model]) + characters;
}

/** Counts a message's tokens once: several lines share it. Their output is a placeholder; the result has the rest. */
export function count(bill: ClaudeBill, emit: Emit, id: string, model: string, usage: unknown): void {
  if (id === '' || bill.counted.includes(id) || !isObject(usage)) return;
  bill.counted = [...bill.counted, id].slice(-REMEMBERED);
  addUsage(bill, emit, model, usageTokens(usage));
}

/** Emits tokens and counts them. */
export function addUsage(bill: ClaudeBill, emit: Emit, model: string, tokens: Tokens): void {
  if (!anyTokens(tokens)) return;
  bill.seen[model] = addTokens(seenOf(bill, model), tokens);
  emit({ type: 'usage', tokens, ...(model !== '' && { model }) });
}

function seenOf(bill: ClaudeBill, model: string): Tokens {
  const seen = objectIn(bill.seen[model]);
  return {
    input: tokenCount(seen['input']),
    cachedInput: tokenCount(seen['cachedInput']),
    cacheWrite: tokenCount(seen['cacheWrite']),
    output: tokenCount(seen['output']),
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

/** Emits the tokens of a result that its messages did not show. */
export function emitRest(message: JsonObject, bill: ClaudeBill, emit: Emit): void {
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
      addUsage(bill, emit, model, tokensOver(tokens, seenOf(bill, model)));
    }
    return;
  }
  const seen = Object.keys(bill.seen).reduce((sum, model) => addTokens(sum, seenOf(bill, model)), NO_TOKENS);
  addUsage(bill, emit, '', tokensOver(usageTokens(objectIn(message['usage'])), seen));
}

/**
 * Bills a result (R6.6). Its total may count on over a session, so what counts is what the result says of itself, or
 * else how much the total grew within this process. For a first result that says nothing of itself in a session that
 * goes on, its tokens are priced; where it has none, its total is a guess.
 */
export function billResult(message: JsonObject, bill: ClaudeBill, emit: Emit, prices: Prices): void {
  const since = message['model_usage_since_last_result'];
  const models = isObject(since) ? Object.entries(since) : [];
  const total = isCost(message['total_cost_usd']) ? message['total_cost_usd'] : undefined;
  const usd = models.reduce((sum, [, usage]) => sum + costIn(objectIn(usage)['costUSD']), 0);
  if (isObject(since) && !isCost(usd))
    emit({ type: 'warning', text: 'A reported cost was no finite number of USD of 0 or more; it was not counted.' });
  if (isObject(since) && isCost(usd)) {
    const earlier = earlierIn(bill, total === undefined ? undefined : total - usd);
    const model = models.length === 1 ? models[0]?.[0] : undefined;
    emit({ type: 'cost', cost: toNano(usd), source: 'reported', ...(model !== undefined && { model }), ...earlier });
  } else billTotal(message, total, bill, emit, prices);
  if (total !== undefined) bill.total = total;
  bill.resumed = false;
}

function costIn(value: unknown): number {
  return isCost(value) ? value : Number.NaN;
}

function billTotal(message: JsonObject, total: number | undefined, bill: ClaudeBill, emit: Emit, prices: Prices): void {
  const beganAnew = total !== undefined && total < bill.total;
  if (total !== undefined && (total === 0 || beganAnew || !bill.resumed)) {
    const grown = beganAnew ? total : total - Math.max(0, bill.total);
    emit({ type: 'cost', cost: toNano(grown), source: 'reported' });
    return;
  }
  const tokens = usageTokens(objectIn(message['usage']));
  if (
    total === undefined &&
    !anyTokens(tokens) &&
    Object.values(bill.written).some((written) => countIn(written) > 0)
  ) {
    emit({ type: 'cost', cost: 0, source: 'unknown', note: 'it named neither tokens nor a cost' });
    return;
  }
  if (total === undefined || anyTokens(tokens)) {
    const { cost, note } = prices.priceOf(tokens, Object.keys(objectIn(message['modelUsage']))[0], FAMILY);
    emit({ type: 'cost', cost, source: 'priced', note });
    return;
  }
  const note = 'the total of a session that goes on, which may hold what its earlier runs cost';
  emit({ type: 'cost', cost: toNano(total), source: 'unknown', note });
}

/** What the session says it cost before, where that is more than it has reported: turns whose end never came. */
function earlierIn(bill: ClaudeBill, usd: number | undefined): { readonly earlier?: NanoUsd } {
  if (!bill.resumed || usd === undefined) return {};
  const earlier = toNano(Math.max(0, usd));
  return earlier > toNano(Math.max(0, bill.total)) ? { earlier } : {};
}

/** What was counted since the last result, by model. */
function unreported(bill: ClaudeBill): { readonly model: string; readonly tokens: Tokens }[] {
  return Object.keys(bill.seen).map((model) => {
    const seen = seenOf(bill, model);
    const output = Math.max(seen.output, Math.ceil(countIn(bill.written[model]) / CHARS_PER_TOKEN));
    return { model, tokens: { ...seen, output } };
  });
}

const named = (model: string) => (model === '' ? undefined : model);

/** Emits what has been spent since the last result, as far as its messages show (R6.10). */
export function emitAccrued(bill: ClaudeBill, emit: Emit, prices: Prices): void {
  const cost = unreported(bill).reduce(
    (sum, { model, tokens }) => sum + prices.costOf(tokens, named(model), FAMILY),
    0,
  );
  if (cost > 0) emit({ type: 'accrued', cost });
}

/** A turn whose end was never reported still cost something: its messages' tokens are priced. */
export function billUnreported(bill: ClaudeBill, emit: Emit, prices: Prices): void {
  for (const { model, tokens } of unreported(bill)) {
    const { cost, note } = prices.priceOf(tokens, named(model), FAMILY);
    emit({
      type: 'cost',
      cost,
      source: 'priced',
      atLeast: true,
      ...(model !== '' && { model }),
      note: `it ended before it reported its cost: ${note}`,
    });
  }
  bill.seen = {};
  bill.written = {};
}
