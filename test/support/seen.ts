import type { Look } from '../../src/core/model/looks.ts';

/** What a look found; undefined when it is gone. A look that could not tell fails the test. */
export function seen<T>(look: Look<T>): T | undefined {
  if (look.state === 'unknown') throw new Error(`The look could not tell: ${look.why}.`);
  return look.state === 'there' ? look.value : undefined;
}
