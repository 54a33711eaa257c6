import { isActive, type Loop, type LoopState, type Waiting } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import type { LiveView, WaitingFor } from '../../core/model/status.ts';
import { count, formatClock, formatCost, formatDuration, formatUsd, speakCost, speakDuration } from './format.ts';
import { oneLine } from './safeText.ts';

/** A state as people say it. */
export const STATE_WORDS: { readonly [state in LoopState]: string } = {
  queued: 'queued',
  running: 'running',
  stopping: 'stopping',
  checking: 'checking',
  backingOff: 'waiting to restart',
  waiting: 'waiting',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** What a waiting loop waits for, as people say it. */
const WAIT_WORDS: { readonly [reason in Waiting['for']]: string } = {
  usageLimit: 'waiting for a usage limit',
  dailyBudget: 'waiting for a new day’s budget',
  you: 'needs you',
};

/** What a queued loop waits for, as people say it; nothing for a free slot, which its place says already. */
export const WAITING_WORDS: { readonly [reason in WaitingFor]: string } = {
  slot: '',
  circuit: 'waits for the circuit',
  budget: 'waits for the budget',
  tomorrow: 'waits for tomorrow’s budget',
  higherLimit: 'needs a higher daily limit',
  paused: 'queue paused',
  settings: 'waits for a setting that can be read',
  window: 'waits for its window',
  limit: 'waits for its agent’s limit',
  disk: 'waits for disk space',
  store: 'waits for the store',
};

/** Why a loop is in its state, where that needs saying. */
export function reasonOf(loop: Loop): string | undefined {
  switch (loop.state) {
    case 'waiting':
      return loop.why;
    case 'failed':
      return loop.failure.reason;
    case 'backingOff':
      return loop.lastError?.reason;
    default:
      return undefined;
  }
}

/** What a loop shows besides its name: in print and for a screen reader. */
export interface LoopWords {
  readonly description: string;
  readonly spoken: string;
}

/** What a live loop does now, for how long, and what it cost. */
export function describeLive(view: LiveView, now: number): LoopWords {
  const { loop } = view;
  const cost = formatCost(loop.cost, loop.costEstimated);
  const costSpoken = speakCost(loop.cost, loop.costEstimated);
  if (isActive(loop)) {
    const elapsed = now - loop.attempt.startedAt;
    const doing = doingNow(view, now);
    const again = loop.attempt.number > 1 ? `attempt ${loop.attempt.number}` : '';
    return {
      description: join([doing, again, formatDuration(elapsed), cost]),
      spoken: say([
        STATE_WORDS[loop.state],
        loop.state === 'stopping' ? '' : doing,
        again,
        `for ${speakDuration(elapsed)}`,
        costSpoken,
      ]),
    };
  }
  switch (loop.state) {
    case 'queued': {
      const place = view.position === undefined ? 'queued' : `#${view.position}`;
      const waits = view.waitingFor ? WAITING_WORDS[view.waitingFor] : '';
      const priority = loop.priority === 0 ? '' : `priority ${loop.priority}`;
      const estimate =
        loop.estimate === 0 ? '' : `est. ${loop.estimateAssumed ? '≈' : ''}${formatUsd(toUsd(loop.estimate))}`;
      return {
        description: join([place, waits, priority, estimate, cost]),
        spoken: say([
          view.position === undefined ? 'queued' : `queued, place ${view.position}`,
          waits,
          priority,
          estimate.replace('est. ≈', 'estimated cost ').replace('est. ', 'estimated cost '),
          costSpoken,
        ]),
      };
    }
    case 'backingOff': {
      const left = Math.max(0, loop.until - now);
      const why = loop.lastError ? oneLine(loop.lastError.reason, 60) : '';
      const used = count(loop.restarts.length, 'restart');
      return {
        description: join([`restarts in ${formatDuration(Math.ceil(left / 1000) * 1000)}`, why, used, cost]),
        spoken: say([STATE_WORDS.backingOff, `in ${speakDuration(left)}`, why, `${used} so far`, costSpoken]),
      };
    }
    case 'waiting': {
      const until = loop.for === 'you' ? '' : `until ${formatClock(loop.until, now)}`;
      const why = oneLine(loop.why, 60);
      return { description: join([until, why, cost]), spoken: say([WAIT_WORDS[loop.for], until, why, costSpoken]) };
    }
  }
}

/** How a finished loop ended, when, and what it cost. */
export function describeFinished(loop: Extract<Loop, { finishedAt: number }>, now: number): LoopWords {
  const cost = formatCost(loop.cost, loop.costEstimated);
  const when = formatClock(loop.finishedAt, now);
  const why = loop.state === 'failed' ? `failed: ${oneLine(loop.failure.reason, 60)}` : loop.state;
  return {
    description: join([why, when, cost]),
    spoken: say([why, `at ${when}`, speakCost(loop.cost, loop.costEstimated)]),
  };
}

function doingNow(view: LiveView, now: number): string {
  const { activity, loop } = view;
  if (loop.state === 'stopping') return 'stopping';
  // It was told how long the silence was then; it goes on since.
  if (activity?.asking !== undefined) return `may be asking: ${oneLine(activity.asking, 60)}`;
  if (activity?.silentForMs !== undefined)
    return `silent for ${formatDuration(Math.max(activity.silentForMs, now - (activity.heardAt ?? now)))}`;
  if (activity?.retrying) return `waits for its provider: ${oneLine(activity.retrying, 60)}`;
  const doing = activity?.doing ?? activity?.errorLine;
  return doing ? oneLine(doing, 60) : '';
}

export function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

function say(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
