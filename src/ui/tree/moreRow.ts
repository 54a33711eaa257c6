import { count } from '../text/format.ts';
import type { TreeRow } from './treeRow.ts';

/** Loops per group at first, and added by each *more* row. */
export const PAGE = { queued: 200, finished: 200 } as const;
/** Groups that are shown page by page. */
export type Paged = keyof typeof PAGE;

/** The row that shows `page` more loops of its group. */
export function moreRow(parent: Paged, label: string, page: number): TreeRow {
  return {
    id: `more:${parent}`,
    subject: { kind: 'more', parent },
    label,
    description: '',
    spoken: `${label} Shows ${count(page, 'loop')} more.`,
    icon: { id: 'ellipsis' },
    context: 'more',
    children: 'none',
    isLive: false,
  };
}
