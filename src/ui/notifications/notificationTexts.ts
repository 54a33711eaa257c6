import type { SupervisorEvent } from '../../core/model/event.ts';
import { count, formatClock, formatDuration, formatUsd } from '../text/format.ts';
import { heldName } from '../text/holdWords.ts';
import { oneLine, withoutLinks } from '../text/safeText.ts';

/** Kinds of notices. */
export type NoticeKind =
  | 'question'
  | 'completion'
  | 'failure'
  | 'waiting'
  | 'silence'
  | 'circuit'
  | 'budget'
  | 'hold'
  | 'stale'
  | 'workTrees';

/** A message about one event, or a burst of one kind. */
export interface Notice {
  readonly message: string;
  /** The loops concerned. */
  readonly loopIds: readonly string[];
}

/** The result of a loop. */
export interface Result {
  /** What its check has shown. */
  readonly proof?: string;
  /** What its agent said last, in one line. */
  readonly words?: string;
}

/** Titles named in a message about a burst. */
const NAMED = 3;

/** The kind of notice for an event; undefined if it is not worth an interruption. */
export function noticeKind(event: SupervisorEvent): NoticeKind | undefined {
  switch (event.type) {
    case 'loop:completed':
      return 'completion';
    case 'loop:failed':
      return event.permanent ? 'failure' : undefined;
    case 'loop:waiting':
      return 'waiting';
    case 'loop:asking':
      return 'question';
    case 'loop:silent':
      return event.forMs === undefined ? undefined : 'silence';
    case 'circuit:trip':
      return 'circuit';
    case 'hold:change':
      // The loop that met a limit reports it. Users know what they did themselves.
      if (event.reason === 'user' || event.reason === 'absence') return undefined;
      return event.state === 'asks' || (event.state === 'held' && event.reason !== 'usageLimit') ? 'hold' : undefined;
    case 'work:stale':
      return 'stale';
    case 'workTrees:full':
      return 'workTrees';
    case 'budget:warning':
      return 'budget';
    case 'budget:exceeded':
      // A rejected submit is reported to its caller; what running loops did is news.
      return event.loopId === undefined ? 'budget' : undefined;
    default:
      return undefined;
  }
}

/**
 * Joins events of one kind into one message. Of several about the same loop, circuit or budget, the last one counts.
 * `titleOf` names a loop; `resultOf` returns its result. Nothing in the message becomes a link.
 */
export function noticeOf(...args: Parameters<typeof messageOf>): Notice | undefined {
  const notice = messageOf(...args);
  return notice && { ...notice, message: withoutLinks(notice.message) };
}

function messageOf(
  kind: NoticeKind,
  events: readonly SupervisorEvent[],
  titleOf: (loopId: string) => string,
  now: number,
  resultOf: (loopId: string) => Result | undefined = () => undefined,
): Notice | undefined {
  const last = events.at(-1);
  if (!last) return undefined;
  if (last.type === 'work:stale') return { message: sentence(last, '', now), loopIds: last.loopIds };
  const ids = [
    ...new Set(events.flatMap((event) => ('loopId' in event && event.loopId !== undefined ? [event.loopId] : []))),
  ];
  const [id] = ids;
  if (id === undefined) return { message: sentence(last, '', now), loopIds: [] };
  const title = (loopId: string) => `“${oneLine(titleOf(loopId), 60)}”`;
  if (ids.length === 1) return { message: sentence(last, title(id), now, resultOf(id)), loopIds: ids };
  const names = ids.slice(0, NAMED).map(title);
  const rest = ids.length - names.length;
  const list =
    rest > 0 ? `${names.join(', ')} and ${rest} more` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return { message: `${count(ids.length, 'loop')} ${severalWords(kind, events)}: ${list}.`, loopIds: ids };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}

/** What several loops do. Those that wait do so for their user, or until a time. */
function severalWords(kind: NoticeKind, events: readonly SupervisorEvent[]): string {
  if (kind !== 'waiting') return SEVERAL[kind];
  const reasons = new Set(events.map((event) => (event.type === 'loop:waiting' ? event.for : undefined)));
  if (reasons.size > 1) return SEVERAL.waiting;
  return reasons.has('you') ? 'need you' : reasons.has('usageLimit') ? 'wait for a usage limit' : SEVERAL.waiting;
}

const SEVERAL: { readonly [kind in NoticeKind]: string } = {
  question: 'ask for permission',
  completion: 'completed',
  failure: 'failed and have no restarts left',
  waiting: 'are waiting',
  silence: 'have been silent for too long',
  circuit: 'paused new starts',
  budget: 'used up the budget',
  hold: 'are held',
  stale: 'were unattended',
  workTrees: 'take up too much space',
};

function sentence(event: SupervisorEvent, title: string, now: number, { proof, words }: Result = {}): string {
  switch (event.type) {
    case 'loop:completed':
      return (
        `${title} completed${event.costUsd > 0 ? ` for ${formatUsd(event.costUsd)}` : ''}` +
        `${proof ? `: ${proof}` : ''}.${words ? ` It said: ${words}` : ''}`
      );
    case 'loop:failed':
      return `${title} failed (no restarts left): ${oneLine(event.error, 200)}`;
    case 'loop:waiting':
      return event.until === undefined
        ? `${title} needs you: ${oneLine(event.reason, 160)}`
        : `${title} waits until ${formatClock(event.until, now)}: ${oneLine(event.reason, 160)}`;
    case 'loop:asking':
      return `${title} asks: ${oneLine(event.asks, 240)}`;
    case 'loop:silent':
      if (event.kind === 'retrying')
        return (
          `${title} has only been retrying since ${formatClock(event.since ?? now, now)}: ` +
          `${oneLine(event.why ?? '', 160)}`
        );
      return event.kind === 'first-output'
        ? `${title} has been silent since it started ${formatDuration(event.forMs ?? 0)} ago.`
        : `${title} has been silent for ${formatDuration(event.forMs ?? 0)}.`;
    case 'circuit:trip':
      return (
        `New loops are paused after failures, until ${formatClock(event.at + event.cooldownMs, now)}. ` +
        `${oneLine(event.reason, 200)}`
      );
    case 'hold:change': {
      const what = event.of.kind === 'machine' ? 'This machine' : heldName(event.of);
      if (event.state === 'asks') return `${what} can continue: its usage limit should be over by now.`;
      return `${what} is held, and its loops wait: ${oneLine(event.why, 200)}`;
    }
    case 'workTrees:full':
      return `The work trees of loops take up ${gigabytes(event.bytes)}; the limit is ${gigabytes(event.limitBytes)}.`;
    case 'work:stale': {
      const { count: n, since, awayMs } = event;
      const [was, start] = n === 1 ? ['was', 'starts'] : ['were', 'start'];
      const from = `${count(n, 'loop')} from ${formatClock(since, now)}`;
      return `${from} ${was} unattended for ${formatDuration(awayMs)} and ${start} only when you say so.`;
    }
    case 'budget:warning':
      return `Spent today: ${formatUsd(event.spentUsd)} of ${formatUsd(event.limitUsd)}.`;
    case 'budget:exceeded':
      return (
        `Out of budget: spent ${formatUsd(event.spentUsd)} of ${formatUsd(event.limitUsd)} today. ` +
        'Loops start again at midnight.'
      );
    default:
      return event.type;
  }
}
