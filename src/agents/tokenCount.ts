import type { Tokens } from '../core/model/agentEvent.ts';

export const NO_TOKENS: Tokens = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 };

/** The sum of two counts. */
export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
  };
}

/** `a` minus `b`, kind by kind; never negative. */
export function tokensOver(a: Tokens, b: Tokens): Tokens {
  return {
    input: Math.max(0, a.input - b.input),
    cachedInput: Math.max(0, a.cachedInput - b.cachedInput),
    cacheWrite: Math.max(0, a.cacheWrite - b.cacheWrite),
    output: Math.max(0, a.output - b.output),
  };
}

/** What was added to a running counter. A counter that is lower than before has started over, so all of it is new. */
export function tokensSince(total: Tokens, before: Tokens): Tokens {
  const began =
    total.input < before.input ||
    total.cachedInput < before.cachedInput ||
    total.cacheWrite < before.cacheWrite ||
    total.output < before.output;
  return began ? total : tokensOver(total, before);
}

/** Tokens of an agent whose input counts those from and into the cache too. */
export function inclusiveTokens(input: number, cachedInput: number, cacheWrite: number, output: number): Tokens {
  const fresh = input - cachedInput - cacheWrite;
  return fresh >= 0
    ? { input: fresh, cachedInput, cacheWrite, output }
    : { input: 0, cachedInput: Math.min(input, cachedInput), cacheWrite, output };
}

export function anyTokens({ input, cachedInput, cacheWrite, output }: Tokens): boolean {
  return input + cachedInput + cacheWrite + output > 0;
}
