import type { SupervisorEvent } from '../../core/model/event.ts';
import type { Loop } from '../../core/model/loop.ts';
import { openQuestions } from '../../core/model/question.ts';
import { isPlain } from '../questions/visibleText.ts';
import type { NoticeKind } from './notificationTexts.ts';

/** A button of a message, and the command that it runs on the loops of the message. */
export interface Button {
  readonly title: string;
  readonly command: string;
  /** Whether the command takes loops. */
  readonly onLoops?: boolean;
  /** What else it takes: before the loops, or after them. */
  readonly arg?: string;
  readonly given?: object;
}

export const SHOW_LOOPS: Button = { title: 'Show Loops', command: 'loopSupervisor.loops.focus' };
export const SHOW_FAILED: Button = { title: 'Show Failed Loops', command: 'loopSupervisor.showFailed' };
const SHOW_OUTPUT: Button = { title: 'Show Output', command: 'loopSupervisor.showOutput', onLoops: true };
const SHOW_LOOP: Button = { title: 'Show Loop', command: 'loopSupervisor.revealLoop', onLoops: true };

/** For a loop that the user can let continue. */
export const CONTINUE: Button = { title: 'Continue', command: 'loopSupervisor.continueRounds', onLoops: true };
const ANSWER: Button = { title: 'Answer…', command: 'loopSupervisor.answer', onLoops: true };

const STALE_BUTTONS: readonly Button[] = [
  { title: 'Start', command: 'loopSupervisor.tryAccount', arg: 'absence' },
  SHOW_LOOPS,
  { title: 'Cancel Loops', command: 'loopSupervisor.cancel', onLoops: true },
];

const CLEAN_UP: Button = { title: 'Clean Up Work Trees', command: 'loopSupervisor.cleanUpWorkTrees' };

/** How a kind is shown: severity, and buttons for one loop and for several. `optional`: a setting can turn it off. */
export const NOTICE_STYLES: {
  readonly [kind in NoticeKind]: {
    readonly show: 'info' | 'warn' | 'error';
    readonly one: readonly Button[];
    readonly many: readonly Button[];
    readonly optional: boolean;
  };
} = {
  question: { show: 'warn', one: [ANSWER], many: [ANSWER, SHOW_LOOPS], optional: false },
  completion: { show: 'info', one: [SHOW_OUTPUT, SHOW_LOOP], many: [SHOW_LOOPS], optional: true },
  failure: {
    show: 'warn',
    one: [{ title: 'Retry', command: 'loopSupervisor.retry', onLoops: true }, SHOW_OUTPUT],
    many: [SHOW_FAILED],
    optional: true,
  },
  waiting: { show: 'info', one: [SHOW_LOOP], many: [SHOW_LOOPS], optional: true },
  silence: {
    show: 'warn',
    one: [
      { title: 'Keep Waiting', command: 'loopSupervisor.keepWaiting', onLoops: true },
      SHOW_OUTPUT,
      { title: 'Restart', command: 'loopSupervisor.restart', onLoops: true },
    ],
    many: [{ title: 'Keep Waiting', command: 'loopSupervisor.keepWaiting', onLoops: true }, SHOW_LOOPS],
    optional: false,
  },
  circuit: {
    show: 'warn',
    one: [],
    many: [
      { title: 'Reset Circuit', command: 'loopSupervisor.resetCircuit' },
      { title: 'Show Circuit', command: 'loopSupervisor.showCircuit' },
    ],
    optional: false,
  },
  hold: {
    show: 'warn',
    one: [],
    many: [
      { title: 'Check Agents', command: 'loopSupervisor.checkAgents' },
      { title: 'Try Now…', command: 'loopSupervisor.showCircuit' },
    ],
    optional: false,
  },
  stale: { show: 'info', one: [], many: STALE_BUTTONS, optional: false },
  workTrees: { show: 'warn', one: [], many: [CLEAN_UP], optional: false },
  budget: {
    show: 'warn',
    one: [],
    many: [
      { title: 'Raise Limit', command: 'loopSupervisor.setDailyBudget' },
      { title: 'Show Budget', command: 'loopSupervisor.showBudget' },
    ],
    optional: false,
  },
};

/**
 * Buttons that answer the only question of a notice at once, if the notice shows all of it; none if there is more to
 * read than fits.
 */
export function answersFor(news: readonly SupervisorEvent[], loop: Loop | undefined): readonly Button[] {
  const [event, another] = news;
  if (event?.type !== 'loop:asking' || another || !loop) return [];
  const question = openQuestions(loop).find(({ id }) => id === event.question);
  const { kind, command, paths = [], targets, diff } = question?.request ?? {};
  const isNamed = kind === 'read' && targets === undefined && diff === undefined;
  const text = kind === 'command' ? command : isNamed ? paths.join(', ') : undefined;
  if (!question || text === undefined || !isPlain(text)) return [];
  const button = (title: string, choice: string): Button => {
    return { title, command: 'loopSupervisor.answer', onLoops: true, given: { question: question.id, choice } };
  };
  const allow = question.choices.some((choice) => choice.kind === 'allowOnce') ? [button('Allow Once', 'allow')] : [];
  return [...allow, button('Deny', 'deny')];
}
