import type { TreeRow } from '../tree/treeRow.ts';

/** A loop that a command is for: the latest of that id, or with `seq` that very one, as rows and panels say, for an id may be used again. */
export interface CalledLoop {
  readonly loopId: string;
  readonly seq?: number;
}

/** What a command was called on. */
export type CalledOn =
  /** Rows of the view: from one of its menus, or a button of a row. First the row itself, then what else is selected. */
  | { readonly kind: 'rows'; readonly rows: readonly TreeRow[] }
  /** What is selected in the view: one of our key bindings. */
  | { readonly kind: 'selection' }
  /** Loops by their ids, and `seq` where the caller knows it: other extensions, notifications, panels. */
  | { readonly kind: 'loops'; readonly loops: readonly CalledLoop[] }
  /** Rows of which VS Code no longer knows all. */
  | { readonly kind: 'lost' }
  /** Nothing: the palette, a key binding of the user's. */
  | { readonly kind: 'nothing' };

/**
 * Reads the arguments of a command. While the rows under a parent are being drawn anew, VS Code does not know them, and a menu of such a row hands over
 * `undefined` in its place; palette and key bindings hand over no argument at all. Where one of several rows is lost, none counts: a command on the
 * rest of a selection is not what was asked for.
 */
export function calledOn(args: readonly unknown[]): CalledOn {
  const [first, all] = args;
  if (first === 'selection') return { kind: 'selection' };
  const others = Array.isArray(all) ? all : [];
  if (args.length > 0 && [first, ...others].some(isMissing)) return { kind: 'lost' };
  if (isRow(first))
    return { kind: 'rows', rows: [first, ...others.filter((other) => isRow(other) && other.id !== first.id)] };
  const loops = loopsIn(first);
  return loops.length > 0 ? { kind: 'loops', loops } : { kind: 'nothing' };
}

function loopsIn(value: unknown): CalledLoop[] {
  if (typeof value === 'string') return [{ loopId: value }];
  if (Array.isArray(value)) return value.flatMap(loopsIn);
  if (typeof value !== 'object' || value === null || !('loopId' in value) || typeof value.loopId !== 'string')
    return [];
  return [
    { loopId: value.loopId, ...('seq' in value && Number.isSafeInteger(value.seq) && { seq: value.seq as number }) },
  ];
}

function isRow(value: unknown): value is TreeRow {
  return typeof value === 'object' && value !== null && 'subject' in value && 'children' in value;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}
