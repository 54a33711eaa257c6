import type { TreeRow } from '../tree/treeRow.ts';

/**
 * The loop for a command: the latest with that id, or the one with `seq`. Rows and panels pass `seq`, since ids can be
 * used again.
 */
export interface CalledLoop {
  readonly loopId: string;
  readonly seq?: number;
}

/** What a command was called on. */
export type CalledOn =
  /**
   * Rows of the view, from one of its menus or a row's button: first the row itself, then the rest of the selection.
   */
  | { readonly kind: 'rows'; readonly rows: readonly TreeRow[] }
  /** A key binding pressed in the view: it applies to the focused row. */
  | { readonly kind: 'keyboard' }
  /** Loops by id, and `seq` if known: from other extensions, notifications or panels. */
  | { readonly kind: 'loops'; readonly loops: readonly CalledLoop[] }
  /** Rows, some of which VS Code no longer knows. */
  | { readonly kind: 'lost' }
  /** Nothing: from the palette, or a custom key binding. */
  | { readonly kind: 'nothing' };

/**
 * Reads the arguments of a command. While the rows under a parent are redrawn, VS Code does not know them, and a menu
 * on such a row passes `undefined` instead; the palette and key bindings pass no argument at all. If one of several
 * rows is lost, none counts: the user did not ask for the command to run on part of the selection.
 */
export function calledOn(args: readonly unknown[]): CalledOn {
  const [first, all] = args;
  if (first === 'selection') return { kind: 'keyboard' };
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
