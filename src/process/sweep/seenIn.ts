import type { Look } from '../../core/model/looks.ts';

/** A look at one of many processes failed, so that the look at all of them proves nothing. */
export class LookFailed extends Error {}

/**
 * What a look found; undefined where there is nothing to be seen.
 *
 * @throws LookFailed when the look failed.
 */
export function seenIn<T>(look: Look<T>): T | undefined {
  if (look.state === 'unknown') throw new LookFailed(look.why);
  return look.state === 'there' ? look.value : undefined;
}
