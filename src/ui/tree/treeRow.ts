/** The groups of the tree, in their order. Loops of other windows have a group per folder. */
export type GroupName = 'needsYou' | 'running' | 'queued' | 'parked' | 'backingOff' | 'waiting' | 'finished';

/** What a row represents. */
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

/** The values of a tree item. Foreign text in it is one line without control characters. */
export interface TreeRow {
  /** Stable across refreshes, to keep selection and expansion. */
  readonly id: string;
  readonly subject: RowSubject;
  readonly label: string;
  readonly description: string;
  /** For screen readers: the label, and icon and colour in words. */
  readonly spoken: string;
  /** A codicon, and a theme colour for it. */
  readonly icon?: { readonly id: string; readonly color?: string };
  /** Words that menus test in `viewItem`, such as `loop running here silent`. */
  readonly context: string;
  readonly children: 'none' | 'collapsed' | 'expanded';
  /** Whether its description changes as time passes, as for a running loop. */
  readonly isLive: boolean;
}
