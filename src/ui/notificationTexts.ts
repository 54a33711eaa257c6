import type { SupervisorEvent } from '../core/event.ts';
import { count, formatClock, formatDuration, formatUsd } from './format.ts';
import { oneLine } from './safeText.ts';

/** What notifications are about. Each kind can be turned off by itself. */
export type NoticeKind = 'completion' | 'failure' | 'waiting' | 'silence' | 'circuit' | 'budget';

/** One thing worth telling, before notices of its kind are merged. */
export interface Notice {
  readonly kind: NoticeKind;
  /** The loop it is about. */
  readonly loopId?: string;
  readonly title: string;
  /** The sentence for this one alone. */
  readonly message: string;
}

/** A message to show: one notice, or a burst of one kind merged. */
export interface MergedNotice {
  readonly kind: NoticeKind;
  readonly message: string;
  readonly loopIds: readonly string[];
}

/** What an event tells people; undefined where it is nothing to interrupt them for. `titleOf` gives the name of a loop. */
export function noticeOf(event: SupervisorEvent, titleOf: (loopId: string) => string, now: number): Notice | undefined {
  const loop = 'loopId' in event && event.loopId !== undefined ? { loopId: event.loopId, title: quoteTitle(titleOf(event.loopId)) } : { title: '' };
  switch (event.type) {
    case 'loop:completed': {
      const cost = event.costUsd > 0 ? ` It cost ${formatUsd(event.costUsd)}.` : '';
      return { kind: 'completion', ...loop, message: `${loop.title} has completed.${cost}` };
    }
    case 'loop:failed':
      return event.permanent ? { kind: 'failure', ...loop, message: `${loop.title} has failed for good: ${oneLine(event.error, 200)}` } : undefined;
    case 'loop:waiting':
      return { kind: 'waiting', ...loop, message: `${loop.title} waits until ${formatClock(event.until, now)}: ${oneLine(event.reason, 160)}` };
    case 'loop:silent':
      if (event.forMs === undefined) return undefined;
      return {
        kind: 'silence',
        ...loop,
        message: `${loop.title} ${event.kind === 'first-output' ? 'has said nothing since its start' : 'has been silent for'} ${formatDuration(event.forMs)}${event.kind === 'first-output' ? ' ago' : ''}.`,
      };
    case 'circuit:trip':
      return {
        kind: 'circuit',
        title: '',
        message: `The circuit is open: no loop starts for ${formatDuration(event.cooldownMs)}. ${oneLine(event.reason, 200)}`,
      };
    case 'budget:warning':
      return { kind: 'budget', title: '', message: `${formatUsd(event.spentUsd)} of today’s ${formatUsd(event.limitUsd)} are spent.` };
    case 'budget:exceeded':
      // A rejected submit has told its caller; what running loops did is news.
      if (event.loopId !== undefined) return undefined;
      return {
        kind: 'budget',
        title: '',
        message: `Today’s budget is used up: ${formatUsd(event.spentUsd)} of ${formatUsd(event.limitUsd)}. No loop starts before midnight.`,
      };
    default:
      return undefined;
  }
}

/** Several notices of one kind in one message. For circuit and budget the last one holds. */
export function mergeNotices(notices: readonly Notice[]): MergedNotice | undefined {
  const last = notices.at(-1);
  if (!last) return undefined;
  const byLoop = new Map(notices.map((notice) => [notice.loopId ?? '', notice]));
  const loopIds = [...byLoop.keys()].filter((id) => id !== '');
  if (byLoop.size === 1 || loopIds.length === 0) return { kind: last.kind, message: last.message, loopIds };
  const names = [...byLoop.values()].slice(0, 3).map(({ title }) => title);
  const rest = byLoop.size - names.length;
  const list = rest > 0 ? `${names.join(', ')} and ${rest} more` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return { kind: last.kind, message: `${count(byLoop.size, 'loop')} ${MERGED[last.kind]}: ${list}.`, loopIds };
}

const MERGED: { readonly [kind in NoticeKind]: string } = {
  completion: 'have completed',
  failure: 'have failed for good',
  waiting: 'wait for a usage limit',
  silence: 'have been silent for long',
  circuit: '',
  budget: '',
};

function quoteTitle(title: string): string {
  return `“${oneLine(title, 60)}”`;
}
