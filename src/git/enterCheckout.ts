import { existsSync } from 'node:fs';
import type { Git } from './git.ts';
import { allLeft, claimCheckout, forgetLeft, type HomeClaim, type LeftHome } from './homeClaims.ts';
import type { Processes } from './processes.ts';
import { type Checkout, type Recovered, recoverHome } from './recoverHome.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What bringing work home needs. */
export interface HomeParts {
  readonly git: Git;
  readonly processes: Processes;
  /** Where notes are kept. */
  readonly storage: string;
  checkoutOf(root: string): Promise<Checkout>;
  /** Our repository beside one of the user's. */
  storeOf(commonFolder: string): SnapshotStore;
}

/** A checkout that this host alone may bring work into. */
export interface Entered {
  readonly kind: 'entered';
  readonly claim: HomeClaim;
  /** What a host that was cut off had brought of this loop, and its note: its reader forgets it. */
  readonly found?: { readonly what: Extract<Recovered, { kind: 'home' | 'conflicts' }>; readonly note: LeftHome };
}

/**
 * Keeps other hosts out of a checkout until the claim is released, and settles what those that were cut off have left
 * there (R12.4). `refused` says why it cannot be entered.
 */
export async function enterCheckout(
  parts: HomeParts,
  checkout: Checkout,
  loopId: string,
  details: { readonly workTree: string; readonly name: string },
): Promise<Entered | { readonly kind: 'refused'; readonly message: string }> {
  const { root, gitFolder } = checkout;
  const claimed = await claimCheckout(parts.processes, parts.storage, gitFolder, { root, ...details });
  if ('busy' in claimed) return { kind: 'refused', message: claimed.busy };
  const { claim, left } = claimed;
  let found: Entered['found'];
  try {
    for (const note of left) {
      const recovered = await recoverHome({ ...parts, store: parts.storeOf(checkout.commonFolder), checkout }, note);
      const isOurs = note.step?.loopId === loopId;
      if (isOurs && (recovered.kind === 'home' || recovered.kind === 'conflicts')) found = { what: recovered, note };
      // The conflicts of another loop are still to be told of; they keep this one out anyway.
      else if (recovered.kind !== 'left' && recovered.kind !== 'conflicts') await forgetLeft(note);
      if (recovered.kind === 'left' || recovered.kind === 'kept') {
        await claim.release(true);
        return { kind: 'refused', message: recovered.message };
      }
    }
    return { kind: 'entered', claim, ...(found && { found }) };
  } catch (error) {
    await claim.release(true);
    throw error;
  }
}

/**
 * Settles what hosts that are gone have left half-way in users' checkouts, so that nobody finds it (R12.4). Returns a
 * sentence for each checkout in which something was done, or could not be.
 */
export async function settleLeft(parts: HomeParts): Promise<readonly string[]> {
  const said: string[] = [];
  try {
    for (const note of await allLeft(parts.processes, parts.storage)) {
      if (!existsSync(note.root)) continue;
      const message = await settleOne(parts, note);
      if (message !== undefined) said.push(message);
    }
  } catch (error) {
    said.push(error instanceof Error ? error.message : String(error));
  }
  return said;
}

async function settleOne(parts: HomeParts, { root, workTree, name }: LeftHome): Promise<string | undefined> {
  const checkout = await parts.checkoutOf(root);
  const store = parts.storeOf(checkout.commonFolder);
  const claimed = await claimCheckout(parts.processes, parts.storage, checkout.gitFolder, { root, workTree, name });
  if ('busy' in claimed) return claimed.busy;
  try {
    for (const note of claimed.left) {
      const recovered = await recoverHome({ ...parts, store, checkout }, note);
      // What its loop is still to be told of stays.
      const isTold = recovered.kind !== 'conflicts' && !(recovered.kind === 'home' && note.step?.way === 'apply');
      if (isTold && recovered.kind !== 'left') await forgetLeft(note);
      if (recovered.kind === 'kept' || recovered.kind === 'left') return recovered.message;
      if (recovered.kind === 'before' && recovered.found !== undefined)
        return (
          `Bringing work into ${root} was cut off half-way, and was rolled back. ` +
          `What was found there is the commit ${recovered.found} in ${store.folder}.`
        );
    }
    return undefined;
  } finally {
    await claimed.claim.release(true);
  }
}
