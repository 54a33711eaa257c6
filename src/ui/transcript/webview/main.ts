import { count, formatClock, formatDuration, formatUsd } from '../../text/format.ts';
import { STATE_WORDS } from '../../text/stateText.ts';
import { sizeWord } from '../../webviewHost/sizeWord.ts';
import { Announcer } from '../../webviewHost/webview/announcer.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import { connect } from '../../webviewHost/webview/vscodeApi.ts';
import {
  comparePos,
  type FromView,
  type Pos,
  type SearchHit,
  type ToView,
  type TranscriptHeader,
} from '../protocol.ts';
import { ItemList } from './itemList.ts';
import { fileOf } from './linkedText.ts';
import { SearchBox } from './searchBox.ts';

const { post, keep } = connect<ToView, FromView>(receive);

const title = h('h1');
const state = h('span', { class: 'state' });
const facts = h('span', { class: 'dim facts' });
const banner = h('p', { class: 'banner', role: 'status', hidden: true });
const empty = h('p', { class: 'empty dim' });
const announcer = new Announcer();
const search = new SearchBox(
  (id, text) => post({ type: 'search', id, text }),
  (hit) => {
    wanted = hit;
    list.isLoading = true;
    post({ type: 'goto', at: hit.at });
  },
);
const cancel = h('button', { onclick: () => post({ type: 'command', command: 'cancel' }) }, 'Cancel');
const latest = h('button', { class: 'latest', hidden: true, onclick: toLatest });
const openLog = () => post({ type: 'command', command: 'openLog' });
const list = new ItemList(
  { expand: ({ key, from, lines }) => post({ type: 'expand', key, attempt: from.attempt, lines }), openLog },
  load,
  () => showLatest(),
);

let header: TranscriptHeader | undefined;
let unseen = 0;
/** The search hit being navigated to. */
let wanted: SearchHit | undefined;

document.body.append(
  h(
    'header',
    {},
    h('div', { class: 'what' }, title, state, facts),
    h(
      'div',
      { class: 'actions' },
      search.form,
      h('button', { onclick: openLog, title: 'Open the raw log as a file' }, 'Open raw log'),
      h('button', { onclick: () => post({ type: 'command', command: 'showDetail' }) }, 'Details'),
      cancel,
    ),
  ),
  search.panel,
  banner,
  list.element,
  empty,
  latest,
  announcer.element,
);
document.addEventListener('click', (event) => {
  const file = fileOf(event);
  if (!file) return;
  event.preventDefault();
  post({ type: 'openFile', ...file });
});
// The End key first loads what is missing; the browser does the rest.
document.addEventListener('keydown', (event) => {
  if (event.key === 'End' && !(event.target instanceof HTMLInputElement)) toLatest();
});
setInterval(showTime, 1_000);
post({ type: 'ready' });

function receive(message: ToView): void {
  switch (message.type) {
    case 'header':
      showHeader(message.header);
      break;
    case 'reset':
      list.reset(
        message.items,
        message.atStart,
        message.atEnd,
        message.focus && { at: message.focus, hit: hitAt(message.focus) },
      );
      unseen = 0;
      tell(
        message.skipped === undefined
          ? undefined
          : `Output arrives faster than it can be shown: ${sizeWord(message.skipped)} were skipped. ` +
              '“Load earlier” shows them.',
      );
      break;
    case 'earlier':
      list.addEarlier(message.items, message.atStart);
      break;
    case 'later':
      list.addLater(message.items, message.atEnd);
      break;
    case 'live': {
      const added = list.addLive(message.items);
      if (!list.atBottom) unseen += added;
      break;
    }
    case 'details':
      list.showDetails(message.key, message.sections);
      break;
    case 'hits':
      search.receive(message);
      break;
    case 'gone':
      list.isLoading = false;
      tell(message.text);
  }
  showEmpty();
  showLatest();
}

/** The requested hit, if this is its place: the reply for an earlier one may still arrive. */
function hitAt(place: Pos): SearchHit | undefined {
  const hit = wanted && comparePos(wanted.at, place) === 0 ? wanted : undefined;
  if (hit) wanted = undefined;
  return hit;
}

function load(direction: 'earlier' | 'later'): void {
  if (direction === 'earlier' && list.first) post({ type: 'earlier', before: list.first, detached: list.isFull });
  if (direction === 'later' && list.last) post({ type: 'later', after: list.last });
}

function toLatest(): void {
  if (list.atEnd) list.toBottom();
  else {
    list.isLoading = true;
    post({ type: 'latest' });
  }
  list.element.focus({ preventScroll: true });
}

function showLatest(): void {
  if (list.atBottom) unseen = 0;
  latest.hidden = list.atBottom || list.isEmpty;
  latest.textContent = unseen > 0 ? `Jump to latest (${unseen} new)` : 'Jump to latest';
}

function showHeader(next: TranscriptHeader): void {
  const before = header;
  header = next;
  keep({ loopId: next.loopId, seq: next.seq });
  title.textContent = next.title;
  title.title = next.title;
  state.textContent = STATE_WORDS[next.state];
  state.className = `state state-${next.state}`;
  cancel.hidden = !next.live;
  showTime();
  // State changes are announced, streamed output is not.
  if (before && (before.state !== next.state || before.attempts !== next.attempts)) {
    announcer.say(
      `${STATE_WORDS[next.state]}${next.attempts > 1 ? `, attempt ${next.attempts}` : ''}` +
        `${next.why ? `: ${next.why}` : ''}`,
    );
  }
}

function showTime(): void {
  if (!header) return;
  const now = Date.now();
  const { agent, attempts, usd, estimated, demo, until, live, since } = header;
  const left =
    until === undefined
      ? ''
      : until - now < 3_600_000
        ? `for ${formatDuration(Math.max(0, until - now))} more`
        : `until ${formatClock(until, now)}`;
  const time = live ? left || `for ${formatDuration(now - since)}` : formatClock(since, now);
  const origin = demo ? ' play money' : estimated ? ' estimated' : '';
  const cost = usd > 0 ? `${estimated ? '≈' : ''}${formatUsd(usd)}${origin}` : '';
  facts.textContent = [time, agent, attempts > 1 ? count(attempts, 'attempt') : '', cost].filter(Boolean).join(' · ');
}

function showEmpty(): void {
  empty.hidden = !list.isEmpty;
  empty.textContent =
    header?.live === false ? 'This loop has written nothing.' : 'Nothing yet: output appears here as it comes.';
}

function tell(text: string | undefined): void {
  banner.hidden = text === undefined;
  banner.textContent = text ?? '';
}
