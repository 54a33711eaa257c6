import { CIRCUIT_WORDS } from '../../text/circuitWords.ts';
import { count, formatClock, formatDuration, formatUsd } from '../../text/format.ts';
import { oneLine } from '../../text/safeText.ts';
import { windowWords } from '../../text/windowWords.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { DashboardCommand, LiveFigures } from '../protocol.ts';
import type { Summary } from '../statistics.ts';

/** One figure, its explanation, and what can be done about it. */
interface Card {
  readonly element: HTMLElement;
  show(value: string, note: string, tone?: 'bad' | 'warn' | ''): void;
}

/** The figures at the top. */
export class Counters {
  readonly element: HTMLElement;
  readonly #running = card('Running');
  readonly #queued: Card;
  readonly #circuit: Card;
  readonly #budget: Card;
  readonly #success: Card;
  readonly #duration = card('Duration');
  readonly #pause: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #failed: HTMLButtonElement;
  #figures: LiveFigures | undefined;
  #estimated = false;
  /** The extension's clock when the figures were read: countdowns start from there. */
  #at = 0;

  constructor(command: (command: DashboardCommand) => void) {
    this.#pause = h(
      'button',
      { class: 'link', onclick: () => command(this.#figures?.paused ? 'resumeQueue' : 'pauseQueue') },
      'Pause',
    );
    this.#reset = h('button', { class: 'link', hidden: true, onclick: () => command('resetCircuit') }, 'Reset');
    this.#queued = card('Queued', this.#pause);
    this.#circuit = card('State', this.#reset);
    this.#failed = h('button', { class: 'link', hidden: true, onclick: () => command('showFailed') }, 'Show failed');
    this.#success = card('Success', this.#failed);
    this.#budget = card(
      'Spent today',
      h('button', { class: 'link', 'aria-label': 'Set daily budget', onclick: () => command('setDailyBudget') }, 'Set'),
    );
    const cards = [this.#running, this.#queued, this.#circuit, this.#budget, this.#success, this.#duration];
    this.element = h('dl', { class: 'counters', 'aria-label': 'Now' }, ...cards.map(({ element }) => element));
  }

  show(figures: LiveFigures, at: number): void {
    this.#figures = figures;
    this.#at = at;
    this.tick();
  }

  /** Whether some of what was spent today is an estimate. */
  markEstimate(estimated: boolean): void {
    this.#estimated = estimated;
    this.tick();
  }

  summarize(summary: Summary): void {
    const { completed, failed, cancelled, successRate, medianMs, p90Ms, restarts } = summary;
    const parts = [
      `${completed} completed`,
      `${failed} failed`,
      cancelled > 0 ? `${cancelled} cancelled` : '',
      restarts > 0 ? count(restarts, 'restart') : '',
    ];
    this.#success.show(
      successRate === undefined ? '–' : `${Math.round(successRate * 100)} %`,
      parts.filter(Boolean).join(', '),
    );
    this.#duration.show(
      medianMs === undefined ? '–' : formatDuration(medianMs),
      p90Ms === undefined ? 'median of completed loops' : `median; 90 % within ${formatDuration(p90Ms)}`,
    );
  }

  /** Updates the countdowns. */
  tick(): void {
    const figures = this.#figures;
    if (!figures) return;
    const { running, slots, queued, queueMax, backingOff, waiting, needing, failed, paused, circuit, budget } = figures;
    const passed = Math.max(0, Date.now() - this.#at);
    this.#running.show(`${running} of ${slots}`, 'slots in use');
    this.#failed.hidden = failed === 0;
    this.#failed.textContent = `Show ${failed} failed`;
    const waits = [
      needing > 0 ? `${needing} ${needing === 1 ? 'needs' : 'need'} you` : '',
      backingOff > 0 ? `${backingOff} to restart` : '',
      waiting > 0 ? `${waiting} for a limit` : '',
    ]
      .filter(Boolean)
      .join(', ');
    this.#queued.show(
      `${queued} of ${queueMax}`,
      paused ? 'paused' : waits || (queued > 0 ? 'waiting for a slot' : 'nothing waits'),
      paused ? 'warn' : '',
    );
    this.#pause.textContent = paused ? 'Resume' : 'Pause';
    const left = Math.max(0, circuit.cooldownRemainingMs - passed);
    const words = CIRCUIT_WORDS[circuit.state];
    const state = circuit.state === 'open' ? `${words} · ${formatDuration(Math.ceil(left / 1000) * 1000)}` : words;
    const reason = circuit.reasons[0];
    this.#circuit.show(
      state,
      reason && circuit.state !== 'closed' ? oneLine(reason, 90) : failuresIn(circuit.consecutiveFailures),
      circuit.state === 'open' ? 'bad' : circuit.state === 'half-open' ? 'warn' : '',
    );
    this.#reset.hidden = circuit.state === 'closed';
    const used = budget.spent + budget.unknown;
    const spent = `${this.#estimated || budget.unknown > 0 ? '≈' : ''}${formatUsd(used)}`;
    const share = budget.limit > 0 ? used / budget.limit : 0;
    const parts = [
      budget.unknown > 0 ? `${formatUsd(budget.unknown)} of it a guess` : '',
      budget.granted > 0 ? `${formatUsd(budget.granted)} granted` : '',
      budget.reserved > 0 ? `${formatUsd(budget.reserved)} reserved` : '',
    ];
    const held = parts.map((part) => part && `${part}, `).join('');
    // On a subscription its windows are the budget.
    const windows = figures.windows
      .map(({ account, window }) => `; ${oneLine(account, 40)}: ${windowWords(window, Date.now())}`)
      .join('');
    this.#budget.show(
      `${spent}${budget.limit > 0 ? ` of ${formatUsd(budget.limit)}` : ''}`,
      budget.limit > 0
        ? `${held}${Math.round(share * 100)} %, resets ${formatClock(budget.resetsAt, Date.now())}${windows}`
        : `${held}no limit${windows}`,
      share >= 1 ? 'bad' : share >= 0.9 ? 'warn' : '',
    );
  }
}

function failuresIn(n: number): string {
  if (n === 1) return 'the last attempt failed';
  return n === 0 ? 'no failures in a row' : `${n} failures in a row`;
}

function card(name: string, action?: HTMLElement): Card {
  const value = h('dd', { class: 'value' }, '–');
  const note = h('dd', { class: 'note dim' });
  const element = h('div', { class: 'card counter' }, h('dt', {}, name, action ? ' ' : undefined, action), value, note);
  return {
    element,
    show(text, detail, tone = '') {
      if (value.textContent !== text) value.textContent = text;
      if (note.textContent !== detail) note.textContent = detail;
      element.dataset.tone = tone;
    },
  };
}
