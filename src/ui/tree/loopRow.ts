import { type FinishedLoop, type Loop, type LoopState, needsUser } from '../../core/model/loop.ts';
import { asksForMore, isAtRoundBound } from '../../core/model/needs.ts';
import { openQuestions } from '../../core/model/question.ts';
import type { LiveView } from '../../core/model/status.ts';
import { describeFinished, describeLive, join, type TextContext } from '../text/loopText.ts';
import type { TreeRow } from './treeRow.ts';
import { isAsking } from './treeSnapshot.ts';

/** Additional text on the row of a running attempt (by token), such as memory; may be empty. */
export type AttemptExtra = (token: string) => string;

/** The row of a live loop. */
export function liveRow(view: LiveView, now: number, extra: AttemptExtra, context: TextContext): TreeRow {
  const { loop, host, activity } = view;
  const { label, description, spoken } = describeLive(view, now, context);
  const running = loop.state === 'running';
  const asking = openQuestions(loop).length > 0 || (activity?.asking !== undefined && running);
  const silent = activity?.silentForMs !== undefined && running;
  const more = running ? extra(loop.attempt.token) : '';
  const fresh = loop.state === 'queued' && loop.attempts === 0;
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description: join([description, more]),
    spoken: `${spoken}${more ? `, ${more}` : ''}`,
    icon: asking ? ASKING_ICON : silent ? SILENT_ICON : needsUser(loop) ? NEEDS_USER_ICON : LIVE_ICONS[loop.state],
    context:
      `loop ${loop.state} live ` +
      `${host}${silent ? ' silent' : ''}${fresh ? ' fresh' : ''}${needOf(loop)}${workOf(loop)}`,
    children: loop.attempts > 0 ? 'collapsed' : 'none',
    isLive: isLiveRow(loop.state),
  };
}

/** What its work offers, in the words that menus test. */
function workOf({ changes, workTree, sessionId }: Loop): string {
  const words = [
    changes && (changes.files > 0 || workTree?.made) ? 'changed' : '',
    workTree?.made ? 'worktree' : '',
    workTree?.merging ? 'merging' : '',
    sessionId === undefined ? '' : 'session',
  ];
  return words
    .filter(Boolean)
    .map((word) => ` ${word}`)
    .join('');
}

/** What the user has to decide, in the words that menus test. */
function needOf(loop: LiveView['loop']): string {
  if (isAtRoundBound(loop)) return ' bound';
  if (isAsking(loop) || (needsUser(loop) && loop.need === 'question')) return ' asking';
  if (asksForMore(loop)) return ' allowance';
  const isUnconfirmed = needsUser(loop) && ['endUnknown', 'machineAway', 'notEnded'].includes(loop.need);
  return isUnconfirmed ? ' unconfirmed' : '';
}

/** Whether the row of a loop in that state shows a running time. */
export function isLiveRow(state: LoopState): boolean {
  return (
    state === 'running' ||
    state === 'stopping' ||
    state === 'checking' ||
    state === 'preparing' ||
    state === 'backingOff'
  );
}

const SILENT_ICON = { id: 'warning', color: 'list.warningForeground' };
const NEEDS_USER_ICON = { id: 'bell-dot', color: 'charts.yellow' };
const ASKING_ICON = { id: 'question', color: 'charts.yellow' };

const LIVE_ICONS = {
  preparing: { id: 'loading~spin', color: 'charts.blue' },
  running: { id: 'sync~spin', color: 'charts.blue' },
  stopping: { id: 'debug-stop', color: 'charts.orange' },
  checking: { id: 'checklist', color: 'charts.blue' },
  queued: { id: 'clock', color: 'descriptionForeground' },
  backingOff: { id: 'debug-restart', color: 'charts.yellow' },
  waiting: { id: 'watch', color: 'charts.yellow' },
} as const;

const FINISHED_ICONS = {
  completed: { id: 'pass', color: 'testing.iconPassed' },
  failed: { id: 'error', color: 'testing.iconFailed' },
  cancelled: { id: 'circle-slash', color: 'descriptionForeground' },
} as const;

/** The row of a finished loop. */
export function finishedRow(loop: FinishedLoop, now: number, context: TextContext, unread: boolean): TreeRow {
  const { label, description, spoken } = describeFinished(loop, now, context);
  const failed = loop.state === 'failed' ? (loop.cleared ? ' cleared' : ' permanent') : '';
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description,
    spoken: `${spoken}${unread ? ', unread' : ''}`,
    icon: FINISHED_ICONS[loop.state],
    context: `loop ${loop.state} final${failed}${unread ? ' unread' : ''}${workOf(loop)}`,
    children: loop.attempts > 0 ? 'collapsed' : 'none',
    isLive: false,
  };
}
