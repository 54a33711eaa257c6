import type { ActiveLoop } from '../model/loop.ts';
import type { SessionBefore } from '../ports/agents.ts';
import type { SupervisorContext } from '../state/context.ts';
import { readerStateIn } from './bookmark.ts';

/** What is known of the session that an attempt continues: how the last attempt in it was read. Undefined where it continues none. */
export function sessionBefore({ store }: SupervisorContext, { seq, attempt }: ActiveLoop): SessionBefore | undefined {
  if (!attempt.resumed) return undefined;
  const earlier = store
    .attempts(seq)
    .findLast((other) => other.id !== attempt.id && other.sessionId === attempt.sessionId);
  const state = readerStateIn(earlier?.readerState);
  return state === undefined ? {} : { state };
}
