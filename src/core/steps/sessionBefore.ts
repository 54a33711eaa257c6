import type { Attempt } from '../model/attempt.ts';
import type { ActiveLoop } from '../model/loop.ts';
import type { SessionBefore } from '../ports/agents.ts';
import { readerStateIn } from './bookmark.ts';

/**
 * What is known of the session that an attempt continues: how its last earlier attempt was read. Undefined if it
 * continues none. `attempts`: all attempts of the loop.
 */
export function sessionBefore({ attempt }: ActiveLoop, attempts: readonly Attempt[]): SessionBefore | undefined {
  if (!attempt.resumed) return undefined;
  const earlier = attempts.findLast((other) => other.id !== attempt.id && other.sessionId === attempt.sessionId);
  const state = readerStateIn(earlier?.readerState);
  return state === undefined ? {} : { state };
}
