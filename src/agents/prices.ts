import type { Tokens } from '../core/model/agentEvent.ts';
import { type NanoUsd, toNano } from '../core/model/money.ts';
import { isObject } from './json.ts';

/** USD per million tokens. */
export interface Price {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
}

/** What tokens cost by the table, with a note on how that was found. */
export interface TokenPrice {
  readonly cost: NanoUsd;
  readonly note: string;
}

/** When the built-in prices were looked up: list prices for prompts of ordinary length, without discounts. */
export const PRICES_AS_OF = '2026-11-23';

// [model pattern, input, cached input, cache write, output]
const BUILT_IN: readonly (readonly [string, number, number, number, number])[] = [
  ['claude-fable-*', 10, 1, 12.5, 50],
  ['claude-opus-5-5*', 4, 0.2, 5, 20],
  ['claude-opus-*', 5, 0.5, 6.25, 25],
  ['claude-sonnet-5-5*', 2, 0.1, 2.5, 10],
  ['claude-sonnet-5*', 2, 0.2, 2.5, 10],
  ['claude-sonnet-*', 3, 0.3, 3.75, 15],
  ['claude-haiku-*', 1, 0.1, 1.25, 5],
  ['gpt-5.6-sol*', 5, 0.5, 6.25, 30],
  ['gpt-5.6-terra*', 2, 0.2, 2.5, 12],
  ['gpt-5.6-luna*', 0.2, 0.02, 0.25, 1.2],
  ['gpt-5.5*', 5, 0.5, 5, 30],
  ['gpt-5.4*', 2.5, 0.25, 2.5, 15],
  ['gpt-5.4-mini*', 0.75, 0.075, 0.75, 4.5],
  ['gpt-5.4-nano*', 0.2, 0.02, 0.2, 1.25],
  ['gpt-5.3*', 1.75, 0.175, 1.75, 14],
  ['gpt-5.2*', 1.75, 0.175, 1.75, 14],
  ['gpt-5*', 1.25, 0.125, 1.25, 10],
  ['gpt-5-mini*', 0.25, 0.025, 0.25, 2],
  ['gpt-4.1*', 2, 0.5, 2, 8],
  ['gemini-3*-pro*', 2, 0.2, 2, 12],
  ['gemini-3*-flash*', 1.5, 0.15, 1.5, 9],
  ['gemini-2.5-pro*', 1.25, 0.125, 1.25, 10],
  ['gemini-2.5-flash*', 0.3, 0.03, 0.3, 2.5],
  ['gemini-*flash-lite*', 0.1, 0.01, 0.1, 0.4],
  // Made up, as all that the bundled sample agent costs.
  ['sample-*', 1, 0.1, 1.25, 5],
];

/** No cost is higher, so that sums of costs stay exact. */
const DEAREST_USD = 1e6;

const MODELS_REMEMBERED = 1_000;

interface Row {
  readonly pattern: string;
  readonly matches: RegExp;
  readonly price: Price;
  /** From the settings: it goes before all built-in ones. */
  readonly own: boolean;
}

/** What tokens cost by model. The user's rows come first; among rows, the longest pattern that fits a model's name. */
export class Prices {
  readonly #rows: readonly Row[];
  // Patterns are slow to match, and agents name few models.
  readonly #known = new Map<string, Row | undefined>();
  readonly #families = new Map<string, readonly Row[]>();

  constructor(own: { readonly [pattern: string]: Price } = {}) {
    const builtIn = BUILT_IN.map(([pattern, input, cachedInput, cacheWrite, output]) =>
      row(pattern, { input, cachedInput, cacheWrite, output }, false),
    );
    const rows = [...Object.entries(own).map(([pattern, price]) => row(pattern, price, true)), ...builtIn];
    this.#rows = rows.sort((a, b) => Number(b.own) - Number(a.own) || b.pattern.length - a.pattern.length);
  }

  /**
   * What `tokens` cost. An unknown model is taken at the highest price of the table; where an agent does not name its
   * model, at the highest of those that `family` (a pattern) fits.
   */
  priceOf(tokens: Tokens, model: string | undefined, family = '*'): TokenPrice {
    const row = this.#rowOf(tokens, model, family);
    const cost = costOf(tokens, row.price);
    if (model !== undefined && this.#find(model) === row)
      return { cost, note: `priced by its tokens at the price of ${row.pattern} (${dated(row)})` };
    const what = model === undefined ? 'the agent does not name its model' : `no price is known for the model ${model}`;
    return {
      cost,
      note: `${what}: priced by its tokens at the highest price, that of ${row.pattern} (${dated(row)})`,
    };
  }

  /** The cost that `priceOf` gives, without its note: for sums that are made anew with each message. */
  costOf(tokens: Tokens, model: string | undefined, family = '*'): NanoUsd {
    return costOf(tokens, this.#rowOf(tokens, model, family).price);
  }

  /** Whether the user has said that a model costs nothing, as one on their own machine does. */
  isFree(model: string | undefined): boolean {
    const row = model === undefined ? undefined : this.#find(model);
    return row !== undefined && Object.values(row.price).every((price) => price === 0);
  }

  #rowOf(tokens: Tokens, model: string | undefined, family: string): Row {
    const known = model === undefined ? undefined : this.#find(model);
    if (known) return known;
    const rows = model === undefined ? this.#family(family) : this.#rows;
    return rows.reduce((a, b) => (costOf(tokens, b.price) > costOf(tokens, a.price) ? b : a));
  }

  /** The rows that an unnamed model of a family may be of: the user's own, where there are such. */
  #family(family: string): readonly Row[] {
    const known = this.#families.get(family) ?? this.#rowsOf(family);
    this.#families.set(family, known);
    return known;
  }

  #rowsOf(family: string): readonly Row[] {
    const inFamily = glob(family);
    const rows = this.#rows.filter(({ pattern, own }) => inFamily.test(pattern) || (own && /^\*+$/.test(pattern)));
    const own = rows.filter((each) => each.own);
    if (own.length > 0) return own;
    return rows.length > 0 ? rows : this.#rows;
  }

  #find(model: string): Row | undefined {
    if (this.#known.has(model)) return this.#known.get(model);
    const found = this.#match(model);
    // Names come from outside: the cache must not grow without bound.
    if (this.#known.size < MODELS_REMEMBERED) this.#known.set(model, found);
    return found;
  }

  #match(model: string): Row | undefined {
    // Some agents put the provider before the model: `openai/gpt-5`.
    const bare = model.slice(model.lastIndexOf('/') + 1);
    return this.#rows.find(({ matches }) => matches.test(model) || matches.test(bare));
  }
}

/** Reads `loopSupervisor.prices`. Wrong entries are left out and named. */
export function readPrices(setting: unknown): { readonly prices: Prices; readonly problems: string[] } {
  const problems: string[] = [];
  const own: { [pattern: string]: Price } = {};
  if (setting !== undefined && setting !== null && !isObject(setting)) {
    problems.push(
      'loopSupervisor.prices: must be an object of model patterns and their prices; the built-in prices are used.',
    );
  }
  for (const [pattern, value] of Object.entries(isObject(setting) ? setting : {})) {
    const price = readPrice(value);
    if (typeof price === 'string')
      problems.push(`loopSupervisor.prices: "${pattern.slice(0, 80)}" ${price}; it is skipped.`);
    else own[pattern] = price;
  }
  return { prices: new Prices(own), problems };
}

function readPrice(value: unknown): Price | string {
  if (!isObject(value)) return 'must be an object with "input" and "output" in USD per million tokens';
  for (const [key, amount] of Object.entries(value)) {
    if (!['input', 'cachedInput', 'cacheWrite', 'output'].includes(key))
      return `has no "${key.slice(0, 40)}": only "input", "cachedInput", "cacheWrite" and "output" are known`;
    if (typeof amount !== 'number' || !(amount >= 0 && amount <= 100_000))
      return `has a "${key}" that is not a price: it must be a number from 0 to 100000 (USD per million tokens)`;
  }
  const { input, cachedInput, cacheWrite, output } = value as { [key: string]: number | undefined };
  if (input === undefined || output === undefined)
    return `lacks "${input === undefined ? 'input' : 'output'}" (USD per million tokens)`;
  return { input, cachedInput: cachedInput ?? input, cacheWrite: cacheWrite ?? input, output };
}

function row(pattern: string, price: Price, own: boolean): Row {
  return { pattern, price, own, matches: glob(pattern) };
}

function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}

function dated({ own }: Row): string {
  return own ? 'loopSupervisor.prices' : `built-in prices of ${PRICES_AS_OF}`;
}

function costOf(tokens: Tokens, price: Price): NanoUsd {
  const { input, cachedInput, cacheWrite, output } = tokens;
  const usd =
    (input * price.input + cachedInput * price.cachedInput + cacheWrite * price.cacheWrite + output * price.output) /
    1e6;
  return toNano(Math.min(usd, DEAREST_USD));
}
