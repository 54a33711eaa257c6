import type { Containment } from '../../../core/model/containment.ts';
import { containedBy, meaningOf } from '../../text/containmentWords.ts';
import { formatClock, formatDuration, formatUsd } from '../../text/format.ts';
import { runLabel } from '../../text/proofWords.ts';
import { outcomeTone, outcomeWord } from '../../webviewHost/outcomeWords.ts';
import { sizeWord } from '../../webviewHost/sizeWord.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { AttemptRow, FileRow, ProcessRow } from '../protocol.ts';

interface CardActions {
  openLog(file: 'out' | 'err'): void;
  copySession(): void;
  endSpared(pid: number): void;
  review(): void;
  /** Absent where the files of its round cannot be brought back. */
  useRound?(): void;
}

/** One attempt: how it ended and why, what was left of it, its files. `machine`: where it ran, if not here. */
export function attemptCard(
  attempt: AttemptRow,
  files: FileRow | undefined,
  machine: string | undefined,
  actions: CardActions,
): HTMLElement {
  const label = runLabel(attempt);
  const { startedAt, endedAt, outcome, reason } = attempt;
  const now = Date.now();
  const place = files?.isNotHere ? machine : undefined;
  const tone = outcome === undefined ? 'running' : outcomeTone(outcome);
  const sign = { good: '✓', bad: '✗', neutral: '■', running: '▸' }[tone];
  const facts = [
    `started ${formatClock(startedAt, now)}`,
    endedAt === undefined ? '' : `took ${formatDuration(endedAt - startedAt)}`,
    costWords(attempt),
    attempt.allowanceUsd === undefined ? '' : `may spend ${formatUsd(attempt.allowanceUsd)}`,
    attempt.pid === undefined ? '' : `pid ${attempt.pid}`,
    attempt.exitCode === undefined ? '' : `exit code ${attempt.exitCode}`,
    attempt.signal ?? '',
    attempt.resumed ? 'resumed its session' : '',
    attempt.account === undefined ? '' : `paid by ${attempt.account}`,
  ];
  return h(
    'article',
    { class: `attempt ${tone}`, 'aria-label': label },
    h(
      'h3',
      {},
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      `${label} · ${outcome === undefined ? 'running' : outcomeWord(outcome)}`,
    ),
    h(
      'p',
      { class: 'dim' },
      facts.filter(Boolean).join(' · '),
      attempt.sessionId === undefined ? undefined : ` · session ${attempt.sessionId} `,
      attempt.sessionId !== undefined &&
        h(
          'button',
          {
            class: 'link',
            onclick: () => actions.copySession(),
            'aria-label': `Copy the session id of attempt ${attempt.number}`,
          },
          'Copy',
        ),
    ),
    attempt.containment !== undefined && containmentLine(attempt.containment),
    reason !== undefined && reason !== '' && h('p', { class: 'reason' }, reason),
    processes('Cleaned up after its end', attempt.swept),
    processes('Spared on purpose, still running', attempt.kept, ({ pid, alive }) =>
      alive
        ? h(
            'button',
            { class: 'link', onclick: () => actions.endSpared(pid), 'aria-label': `End process ${pid}` },
            'End',
          )
        : h('span', { class: 'dim' }, 'has ended'),
    ),
    processes('Could not be ended', attempt.remaining),
    h(
      'p',
      { class: 'files' },
      file('Standard output', files?.out ?? 0, place, () => actions.openLog('out')),
      file('Standard error', files?.err ?? 0, place, () => actions.openLog('err')),
      attempt.hasChanges &&
        h('button', { onclick: () => actions.review(), 'aria-label': `Changes of ${label}` }, 'Changes'),
      attempt.hasChanges &&
        actions.useRound &&
        h('button', { onclick: () => actions.useRound?.(), 'aria-label': `Use ${label}` }, 'Use this round'),
    ),
  );
}

/** What holds its processes together; the explanation below is for those who want it. */
function containmentLine(containment: Containment): HTMLElement {
  return h(
    'details',
    { class: 'dim' },
    h('summary', {}, containedBy(containment)),
    h('p', {}, `${meaningOf(containment)}.`),
  );
}

function processes<R extends ProcessRow>(
  title: string,
  rows: readonly R[],
  action?: (row: R) => HTMLElement,
): HTMLElement | false {
  if (rows.length === 0) return false;
  const items = rows.map((row) =>
    h('li', {}, h('code', {}, `${row.pid} ${row.command}`), action ? ' ' : undefined, action?.(row)),
  );
  return h('div', { class: 'processes' }, h('h4', {}, title), h('ul', {}, ...items));
}

/** A file of that size here, or one that comes from `machine` when it is opened. */
function file(name: string, bytes: number, machine: string | undefined, open: () => void): HTMLElement {
  const what = machine !== undefined ? `on ${machine}` : bytes === 0 ? 'empty' : sizeWord(bytes);
  return h('button', { disabled: bytes === 0 && machine === undefined, onclick: open }, `${name} · ${what}`);
}

function costWords({ usd, costSource, atLeast }: AttemptRow): string {
  if (usd === 0) return atLeast ? 'cost unknown' : '';
  const amount = `${atLeast ? 'at least ' : costSource === 'reported' ? '' : '≈'}${formatUsd(usd)}`;
  return costSource === 'unknown' ? `cost unknown, guessed as ${amount}` : `${amount} ${costSource}`;
}
