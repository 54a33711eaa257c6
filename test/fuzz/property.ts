import fc from 'fast-check';
import type { FuzzOptions, FuzzResult } from './outcome.ts';

/**
 * Runs `check` on many cases. It answers what is wrong with a case, or undefined; what it throws is wrong too. A
 * failing case is made small.
 */
export async function tryCases<T>(
  arbitrary: fc.Arbitrary<T>,
  options: FuzzOptions,
  check: (value: T) => Promise<string | undefined>,
): Promise<FuzzResult> {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    const property = fc.asyncProperty(arbitrary, async (value) => {
      const wrong = await check(value);
      if (wrong !== undefined) throw new Error(wrong);
      if (unhandled.length > 0) throw new Error(`nobody handled ${String(unhandled.splice(0)[0])}`);
    });
    const run = await fc.check(property, { numRuns: options.cases, seed: options.seed });
    const found = run.failed
      ? [
          `seed ${options.seed}: ${String(run.errorInstance)} in the case ${fc.stringify(run.counterexample).slice(0, 2_000)}`,
        ]
      : [];
    return { cases: run.numRuns, found };
  } finally {
    process.off('unhandledRejection', note);
  }
}

/** In one of so many cases; undefined in the others. */
export function onceIn<T>(cases: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: cases - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}
