import type { FinishedLoop } from '../../core/model/loop.ts';
import { baseName, formatNumber } from '../text/format.ts';
import { join } from '../text/loopText.ts';
import { localDay } from '../text/today.ts';
import type { TreeRow } from './treeRow.ts';

/** How finished loops are grouped. */
export type Grouping = 'day' | 'folder' | 'state' | 'none';

/** Finished loops under one heading. */
export interface Section {
  /** Identifies the section. */
  readonly id: string;
  readonly title: string;
  readonly loops: readonly FinishedLoop[];
  /** Expanded at first. */
  readonly open: boolean;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const STATES: { readonly [state in FinishedLoop['state']]: string } = {
  failed: 'Failed',
  completed: 'Completed',
  cancelled: 'Cancelled',
};

/** Sections of these loops (newest first): unread ones, then the others as grouped. Empty sections are left out. */
export function finishedSections(
  loops: readonly FinishedLoop[],
  grouping: Grouping,
  isUnread: (loop: FinishedLoop) => boolean,
  now: number,
): Section[] {
  const unread = loops.filter(isUnread);
  const sections: Section[] =
    unread.length > 0 ? [{ id: 'section:unread', title: 'Unread', loops: unread, open: true }] : [];
  const others = new Map<string, FinishedLoop[]>();
  for (const loop of loops) {
    if (isUnread(loop)) continue;
    const key = keyOf(loop, grouping);
    const group = others.get(key);
    if (group) group.push(loop);
    else others.set(key, [loop]);
  }
  const keys = grouping === 'state' ? Object.keys(STATES).filter((state) => others.has(state)) : [...others.keys()];
  for (const [place, key] of keys.entries()) {
    const open = grouping === 'none' || (grouping === 'day' ? key === localDay(now) : place === 0);
    sections.push({
      id: `section:${grouping}:${key}`,
      title: titleOf(key, grouping, now),
      loops: others.get(key) ?? [],
      open: open && unread.length === 0,
    });
  }
  return sections;
}

/** A section as a row. `partial`: there are more of its loops than were read. */
export function sectionRow({ id, title, loops, open }: Section, partial: boolean): TreeRow {
  const failed = loops.filter(({ state }) => state === 'failed').length;
  const description = join([
    `${formatNumber(loops.length)}${partial ? '+' : ''}`,
    failed > 0 && failed < loops.length ? `${formatNumber(failed)} failed` : '',
  ]);
  return {
    id,
    subject: { kind: 'section', section: id },
    label: title,
    description,
    spoken: `${title}, ${description.replace('+', ' or more').replaceAll(' · ', ', ')}`,
    context: `section${id === 'section:unread' ? ' unread' : ''}`,
    children: open ? 'expanded' : 'collapsed',
    isLive: false,
  };
}

function keyOf(loop: FinishedLoop, grouping: Grouping): string {
  switch (grouping) {
    case 'day':
      return localDay(loop.finishedAt);
    case 'folder':
      return loop.folder ?? loop.cwd;
    case 'state':
      return loop.state;
    case 'none':
      return 'all';
  }
}

function titleOf(key: string, grouping: Grouping, now: number): string {
  switch (grouping) {
    case 'day':
      return dayTitle(key, now);
    case 'folder':
      return baseName(key);
    case 'state':
      return STATES[key as FinishedLoop['state']];
    case 'none':
      return 'Read';
  }
}

/** A day (`YYYY-MM-DD`) in words: `Today`, `Yesterday`, `Mon 23 Nov`, with the year if it is another one. */
function dayTitle(day: string, now: number): string {
  const today = new Date(now);
  if (day === localDay(now)) return 'Today';
  if (day === localDay(new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime()))
    return 'Yesterday';
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const weekday = WEEKDAYS[new Date(year, month - 1, date).getDay()];
  return `${weekday} ${date} ${MONTHS[month - 1]}${year === today.getFullYear() ? '' : ` ${year}`}`;
}
