import { isFinished, type Loop } from '../core/model/loop.ts';
import { asksForMore, isAtRoundBound } from '../core/model/needs.ts';
import { openQuestions } from '../core/model/question.ts';
import type { WaitingFor } from '../core/model/status.ts';
import type { Supervisor } from '../core/supervisor.ts';
import { askedBy, reasonOf } from '../ui/text/loopText.ts';
import { oneLine } from '../ui/text/safeText.ts';
import { QUEUED_FOR_WORDS } from '../ui/text/stateText.ts';

/** How much of a reason is shown, characters. */
const LONGEST_REASON = 2_000;

/** The state of a loop with the reason for it, or with what its agent asks. */
export function stateLine(loop: Loop): string {
  const asks = askedBy(loop);
  if (asks !== undefined) return `${loop.state}, ${asks}`;
  const reason = reasonOf(loop);
  return reason === undefined ? loop.state : `${loop.state}: ${oneLine(reason, LONGEST_REASON)}`;
}

/** The call that lets a loop go on which waits for its user; undefined where no call does. */
export function nextCall(loop: Loop): string | undefined {
  if (!isFinished(loop) && openQuestions(loop).length > 0) return `loops answer ${loop.loopId}`;
  return isAtRoundBound(loop) || asksForMore(loop) ? `loops continue ${loop.loopId}` : undefined;
}

/** Why a queued loop does not start, in words; undefined for any other, and where it only waits for its turn. */
export function heldBack(supervisor: Supervisor, loop: Loop, ...except: readonly WaitingFor[]): string | undefined {
  if (loop.state !== 'queued') return undefined;
  const reason = supervisor.live().find((view) => view.loop.seq === loop.seq)?.waitingFor;
  return reason === undefined || except.includes(reason) ? undefined : QUEUED_FOR_WORDS[reason] || undefined;
}
