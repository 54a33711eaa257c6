import { formatClock, formatUsd } from '../../text/format.ts';
import { QUEUED_FOR_WORDS } from '../../text/stateText.ts';
import { h } from '../../webviewHost/webview/dom.ts';
import type { DetailData } from '../protocol.ts';

/** A folder of more characters has a line of its own. */
const LONG_PATH = 48;

type Open = (what: 'openFolder' | 'openChanges') => void;

/** The facts of a loop, as rows of a list: a name and a value. What has no value is left out. */
export function factRows(detail: DetailData, now: number, open: Open): HTMLElement[] {
  return entriesOf(detail, now)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => {
      const isFolder = name === 'Folder';
      const shape = isFolder && value.length > LONG_PATH ? { class: 'wide' } : {};
      return h('div', shape, h('dt', {}, name), h('dd', {}, isFolder ? folderLinks(value, open) : value));
    });
}

function entriesOf(detail: DetailData, now: number): [name: string, value: string][] {
  const last = detail.attempts.at(-1);
  return [
    ['Cost', costWords(detail)],
    ['Paid by', detail.demo ? '' : [...new Set(detail.attempts.flatMap(({ account }) => account ?? []))].join(', ')],
    ['Estimate', estimateWords(detail)],
    ['May spend', last?.allowanceUsd !== undefined && last.endedAt === undefined ? formatUsd(last.allowanceUsd) : ''],
    ['Reserved', detail.reservedUsd > 0 ? formatUsd(detail.reservedUsd) : ''],
    ['Cost limit', detail.maxCostUsd === undefined ? '' : formatUsd(detail.maxCostUsd)],
    ['Agent', detail.agent],
    ['Machine', detail.machine === 'any' ? 'any that takes it' : (detail.machine ?? '')],
    ['Folder', detail.cwd],
    ['Work tree', detail.workTree ?? ''],
    ['Changes', detail.changes ?? ''],
    ['Priority', String(detail.priority)],
    ['Place', placeWords(detail)],
    ['Window', windowWords(detail)],
    ['Submitted', formatClock(detail.submittedAt, now)],
    ['Finished', detail.finishedAt === undefined ? '' : formatClock(detail.finishedAt, now)],
    ['Restarts', detail.restarts > 0 ? `${detail.restarts} recently` : ''],
    ['Process', last?.pid !== undefined && last.endedAt === undefined ? `pid ${last.pid}` : ''],
    ['Session', last?.sessionId ?? ''],
    ['Id', detail.loopId],
    ['Metadata', detail.metadata ? JSON.stringify(detail.metadata) : ''],
  ];
}

/** How much of a cost is an estimate, in words. */
const ESTIMATED_WORDS = { none: '', part: ', in part an estimate', all: ', an estimate' } as const;

function costWords({ costUsd, costEstimated, costUnknownUsd, costAtLeast, demo }: DetailData): string {
  if (costUsd === 0) return costAtLeast ? 'unknown' : 'none so far';
  const mark = costAtLeast ? 'at least ' : costEstimated === 'none' ? '' : '≈';
  const guess =
    costUnknownUsd === 0 ? '' : costUnknownUsd < costUsd ? `, of it ${formatUsd(costUnknownUsd)} a guess` : ', a guess';
  const estimated = costUnknownUsd < costUsd ? ESTIMATED_WORDS[costEstimated] : '';
  return `${mark}${formatUsd(costUsd)}${estimated}${guess}${demo ? ', play money' : ''}`;
}

function estimateWords({ estimateUsd, estimateAssumed }: DetailData): string {
  if (estimateUsd <= 0) return '';
  return estimateAssumed ? `≈${formatUsd(estimateUsd)}, from earlier loops` : formatUsd(estimateUsd);
}

function placeWords({ position, waitingFor }: DetailData): string {
  if (position === undefined) return '';
  return waitingFor ? `${position}, ${QUEUED_FOR_WORDS[waitingFor] || 'waiting for a slot'}` : String(position);
}

/** The window that it belongs to, where that is another one of this machine. */
function windowWords({ host, machine }: DetailData): string {
  if (machine !== undefined || host === undefined) return '';
  return host === 'elsewhere' ? 'another window' : 'a closed window';
}

function folderLinks(path: string, open: Open): HTMLElement {
  const link = (label: string, what: Parameters<Open>[0]) =>
    h('button', { class: 'link', onclick: () => open(what) }, label);
  return h('span', {}, `${path} `, link('Open folder', 'openFolder'), ' ', link('Show changes', 'openChanges'));
}
