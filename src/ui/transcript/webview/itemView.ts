import { count, formatClock, formatDuration, formatUsd } from '../../text/format.ts';
import { outcomeTone, outcomeWord } from '../../webviewHost/outcomeWords.ts';
import { sizeWord } from '../../webviewHost/sizeWord.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { DetailSection, TranscriptItem } from '../protocol.ts';
import { diffStat, diffView } from './diffView.ts';
import { linkedText } from './linkedText.ts';
import { markdown } from './markdown.ts';

/** Diffs of up to so many lines are shown unfolded. */
const OPEN_DIFF = 24;

/** What an item needs of the page. */
export interface ItemActions {
  /** Requests the details of a tool call. */
  expand(item: TranscriptItem & { kind: 'tool' }): void;
  openLog(): void;
}

/** The element of an item. Rebuilt when the item changes, keeping what the user has expanded. */
export function itemView(item: TranscriptItem, actions: ItemActions, before: HTMLElement | undefined): HTMLElement {
  const element = body(item, actions, before);
  element.classList.add('item');
  element.dataset.key = item.key;
  return element;
}

function body(item: TranscriptItem, actions: ItemActions, before: HTMLElement | undefined): HTMLElement {
  switch (item.kind) {
    case 'prompt':
      return h(
        'details',
        { class: 'prompt', open: item.text.length < 1_500 },
        h('summary', {}, 'Prompt'),
        h('pre', { tabindex: 0 }, item.text),
        item.more > 0 &&
          h(
            'p',
            { class: 'dim' },
            `… and ${count(item.more, 'character')} more. The details of the loop have all of it.`,
          ),
      );
    case 'attempt': {
      const facts = [
        item.agent,
        `started ${formatClock(item.startedAt, Date.now())}`,
        item.resumed ? 'resumed session' : '',
        item.pid === undefined ? '' : `pid ${item.pid}`,
        item.sessionId === undefined ? '' : `session ${item.sessionId}`,
      ];
      return h(
        'div',
        { class: 'attempt' },
        h('h2', {}, `Attempt ${item.number}`),
        h('span', { class: 'dim' }, facts.filter(Boolean).join(' · ')),
      );
    }
    case 'text':
      return item.plain
        ? h('pre', { class: 'output' }, linkedText(item.text))
        : h('div', { class: 'text' }, markdown(item.text));
    case 'tool':
      return tool(item, actions, before);
    case 'notice':
      return h('div', { class: `notice ${item.level}` }, h('strong', {}, `${item.label}: `), linkedText(item.text));
    case 'cost': {
      const detail = [item.model, item.note].filter(Boolean).join(', ');
      return h(
        'div',
        { class: 'cost' },
        item.estimated ? `Cost ≈${formatUsd(item.usd)}, estimated` : `Cost ${formatUsd(item.usd)}`,
        detail ? ` · ${detail}` : '',
      );
    }
    case 'stderr':
      return h(
        'details',
        { class: 'stderr', open: before instanceof HTMLDetailsElement && before.open },
        h('summary', {}, `Standard error · ${sizeWord(item.bytes)}`),
        h('pre', { tabindex: 0 }, linkedText(item.text)),
        item.bytes > item.text.length + 16 &&
          h(
            'p',
            { class: 'dim' },
            'Only its end is shown. ',
            h('button', { class: 'link', onclick: actions.openLog }, 'Open raw log'),
          ),
      );
    case 'end': {
      const tone = outcomeTone(item.outcome);
      const swept = [
        item.swept > 0 ? `${count(item.swept, 'process', 'processes')} cleaned up` : '',
        item.kept > 0 ? `${count(item.kept, 'process', 'processes')} spared` : '',
        item.remaining > 0 ? `${count(item.remaining, 'process', 'processes')} could not be ended` : '',
      ];
      const cost =
        item.usd > 0 ? `${item.estimated ? '≈' : ''}${formatUsd(item.usd)}${item.estimated ? ' (estimated)' : ''}` : '';
      const facts = [`after ${formatDuration(item.tookMs)}`, cost, ...swept].filter(Boolean).join(' · ');
      return h(
        'div',
        { class: `end ${tone}` },
        h('span', { class: 'sign', 'aria-hidden': 'true' }, { good: '✓', bad: '✗', neutral: '■' }[tone]),
        h(
          'div',
          {},
          h('strong', {}, `Attempt ${item.number} ${outcomeWord(item.outcome)}`),
          h('span', { class: 'dim' }, ` ${facts}`),
          item.reason !== '' && item.reason !== 'finished' && h('div', { class: 'reason' }, linkedText(item.reason)),
        ),
      );
    }
  }
}

function tool(
  item: TranscriptItem & { kind: 'tool' },
  actions: ItemActions,
  before: HTMLElement | undefined,
): HTMLElement {
  const { name, summary, result, diff } = item;
  const stat = diff && diffStat(diff);
  const more = h('div', { class: 'more' });
  const old = before?.querySelector('details') ?? before;
  const wasOpen = old instanceof HTMLDetailsElement && old.open;
  const state = result === undefined ? 'pending' : result.ok ? 'good' : 'bad';
  const element = h(
    'details',
    { class: `tool ${state}`, open: wasOpen },
    h(
      'summary',
      {},
      h('span', { class: 'sign', 'aria-hidden': 'true' }, { pending: '›', good: '✓', bad: '✗' }[state]),
      h('strong', {}, name ?? 'Result'),
      summary !== '' && h('code', { class: 'call' }, summary),
      stat &&
        h(
          'span',
          { class: 'stat' },
          h('span', { class: 'add' }, `+${stat.added}`),
          ' ',
          h('span', { class: 'del' }, `−${stat.removed}`),
        ),
      result && !result.ok && h('strong', { class: 'failed' }, 'failed'),
      result && result.summary !== '' && h('span', { class: 'result' }, result.summary),
    ),
    more,
  );
  element.addEventListener('toggle', () => {
    if (element.open && more.childElementCount === 0) {
      more.append(h('p', { class: 'dim' }, 'Reading…'));
      actions.expand(item);
    }
  });
  if (!diff || diff.length > OPEN_DIFF) return element;
  // Small edits are always shown below the line.
  return h('div', { class: 'edit' }, element, diffView(diff));
}

/** Shows the requested details of a tool call. */
export function showDetails(element: Element, sections: readonly DetailSection[]): void {
  const more = element.querySelector('.more');
  if (!more) return;
  const views = sections.map(sectionView);
  more.replaceChildren(...(views.length > 0 ? views : [h('p', { class: 'dim' }, 'There is nothing more in the log.')]));
}

function sectionView(section: DetailSection): HTMLElement {
  if (section.kind === 'fields')
    return h(
      'dl',
      {},
      ...section.fields.flatMap(({ name, value }) => [h('dt', {}, name), h('dd', {}, linkedText(value, true))]),
    );
  const content =
    section.kind === 'diff' ? diffView(section.lines) : h('pre', { tabindex: 0 }, linkedText(section.text));
  return h(
    'div',
    {},
    h('div', { class: 'label' }, section.label),
    content,
    section.cut && h('p', { class: 'dim' }, '… the raw log has all of it.'),
  );
}
