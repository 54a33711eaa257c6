import type { MadeWorkTree, WorkTreeOutcome } from './workTree.ts';

/** What every transfer has. */
interface TransferFacts {
  /** The loop whose work it is. */
  readonly seq: number;
  /** The machine that has the work, and the one that asked for it. */
  readonly from: string;
  readonly to: string;
  /** When it came into its present state: wall time, ms. */
  readonly at: number;
}

/** Work that lies in the store, cut into pieces. */
export interface PackedFacts {
  /** The last of its commits. */
  readonly tip: string;
  readonly pieces: number;
  /** SHA-256 of all of it, in hexadecimal digits. */
  readonly digest: string;
}

/** A work tree whose work was brought home from a copy of it on another machine. */
interface LeftWorkTree extends MadeWorkTree {
  /** Top folder of the checkout that it belongs to. */
  readonly root: string;
}

/**
 * Work of a loop on its way from the machine that has it to one that asked for it (R16.7). `packing`: the host of that
 * id packs it. `over`: its work is home, so that the work tree which it came from can go.
 */
export type Transfer = TransferFacts &
  (
    | { readonly state: 'asked' }
    | { readonly state: 'packing'; readonly host: string }
    | ({ readonly state: 'ready' } & PackedFacts)
    | { readonly state: 'failed'; readonly why: string }
    | {
        readonly state: 'over';
        readonly how: WorkTreeOutcome['how'];
        /** The commit that was fetched: what came after it is nowhere else. */
        readonly tip: string;
        readonly tree: LeftWorkTree;
      }
  );

/** Transfers by their ids. */
export type Transfers = { readonly [id: string]: Transfer };
