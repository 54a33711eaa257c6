import type { TreeRow } from './treeRow.ts';

/** What has changed between two readings of the rows under one parent. */
export interface RowChanges {
  /** Rows came, went or changed places, or can be unfolded now and could not before: the whole list is to be read anew. */
  readonly list: boolean;
  /** Places of rows that look different: another state, name or icon. */
  readonly looks: readonly number[];
  /** Places of live rows of which only the words beside the name differ, such as a running time. */
  readonly words: readonly number[];
}

/** Compares two readings row by row. */
export function rowChanges(before: readonly TreeRow[], after: readonly TreeRow[]): RowChanges {
  // VS Code draws a row that loses its twistie only with its parent.
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
