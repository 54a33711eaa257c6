/** The groups of the tree, in their order. Loops of other windows have a group for each folder besides. */
export type GroupName = 'needsYou' | 'running' | 'queued' | 'parked' | 'backingOff' | 'waiting' | 'finished';

/** What a row of the tree stands for. */
export type RowSubject =
  | { readonly kind: 'group'; readonly group: GroupName }
  | { readonly kind: 'folder'; readonly folder: string }
  /** Finished loops under one heading. */
  | { readonly kind: 'section'; readonly section: string }
  | { readonly kind: 'loop'; readonly loopId: string; readonly seq: number }
  | { readonly kind: 'attempt'; readonly loopId: string; readonly seq: number; readonly number: number }
  | { readonly kind: 'kept'; readonly loopId: string; readonly seq: number; readonly pid: number }
  /** Shows more rows of its parent. */
  | { readonly kind: 'more'; readonly parent: 'queued' | 'finished' };

/** One row of the tree as values: what a tree item is made of. Foreign text in it is in one line and without control characters. */
export interface TreeRow {
  /** Stable over refreshes, so that selection and expansion stay. */
  readonly id: string;
  readonly subject: RowSubject;
  readonly label: string;
  readonly description: string;
  /** For a screen reader: the label and everything that icon and colour say, in words. */
  readonly spoken: string;
  /** A codicon, and a theme colour for it. */
  readonly icon?: { readonly id: string; readonly color?: string };
  /** Words that menus ask for in `viewItem`, such as `loop running here silent`. */
  readonly context: string;
  readonly children: 'none' | 'collapsed' | 'expanded';
  /** Its description changes by itself as time goes by, as that of a running loop does. */
  readonly isLive: boolean;
}
