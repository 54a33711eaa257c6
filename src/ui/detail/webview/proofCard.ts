import { formatDuration } from '../../text/format.ts';
import { CHECK_WORDS } from '../../text/proofWords.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { ProofData, RoundRow } from '../protocol.ts';
import { rowsTable } from './rowsTable.ts';
import { scoreCurve } from './scoreCurve.ts';

/** How a loop proves its work: its check, what each round's check has found, and the output of the last one (R11). */
export class ProofCard {
  readonly element = h('section', { 'aria-labelledby': 'section-proof', hidden: true });
  #shown = '';

  show(proof: ProofData | undefined): void {
    const text = JSON.stringify(proof);
    // What has not changed stays, and with it the focus and what is selected in it.
    if (text === this.#shown) return;
    this.#shown = text;
    this.element.hidden = proof === undefined;
    if (proof) this.element.replaceChildren(...content(proof));
  }
}

function content({ command, rounds, best, output }: ProofData): HTMLElement[] {
  const hasScore = rounds.some(({ score }) => score !== undefined);
  const columns = ['Round', 'Check', 'Exit code', 'Took', ...(hasScore ? ['Score'] : [])];
  const rows = rounds.map((row) => cells(row, hasScore, best));
  const curve = hasScore && scoreCurve(rounds, best);
  return [
    h('div', { class: 'section-head' }, h('h2', { id: 'section-proof' }, 'Proof')),
    h('p', {}, 'Must exit with 0: ', h('code', {}, command)),
    ...(curve ? [curve] : []),
    rowsTable('Rounds', columns, rows, 0, 'The check has not run yet.'),
    ...(rounds.length > 0
      ? [
          h('h3', {}, 'Output of the last check'),
          h('pre', { tabindex: 0, role: 'region', 'aria-label': 'Output of the last check' }, output || '(no output)'),
        ]
      : []),
  ];
}

function cells({ round, outcome, exitCode, tookMs, score }: RoundRow, hasScore: boolean, best?: number): string[] {
  const sign = outcome === 'passed' ? '✓' : '✗';
  return [
    round === 0 ? 'Before the first' : `Round ${round}`,
    `${sign} ${CHECK_WORDS[outcome]}`,
    exitCode === undefined ? '' : String(exitCode),
    formatDuration(tookMs),
    ...(hasScore ? [score === undefined ? '' : `${score}${round === best ? ' · best' : ''}`] : []),
  ];
}
