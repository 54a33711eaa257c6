import type { Tokens } from '../../core/model/agentEvent.ts';
import { countIn, type JsonObject, objectIn, textIn, tokenCount } from '../json.ts';
import type { Emit } from '../lineReader.ts';
import type { Prices } from '../prices.ts';
import { addTokens, anyTokens, inclusiveTokens, NO_TOKENS, tokensSince } from '../tokenCount.ts';

/** What the reader of copilot's output knows of tokens and credits. */
export interface CopilotBill {
  /** The session's counters by model, as last reported. */
  totals: { [model: string]: Tokens };
  /** The session's counter of credits, in 10⁻⁹ of one, as last reported. */
  nanoCredits: number;
  /** The session has earlier turns whose counters are unknown. */
  unknownPast: boolean;
  /** Calls of the model since the last report. */
  calls: number;
  model: string;
  /** Tokens of these calls: as reported, else estimated from the characters sent and received. */
  accrued: Tokens;
  /** Characters of the conversation so far, those of them that came since the last call, and those of its answer. */
  context: number;
  fresh: number;
}

/** A credit is a hundredth of a dollar, so 10⁻⁹ of one is 10⁻¹¹ USD. */
const NANO_CREDITS_PER_NANO_USD = 100;

/** Its instructions and tools, which go with each call: about 48 KB of them. */
const BASE_CHARS = 48_000;
const CHARS_PER_TOKEN = 4;

export function newBill(past: CopilotBill | undefined, resumed: boolean): CopilotBill {
  return {
    totals: past?.totals ?? {},
    nanoCredits: past?.nanoCredits ?? 0,
    unknownPast: resumed && !past,
    calls: 0,
    model: past?.model ?? '',
    accrued: NO_TOKENS,
    context: Math.max(BASE_CHARS, past?.context ?? 0),
    fresh: 0,
  };
}

/** Adds text to the conversation; `model` is who wrote it, where a model did. */
export function noteText(bill: CopilotBill, text: string, model = ''): void {
  bill.fresh += text.length;
  if (model === '' || model === 'result') return;
  bill.model = model;
  bill.accrued = addTokens(bill.accrued, { ...NO_TOKENS, output: Math.ceil(text.length / CHARS_PER_TOKEN) });
}

/** Counts a call of the model: its tokens where it names them, else those of the conversation so far. */
export function countCall(bill: CopilotBill, usage: JsonObject = {}): void {
  const reported = tokensIn(usage);
  if (anyTokens(reported)) {
    bill.model = textIn(usage['model']) || bill.model;
    bill.accrued = addTokens(bill.accrued, reported);
    return;
  }
  bill.calls++;
  bill.accrued = addTokens(bill.accrued, {
    ...NO_TOKENS,
    input: Math.ceil(bill.fresh / CHARS_PER_TOKEN),
    cachedInput: Math.ceil(bill.context / CHARS_PER_TOKEN),
  });
  bill.context += bill.fresh;
  bill.fresh = 0;
}

/** Emits what has been spent since the last report (R6.10). */
export function accrue(bill: CopilotBill, emit: Emit, prices: Prices): void {
  const cost = prices.costOf(bill.accrued, bill.model || undefined);
  if (cost > 0) emit({ type: 'accrued', cost });
}

/** Bills what was added to the session's counters. */
export function billReport(report: JsonObject, bill: CopilotBill, emit: Emit, prices: Prices): void {
  const added = addedIn(report, bill);
  const nano = countIn(report['totalNanoAiu']);
  const credits = nano >= bill.nanoCredits ? nano - bill.nanoCredits : nano;
  const status = textIn(report['aiCreditsStatus']);
  const isKnown = status === 'complete' || status === 'partial' || (status === '' && nano > 0);
  const base = bill.unknownPast;
  bill.nanoCredits = nano;
  bill.unknownPast = false;
  if (base) {
    guess(bill, emit, prices, 'what its session had used before is not known');
    return;
  }
  for (const [model, tokens] of added) emit({ type: 'usage', tokens, model });
  if (isKnown && (credits > 0 || status === 'complete')) {
    const cost = Math.round(credits / NANO_CREDITS_PER_NANO_USD);
    const atLeast = status === 'partial' ? { atLeast: true as const } : {};
    emit({ type: 'cost', cost, source: 'reported', ...atLeast, note: 'AI credits at $0.01 each' });
  } else billTokens(added, bill, emit, prices);
  settle(bill);
}

function billTokens(
  added: readonly (readonly [string, Tokens])[],
  bill: CopilotBill,
  emit: Emit,
  prices: Prices,
): void {
  for (const [model, tokens] of added) {
    const { cost, note } = prices.priceOf(tokens, model);
    emit({ type: 'cost', cost, source: 'priced', model, note });
  }
  if (added.length > 0) return;
  if (bill.calls > 0) guess(bill, emit, prices, 'its report names no tokens');
  else emit({ type: 'cost', cost: 0, source: 'priced', note: 'it used no tokens' });
}

/** A run without a report is not free: its calls are estimated instead. */
export function billWithoutReport(bill: CopilotBill, emit: Emit, prices: Prices): void {
  if (anyTokens(bill.accrued)) guess(bill, emit, prices, 'it ended without a report');
}

function guess(bill: CopilotBill, emit: Emit, prices: Prices, why: string): void {
  const cost = prices.costOf(bill.accrued, bill.model || undefined);
  emit({ type: 'cost', cost, source: 'unknown', note: `${why}: estimated from its calls and their text` });
  settle(bill);
}

function settle(bill: CopilotBill): void {
  bill.calls = 0;
  bill.accrued = NO_TOKENS;
}

/** What was added to each model's counter since the last report. */
function addedIn(report: JsonObject, bill: CopilotBill): (readonly [string, Tokens])[] {
  const added: (readonly [string, Tokens])[] = [];
  for (const [model, value] of Object.entries(objectIn(report['modelMetrics']))) {
    const total = tokensIn(objectIn(objectIn(value)['usage']));
    if (!anyTokens(total)) continue;
    const tokens = tokensSince(total, bill.totals[model] ?? NO_TOKENS);
    bill.totals[model] = total;
    if (anyTokens(tokens)) added.push([model, tokens]);
  }
  return added;
}

function tokensIn(usage: JsonObject): Tokens {
  return inclusiveTokens(
    tokenCount(usage['inputTokens']),
    tokenCount(usage['cacheReadTokens']),
    tokenCount(usage['cacheWriteTokens']),
    tokenCount(usage['outputTokens']),
  );
}
