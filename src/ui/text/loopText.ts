import { capLeftOf, isActive, type Loop } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import { openQuestions } from '../../core/model/question.ts';
import type { LiveView } from '../../core/model/status.ts';
import { requestLine } from '../../core/policy/requests.ts';
import { changesText, outcomeText, speakChanges } from '../review/changesText.ts';
import {
  count,
  formatClock,
  formatCost,
  formatDuration,
  formatUsage,
  formatUsd,
  speakCost,
  speakDuration,
} from './format.ts';
import { oneLine } from './safeText.ts';
import { NEED_WORDS, QUEUED_FOR_WORDS, STATE_WORDS, WAITING_FOR_WORDS } from './stateText.ts';
import { fittingLength } from './textWidth.ts';

/** Characters of a title at the start of a row: in a side bar of 300 pixels, time and cost still fit after it. */
const LABEL_CHARS = 20;
/** The same as a width, in ordinary small letters: titles of wide letters are cut earlier. */
const LABEL_WIDTH = 19.5;
/** The width of the mark of a cut. */
const MARK_WIDTH = 1.7;

/** The user's defaults, which texts need not mention. */
export interface TextContext {
  /** The agent of loops that name none. */
  readonly defaultAgent: string;
  /** Whether an agent is the demo that makes no changes and costs play money. */
  isDemo(agent: string): boolean;
}

export const NO_CONTEXT: TextContext = { defaultAgent: '', isDemo: () => false };

/** The texts of a loop's row, visible and for screen readers. */
export interface LoopText {
  readonly label: string;
  readonly description: string;
  readonly spoken: string;
}

/** The title of a loop, cut at a word so that the figures after it stay visible. */
export function shortTitle({ title, loopId }: { readonly title: string; readonly loopId: string }): string {
  const whole = oneLine(title, 80) || loopId;
  if (whole.length <= Math.min(LABEL_CHARS, fittingLength(whole, LABEL_WIDTH))) return whole;
  const most = Math.min(LABEL_CHARS, fittingLength(whole, LABEL_WIDTH - MARK_WIDTH) + 1);
  const cut = oneLine(whole, most);
  const space = cut.lastIndexOf(' ');
  return space > most / 2 ? `${cut.slice(0, space).replace(/[\s.,;:–-]+$/, '')}…` : cut;
}

/** The part that `shortTitle` cuts off: shown after the figures, for wide side bars. */
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

/** What the agent of a loop that runs asks its user; undefined while it asks nothing (R17.1). */
export function askedBy(loop: Loop): string | undefined {
  const [question, ...more] = isActive(loop) && loop.state !== 'stopping' ? openQuestions(loop) : [];
  if (!question) return undefined;
  return `asks: ${oneLine(requestLine(question.request), 80)}${more.length > 0 ? ` and ${more.length} more` : ''}`;
}

/** What a live loop is doing, for how long, and its cost: figures first, since the end of a row is cut off. */
export function describeLive(view: LiveView, now: number, context = NO_CONTEXT): LoopText {
  const { loop } = view;
  const facts = rowFacts(view, now);
  const agent = agentWords(loop.agent, context);
  const whole = oneLine(loop.title, 200) || loop.loopId;
  return {
    label: shortTitle(loop),
    description: join([
      ...facts.figures,
      facts.cost,
      changesText(loop.changes),
      agent,
      ...facts.words,
      isActive(loop) ? '' : restOfTitle(loop),
    ]),
    spoken: say([whole, ...facts.spoken, speakChanges(loop.changes), agent, speakCost(loop)]),
  };
}

/** When a finished loop ended, its cost, and why it failed. Its outcome is shown by the icon, and spoken in words. */
export function describeFinished(
  loop: Extract<Loop, { finishedAt: number }>,
  now: number,
  context = NO_CONTEXT,
): LoopText {
  const when = formatClock(loop.finishedAt, now);
  const agent = agentWords(loop.agent, context);
  // Named as what it is: other rows have the rest of their title in its place.
  const why = loop.state === 'failed' ? `failed: ${oneLine(loop.failure.reason, 60)}` : '';
  const whole = oneLine(loop.title, 200) || loop.loopId;
  return {
    label: shortTitle(loop),
    description: join([
      ...[when, formatCost(loop), changesText(loop.changes), outcomeText(loop), agent, why, restOfTitle(loop)],
    ]),
    spoken: say([
      whole,
      why || loop.state,
      `at ${when}`,
      speakChanges(loop.changes),
      outcomeText(loop),
      agent,
      speakCost(loop),
    ]),
  };
}

/** Texts of a live loop besides title and agent. */
interface RowFacts {
  /** Short, and first. */
  readonly figures: readonly string[];
  readonly cost: string;
  /** May be cut. */
  readonly words: readonly string[];
  /** For a screen reader, without the cost. */
  readonly spoken: readonly string[];
}

function rowFacts(view: LiveView, now: number): RowFacts {
  const { loop } = view;
  const cost = formatCost(loop);
  if (isActive(loop)) {
    const elapsed = now - loop.attempt.startedAt;
    const doing = doingNow(view, now);
    const again = roundOf(loop) || (loop.attempt.number > 1 ? `attempt ${loop.attempt.number}` : '');
    const stopping = loop.state === 'stopping' ? 'stopping' : '';
    const time = formatDuration(elapsed);
    // What is asked matters more than for how long it has run.
    const asks = openQuestions(loop).length > 0 && !stopping;
    return {
      figures: [stopping, asks ? doing : time],
      cost,
      words: [again, asks ? time : doing],
      spoken: [STATE_WORDS[loop.state], doing, again, `for ${speakDuration(elapsed)}`],
    };
  }
  switch (loop.state) {
    case 'queued': {
      const place = view.position === undefined ? 'queued' : `#${view.position}`;
      const waits = view.waitingFor ? QUEUED_FOR_WORDS[view.waitingFor] : '';
      const priority = loop.priority === 0 ? '' : `priority ${loop.priority}`;
      const estimate = loop.estimate === 0 ? '' : `est. ${formatUsd(toUsd(loop.estimate))}`;
      return {
        figures: [place, waits],
        cost,
        words: [priority, estimate],
        spoken: [
          view.position === undefined ? 'queued' : `queued, place ${view.position}`,
          waits,
          priority,
          estimate.replace(/^est\. /, 'estimated cost '),
        ],
      };
    }
    case 'preparing': {
      const elapsed = now - loop.since;
      const words = 'setting up its work tree';
      return { figures: [formatDuration(elapsed)], cost, words: [words], spoken: [words] };
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
      const why = oneLine(loop.why, 60);
      if (loop.for === 'you') {
        // Its group says that it needs you.
        const need = loop.need === 'allowance' && capLeftOf(loop) === 0 ? NEED_WORDS.maxCost : NEED_WORDS[loop.need];
        return { figures: [need], cost, words: [why], spoken: [WAITING_FOR_WORDS.you, need, why] };
      }
      const until = `resumes ${formatClock(loop.until, now)}`;
      // The state already says that money is missing; a limit says more.
      const more = loop.for === 'dailyBudget' ? '' : why;
      const state = capitalized(WAITING_FOR_WORDS[loop.for]);
      return { figures: [state, until], cost, words: [more], spoken: [WAITING_FOR_WORDS[loop.for], until, more] };
    }
  }
}

function agentWords(agent: string, { defaultAgent, isDemo }: TextContext): string {
  if (isDemo(agent)) return 'demo';
  return agent === defaultAgent || defaultAgent === '' ? '' : oneLine(agent, 24);
}

/** The current round of a loop with a check, of those granted (R11). */
export function roundOf({ rounds }: Loop): string {
  if (!rounds || rounds.phase === 'before') return '';
  return `round ${rounds.round}/${rounds.maxRounds}`;
}

function doingNow(view: LiveView, now: number): string {
  const { activity, loop } = view;
  if (loop.state === 'stopping') return '';
  if (isActive(loop) && loop.attempt.isSetup) return 'setting up its work tree';
  const asked = askedBy(loop);
  if (asked !== undefined) return asked;
  if (loop.state === 'checking') return `checking: ${oneLine(loop.check?.command ?? '', 40)}`;
  if (activity?.unseen !== undefined) return `cannot see its processes: ${oneLine(activity.unseen, 60)}`;
  if (activity?.nearMemory) {
    const [held, limit] = [activity.nearMemory.held, activity.nearMemory.limit];
    return `near its limit of memory: ${formatUsage({ memoryBytes: held })} of ${formatUsage({ memoryBytes: limit })}`;
  }
  if (activity?.asking !== undefined) return `may be asking: ${oneLine(activity.asking, 60)}`;
  // The report holds the silence at that time; it has lasted since.
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
