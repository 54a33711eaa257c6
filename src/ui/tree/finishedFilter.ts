import type { FinishedLoop } from '../../core/model/loop.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';
import type { Grouping } from './finishedSections.ts';

/** Which finished loops the user chose to list, and how. */
export interface FinishedFilter {
  readonly isOn: boolean;
  /** The filter in words, for the group. */
  readonly words: string;
  readonly grouping: Grouping;
  readonly hidesCancelled: boolean;
  page(limit: number): FinishedQuery;
  /** Whether the user has not seen it yet. */
  isUnread(loop: FinishedLoop): boolean;
}

/** Lists every finished loop, newest first. */
export const EVERYTHING: FinishedFilter = {
  isOn: false,
  words: '',
  grouping: 'none',
  hidesCancelled: false,
  page: (limit) => ({ limit }),
  isUnread: () => false,
};
