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
  usageLimit: 'usage limit reached',
  dailyBudget: 'out of budget',
  you: 'needs you',
};

/** What a queued loop waits for, as people say it; nothing for a free slot, which its place says already. */
export const WAITING_WORDS: { readonly [reason in WaitingFor]: string } = {
  slot: '',
  circuit: 'paused after failures',
  budget: 'waiting for budget',
  paused: 'queue paused',
  settings: 'waiting for a setting that can be read',
  window: 'waiting for its window',
  limit: 'usage limit reached',
  disk: 'waiting for disk space',
  store: 'waiting for the database',
  folder: 'its folder is missing',
  profile: 'its agent profile is missing',
  login: 'its agent is not logged in',
  billing: 'its account has to be paid',
  program: 'its agent’s program is missing',
  config: 'its agent refuses its settings',
  machine: 'waiting for this machine',
  user: 'held',
  absence: 'held after an absence',
};

/** Characters of a title that a row shows first: in a side bar of 300 pixels, time and cost still fit behind them. */
const LABEL_CHARS = 20;

/** What the reader of the texts has as his defaults: what is usual is not said. */
export interface TextContext {
  /** The agent that runs what names none. */
  readonly defaultAgent: string;
  /** Whether an agent is the demo that makes no changes and costs play money. */
  isDemo(agent: string): boolean;
}

export const NO_CONTEXT: TextContext = { defaultAgent: '', isDemo: () => false };

/** What a row shows of a loop: in print and for a screen reader. */
export interface LoopText {
  readonly label: string;
  readonly description: string;
  readonly spoken: string;
}

/** The title of a loop, cut at a word so that what stands behind it in a row can be seen. */
export function shortTitle({ title, loopId }: { readonly title: string; readonly loopId: string }): string {
  const whole = oneLine(title, 80) || loopId;
  if (whole.length <= LABEL_CHARS) return whole;
  const cut = oneLine(whole, LABEL_CHARS);
  const space = cut.lastIndexOf(' ');
  return space > LABEL_CHARS / 2 ? `${cut.slice(0, space).replace(/[\s.,;:–-]+$/, '')}…` : cut;
}

/** What `shortTitle` leaves out: in a wide side bar it can be read behind the figures. */
function restOfTitle(loop: { readonly title: string; readonly loopId: string }): string {
  const whole = oneLine(loop.title, 80) || loop.loopId;
  const short = shortTitle(loop);
  return short === whole ? '' : `…${whole.slice(short.length - 1).trimStart()}`;
}

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

/** What a live loop does now, for how long, and what it has cost: the figures first, since the end of a row is cut. */
export function describeLive(view: LiveView, now: number, context = NO_CONTEXT): LoopText {
  const { loop } = view;
  const facts = factsOf(view, now);
  const agent = agentWords(loop.agent, context);
  const whole = oneLine(loop.title, 200) || loop.loopId;
  return {
    label: shortTitle(loop),
    description: join([...facts.figures, facts.cost, agent, ...facts.words, isActive(loop) ? '' : restOfTitle(loop)]),
    spoken: say([whole, ...facts.spoken, agent, speakCost(loop.cost, loop.costEstimated)]),
  };
}

/** When a finished loop ended, what it cost, and why it failed. How it ended is said by its icon, and in words to a screen reader. */
export function describeFinished(
  loop: Extract<Loop, { finishedAt: number }>,
  now: number,
  context = NO_CONTEXT,
): LoopText {
  const when = formatClock(loop.finishedAt, now);
  const agent = agentWords(loop.agent, context);
  const why = loop.state === 'failed' ? oneLine(loop.failure.reason, 60) : '';
  const whole = oneLine(loop.title, 200) || loop.loopId;
  return {
    label: shortTitle(loop),
    description: join([when, formatCost(loop.cost, loop.costEstimated), agent, why, restOfTitle(loop)]),
    spoken: say([
      whole,
      why ? `failed: ${why}` : loop.state,
      `at ${when}`,
      agent,
      speakCost(loop.cost, loop.costEstimated),
    ]),
  };
}

/** What is said of a live loop, apart from its title and agent. */
interface Facts {
  /** Short, and first. */
  readonly figures: readonly string[];
  readonly cost: string;
  /** May be cut. */
  readonly words: readonly string[];
  /** For a screen reader, without the cost. */
  readonly spoken: readonly string[];
}

function factsOf(view: LiveView, now: number): Facts {
  const { loop } = view;
  const cost = formatCost(loop.cost, loop.costEstimated);
  if (isActive(loop)) {
    const elapsed = now - loop.attempt.startedAt;
    const doing = doingNow(view, now);
    const again = roundOf(loop) || (loop.attempt.number > 1 ? `attempt ${loop.attempt.number}` : '');
    const stopping = loop.state === 'stopping' ? 'stopping' : '';
    return {
      figures: [stopping, formatDuration(elapsed)],
      cost,
      words: [again, doing],
      spoken: [STATE_WORDS[loop.state], doing, again, `for ${speakDuration(elapsed)}`],
    };
  }
  switch (loop.state) {
    case 'queued': {
      const place = view.position === undefined ? 'queued' : `#${view.position}`;
      const waits = view.waitingFor ? WAITING_WORDS[view.waitingFor] : '';
      const priority = loop.priority === 0 ? '' : `priority ${loop.priority}`;
      const about = loop.estimateAssumed ? '≈' : '';
      const estimate = loop.estimate === 0 ? '' : `est. ${about}${formatUsd(toUsd(loop.estimate))}`;
      return {
        figures: [place, waits],
        cost,
        words: [priority, estimate],
        spoken: [
          view.position === undefined ? 'queued' : `queued, place ${view.position}`,
          waits,
          priority,
          estimate.replace(/^est\. ≈?/, 'estimated cost '),
        ],
      };
    }
    case 'backingOff': {
      const left = Math.max(0, loop.until - now);
      const why = loop.lastError ? oneLine(loop.lastError.reason, 60) : '';
      const used = count(loop.restarts.length, 'restart');
      return {
        figures: [`restarts in ${formatDuration(Math.ceil(left / 1000) * 1000)}`],
        cost,
        words: [why, used],
        spoken: [STATE_WORDS.backingOff, `in ${speakDuration(left)}`, why, `${used} so far`],
      };
    }
    case 'waiting': {
      const until = loop.for === 'you' ? '' : `resumes ${formatClock(loop.until, now)}`;
      // What the money is waiting for is said by its state; a limit or a question has more to say.
      const why = loop.for === 'dailyBudget' ? '' : oneLine(loop.why, 60);
      const state = capitalized(WAIT_WORDS[loop.for]);
      return { figures: [state, until], cost, words: [why], spoken: [WAIT_WORDS[loop.for], until, why] };
    }
  }
}

function agentWords(agent: string, { defaultAgent, isDemo }: TextContext): string {
  if (isDemo(agent)) return 'demo';
  return agent === defaultAgent || defaultAgent === '' ? '' : oneLine(agent, 24);
}

/** The round of a loop with a check, out of those it was granted (R11). */
export function roundOf({ rounds }: Loop): string {
  if (!rounds || rounds.phase === 'before') return '';
  return `round ${rounds.round}/${rounds.maxRounds}`;
}

function doingNow(view: LiveView, now: number): string {
  const { activity, loop } = view;
  if (loop.state === 'stopping') return '';
  if (loop.state === 'checking') return `checking: ${oneLine(loop.check?.command ?? '', 40)}`;
  if (activity?.asking !== undefined) return `may be asking: ${oneLine(activity.asking, 60)}`;
  // The report says how long the silence was then; it has gone on since.
  if (activity?.silentForMs !== undefined)
    return `silent for ${formatDuration(Math.max(activity.silentForMs, now - (activity.heardAt ?? now)))}`;
  if (activity?.retrying) return `waiting for its provider: ${oneLine(activity.retrying, 60)}`;
  const doing = activity?.doing ?? activity?.errorLine;
  return doing ? oneLine(doing, 60) : '';
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

function say(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
