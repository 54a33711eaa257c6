import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import { toNano } from '../../core/model/money.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { type CostParts, formatCost, formatDuration, speakCost, speakDuration } from '../text/format.ts';
import { join } from '../text/loopText.ts';
import { runLabel } from '../text/proofWords.ts';
import { oneLine } from '../text/safeText.ts';
import { outcomeTone, outcomeWord } from '../webviewHost/outcomeWords.ts';
import type { TreeRow } from './treeRow.ts';

/** The rows under a loop: its attempts, newest first, then spared processes that still run and can be ended (R7.4). */
export function attemptRows(
  detail: LoopDetail,
  now: number,
  isAlive: (process: ProcessIdentity) => boolean,
): TreeRow[] {
  const attempts = detail.attempts.toReversed();
  return [
    ...attempts.map((attempt) => attemptRow(detail.loop.seq, detail.loopId, attempt, now)),
    ...attempts.flatMap((attempt) => keptRows(detail, attempt, isAlive)),
  ];
}

function costOf({ cost: { usd, unknownUsd, source, atLeast } }: AttemptDetail): CostParts {
  const cost = toNano(usd);
  return {
    cost,
    costEstimated: source === 'reported' ? 0 : cost,
    costUnknown: toNano(unknownUsd),
    costAtLeast: atLeast,
  };
}

function attemptRow(seq: number, loopId: string, attempt: AttemptDetail, now: number): TreeRow {
  const ran = (attempt.endedAt ?? now) - attempt.startedAt;
  const said = endWords(attempt);
  const pid = attempt.pid !== undefined && attempt.endedAt === undefined ? `pid ${attempt.pid}` : '';
  const cost = costOf(attempt);
  const label = runLabel(attempt);
  return {
    id: `attempt:${seq}:${attempt.number}`,
    subject: { kind: 'attempt', loopId, seq, number: attempt.number },
    label,
    description: join([said, attempt.resumed ? 'resumed' : '', pid, formatDuration(ran), formatCost(cost)]),
    spoken: [
      label,
      said.replaceAll(' · ', ', '),
      attempt.resumed ? 'resumed' : '',
      pid,
      speakDuration(ran),
      speakCost(cost),
    ]
      .filter(Boolean)
      .join(', '),
    icon: {
      id:
        attempt.outcome === undefined
          ? 'play'
          : attempt.outcome === 'ok'
            ? 'check'
            : attempt.outcome === 'cancelled' || attempt.outcome === 'interrupted'
              ? 'circle-slash'
              : 'close',
    },
    context: `attempt ${attempt.endedAt === undefined ? 'active' : 'ended'}`,
    children: 'none',
    isLive: attempt.endedAt === undefined,
  };
}

/** Outcome and reason; only the reason if it includes the outcome, as most do. */
function endWords({ outcome, reason = '' }: AttemptDetail): string {
  if (outcome === undefined) return 'running';
  const why = oneLine(reason, 80);
  switch (outcomeTone(outcome)) {
    case 'good':
      return outcomeWord(outcome);
    case 'neutral':
      return why.startsWith(outcome) ? why : join([outcomeWord(outcome), why]);
    case 'bad':
      return why === '' ? outcomeWord(outcome) : `failed: ${why}`;
  }
}

function keptRows(
  detail: LoopDetail,
  attempt: AttemptDetail,
  isAlive: (process: ProcessIdentity) => boolean,
): TreeRow[] {
  return attempt.kept.filter(isAlive).map(({ pid, command }) => {
    const label = oneLine(command, 60) || `Process ${pid}`;
    return {
      id: `kept:${detail.loop.seq}:${attempt.number}:${pid}`,
      subject: { kind: 'kept', loopId: detail.loopId, seq: detail.loop.seq, pid },
      label,
      description: `spared, still running · pid ${pid}`,
      spoken: `${label}, spared after attempt ${attempt.number}, pid ${pid}`,
      icon: { id: 'vm-running', color: 'charts.yellow' },
      context: 'kept',
      children: 'none',
      isLive: false,
    };
  });
}
