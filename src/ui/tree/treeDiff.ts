import type { TreeRow } from './treeRow.ts';

/** Changes between two readings of the rows under one parent. */
export interface RowChanges {
  /** Rows were added, removed or moved, or became expandable: refresh the whole list. */
  readonly list: boolean;
  /** Indexes of rows with another state, name or icon. */
  readonly looks: readonly number[];
  /** Indexes of live rows with only another description, such as a running time. */
  readonly words: readonly number[];
}

/** Compares two readings row by row. */
export function rowChanges(before: readonly TreeRow[], after: readonly TreeRow[]): RowChanges {
  // VS Code removes a twistie only when it refreshes the parent.
  const isOther = ({ id, children }: TreeRow, place: number) =>
    before[place]?.id !== id || before[place]?.children !== children;
  if (before.length !== after.length || after.some(isOther)) return { list: true, looks: [], words: [] };
  const looks: number[] = [];
  const words: number[] = [];
  for (const [place, row] of after.entries()) {
    const old = before[place] as TreeRow;
    if (!looksSame(old, row)) looks.push(place);
    else if (old.description !== row.description || old.spoken !== row.spoken) words.push(place);
  }
  return { list: false, looks, words };
}

function looksSame(a: TreeRow, b: TreeRow): boolean {
  const same =
    a.label === b.label && a.context === b.context && a.icon?.id === b.icon?.id && a.icon?.color === b.icon?.color;
  return same && (b.isLive || (a.description === b.description && a.spoken === b.spoken));
}
