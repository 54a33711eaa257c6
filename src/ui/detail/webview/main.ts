import { formatClock, formatDuration, formatUsd } from '../../text/format.ts';
import { STATE_WORDS, WAITING_FOR_WORDS } from '../../text/stateText.ts';
import { Announcer } from '../../webviewHost/webview/announcer.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import { fill } from '../../webviewHost/webview/fill.ts';
import { connect } from '../../webviewHost/webview/vscodeApi.ts';
import type { DetailCommand, DetailData, FileRow, FromDetail, ToDetail } from '../protocol.ts';
import { attemptCard } from './attemptCard.ts';
import { factRows } from './factRows.ts';
import { ProofCard } from './proofCard.ts';
import { QuestionCard } from './questionCard.ts';
import { rowsTable } from './rowsTable.ts';
import { UsageCard } from './usageCard.ts';

const { post, keep } = connect<ToDetail, FromDetail>(receive);
const command = (name: DetailCommand) => post({ type: 'command', command: name });

const title = h('h1');
const state = h('span', { class: 'state' });
const since = h('span', { class: 'dim' });
const why = h('p', { class: 'why', hidden: true });
const banner = h('p', { class: 'banner', role: 'status', hidden: true });
const facts = h('dl', { class: 'facts' });
const prompt = h('pre', { tabindex: 0, 'aria-label': 'Prompt' });
const lastWords = h('pre', { tabindex: 0, 'aria-label': 'Last words' });
const saidLast = section('Last words', undefined, lastWords);
const promptMore = h('p', { class: 'dim', hidden: true });
const attempts = h('div', { class: 'attempts' });
const costs = h('div');
const history = h('div');
const questions = new QuestionCard((given) => post({ type: 'answer', given }));
const proof = new ProofCard();
const usage = new UsageCard();
const announcer = new Announcer();

const buttons: { readonly [name in DetailCommand]: HTMLButtonElement } = {
  reviewChanges: button('reviewChanges', 'Review changes'),
  mergeChanges: button('mergeChanges', 'Merge…'),
  continueWith: button('continueWith', 'Continue with…'),
  showOutput: button('showOutput', 'Show output'),
  cancel: button('cancel', 'Cancel'),
  kill: button('kill', 'Force stop'),
  retry: button('retry', 'Retry'),
  continueRounds: button('continueRounds', 'Continue'),
  acceptAsIs: button('acceptAsIs', 'Accept as it is'),
  restart: button('restart', 'Restart'),
  runNext: button('runNext', 'Run next'),
  takeOver: button('takeOver', 'Take over'),
  submitAgain: button('submitAgain', 'Submit again'),
  copyId: button('copyId', 'Copy id'),
  editPrompt: button('editPrompt', 'Edit'),
  editAsNew: button('editAsNew', 'Edit as new'),
  rename: button('rename', 'Rename'),
  copyPrompt: button('copyPrompt', 'Copy'),
};

let shown: DetailData | undefined;
let files: readonly FileRow[] = [];

const { copyPrompt, ...actions } = buttons;
document.body.append(
  h(
    'main',
    {},
    h(
      'header',
      {},
      h('div', { class: 'what' }, title, state, since),
      h('div', { class: 'actions' }, ...Object.values(actions)),
    ),
    banner,
    why,
    questions.element,
    facts,
    usage.element,
    saidLast,
    section(
      'Prompt',
      h(
        'div',
        { class: 'tools' },
        copyPrompt,
        h('button', { onclick: () => post({ type: 'openPrompt' }) }, 'Open in editor'),
      ),
      prompt,
      promptMore,
    ),
    proof.element,
    section('Attempts', undefined, attempts),
    section('Cost', undefined, costs),
    section('History', undefined, history),
  ),
  announcer.element,
);
setInterval(showTime, 1_000);
post({ type: 'ready' });

function button(name: DetailCommand, label: string): HTMLButtonElement {
  return h('button', { onclick: () => command(name), hidden: name !== 'copyPrompt' }, label);
}

function section(name: string, tools: HTMLElement | undefined, ...content: HTMLElement[]): HTMLElement {
  const id = `section-${name.toLowerCase().replaceAll(' ', '-')}`;
  return h(
    'section',
    { 'aria-labelledby': id },
    h('div', { class: 'section-head' }, h('h2', { id }, name), tools),
    ...content,
  );
}

function receive(message: ToDetail): void {
  switch (message.type) {
    case 'detail':
      show(message.detail);
      break;
    case 'files':
      files = message.files;
      if (shown) showAttempts(shown);
      break;
    case 'usage':
      usage.show(message.usage);
      break;
    case 'gone':
      banner.hidden = false;
      banner.textContent = message.text;
  }
}

function show(detail: DetailData): void {
  const before = shown;
  shown = detail;
  keep({ loopId: detail.loopId, seq: detail.seq });
  banner.hidden = true;
  title.textContent = detail.title;
  state.textContent = stateWords(detail);
  state.className = `state state-${detail.state}`;
  why.hidden = detail.why === undefined;
  why.textContent = detail.why ?? '';
  why.className = `why ${detail.state === 'failed' ? 'bad' : ''}`;
  if (detail.questions.length > (before?.questions.length ?? 0)) announcer.say('It asks for permission.');
  if (before && before.state !== detail.state)
    announcer.say(`${stateWords(detail)}${detail.why ? `: ${detail.why}` : ''}`);
  showActions(detail);
  showTime();
  const now = Date.now();
  fill(facts, ...factRows(detail, now, (type) => post({ type })));
  if (prompt.textContent !== detail.prompt) prompt.textContent = detail.prompt;
  saidLast.hidden = detail.lastWords === undefined;
  lastWords.textContent = detail.lastWords ?? '';
  promptMore.hidden = detail.promptMore === 0;
  promptMore.textContent = `… and ${detail.promptMore.toLocaleString('en-US')} more characters: open it in the editor.`;
  questions.show(detail.questions);
  proof.show(detail.proof);
  showAttempts(detail);
  fill(
    costs,
    rowsTable(
      'Cost',
      ['When', 'Amount', 'Source'],
      detail.costs.map(({ at, usd, source }) => [
        exactClock(at, now),
        `${source === 'reported' ? '' : '≈'}${formatUsd(usd)}`,
        detail.demo ? 'play money' : SOURCE_WORDS[source],
      ]),
      detail.costsMore,
      detail.finishedAt === undefined ? 'No cost reported so far.' : 'No cost was reported.',
    ),
  );
  fill(
    history,
    rowsTable(
      'History',
      ['When', 'State', 'Why'],
      detail.history.map(({ at, from, to, why: reason }) => [
        exactClock(at, now),
        from === to ? 'note' : STATE_WORDS[to],
        reason,
      ]),
      detail.historyMore,
      'Nothing has happened yet.',
    ),
  );
}

/** With seconds, since things happen fast. */
function exactClock(at: number, now: number): string {
  return `${formatClock(at, now)}:${String(new Date(at).getSeconds()).padStart(2, '0')}`;
}

function stateWords({ state: is, needsYou }: DetailData): string {
  return needsYou ? WAITING_FOR_WORDS.you : STATE_WORDS[is];
}

function showActions(detail: DetailData): void {
  const { state: now, host, permanent, editable, waitsFor, changes, canUseRounds } = detail;
  const active = now === 'running' || now === 'stopping' || now === 'checking';
  const live = active || now === 'preparing' || now === 'queued' || now === 'backingOff' || now === 'waiting';
  const fits: { readonly [name in keyof typeof actions]: boolean } = {
    reviewChanges: changes !== undefined,
    mergeChanges: canUseRounds && !active,
    continueWith: !live,
    showOutput: true,
    cancel: live,
    kill: active,
    retry: permanent,
    continueRounds: waitsFor !== undefined,
    acceptAsIs: waitsFor === 'rounds',
    restart: now === 'running' || now === 'backingOff' || now === 'waiting',
    runNext: now === 'queued',
    takeOver: live && !active && host !== undefined,
    submitAgain: !live,
    editPrompt: editable,
    editAsNew: !editable,
    rename: true,
    copyId: true,
  };
  for (const [name, fit] of Object.entries(fits)) buttons[name as DetailCommand].hidden = !fit;
}

/** Where an amount comes from, in words. */
const SOURCE_WORDS = {
  reported: 'reported by the agent',
  estimated: 'priced from its tokens',
  unknown: 'cost unknown: a guess',
} as const;

function showAttempts(detail: DetailData): void {
  const cards = detail.attempts.toReversed().map((attempt) =>
    attemptCard(
      attempt,
      files.find((row) => row.attempt === attempt.number),
      detail.machine,
      {
        openLog: (file) => post({ type: 'openLog', attempt: attempt.number, file }),
        copySession: () => post({ type: 'copySession', attempt: attempt.number }),
        endSpared: (pid) => post({ type: 'endSpared', pid }),
        review: () => post({ type: 'reviewAttempt', attempt: attempt.number }),
        ...(canUse(detail, attempt) && { useRound: () => post({ type: 'useRound', round: attempt.round ?? 1 }) }),
      },
    ),
  );
  fill(attempts, ...(cards.length > 0 ? cards : [h('p', { class: 'dim' }, 'It has not started yet.')]));
}

/** Whether the files that a run left can be brought back: those of a round of the agent's (R11.8). */
function canUse({ canUseRounds }: DetailData, { isCheck, round = 0 }: DetailData['attempts'][number]): boolean {
  return canUseRounds && !isCheck && round > 0;
}

function showTime(): void {
  if (!shown) return;
  const now = Date.now();
  const { state: is, until, since: from, finishedAt } = shown;
  if (finishedAt !== undefined) since.textContent = formatClock(finishedAt, now);
  else if (until !== undefined && is !== 'running')
    since.textContent =
      until - now < 3_600_000
        ? `for ${formatDuration(Math.max(0, until - now))} more`
        : `until ${formatClock(until, now)}`;
  else since.textContent = `for ${formatDuration(now - from)}`;
}
