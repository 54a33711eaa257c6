import type { Tokens } from '../core/model/agentEvent.ts';

export const NO_TOKENS: Tokens = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 };

/** Sum of two counts. */
export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
  };
}

/** What `a` has more than `b`, of each kind; never negative. */
export function tokensOver(a: Tokens, b: Tokens): Tokens {
  return {
    input: Math.max(0, a.input - b.input),
    cachedInput: Math.max(0, a.cachedInput - b.cachedInput),
    cacheWrite: Math.max(0, a.cacheWrite - b.cacheWrite),
    output: Math.max(0, a.output - b.output),
  };
}

/**
 * What was added to a counter that goes on over a session. A counter that is lower than before began anew, so it stands for itself.
 */
export function tokensSince(total: Tokens, before: Tokens): Tokens {
  const began =
    total.input < before.input ||
    total.cachedInput < before.cachedInput ||
    total.cacheWrite < before.cacheWrite ||
    total.output < before.output;
  return began ? total : tokensOver(total, before);
}

export function anyTokens({ input, cachedInput, cacheWrite, output }: Tokens): boolean {
  return input + cachedInput + cacheWrite + output > 0;
}
