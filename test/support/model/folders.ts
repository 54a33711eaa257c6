import { GONE, type Look, there } from '../../../src/core/model/looks.ts';
import type { FakeClock } from '../fakeClock.ts';

/** A folder that was not found is looked at again within this time (ms), and half a second's look comes on top. */
const LOOKED_AT_AGAIN_MS = 62_000;

/** The folders of the world: which are there, and which of them a window has to take for gone still. */
export class Folders {
  readonly #clock: FakeClock;
  readonly #gone = new Set<string>();
  /** By window and folder: since when (ms that have passed, whatever the clock says) it was last found to be gone. */
  readonly #foundGone = new Map<string, number>();
  #isSubmit = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  set(folder: string, isThere: boolean): void {
    if (isThere) this.#gone.delete(folder);
    else this.#gone.add(folder);
  }

  isThere(folder: string): boolean {
    return !this.#gone.has(folder);
  }

  /** A window looks at a folder. */
  look(windowId: string, folder: string): Look {
    const isThere = this.isThere(folder);
    if (!this.#isSubmit) {
      if (isThere) this.#foundGone.delete(keyOf(windowId, folder));
      else this.#foundGone.set(keyOf(windowId, folder), this.#clock.elapsed);
    }
    return isThere ? there(undefined) : GONE;
  }

  /** Submits: its own look at the folder parks nothing, and wakes nothing that is parked. */
  submitting<T>(work: () => T): T {
    this.#isSubmit = true;
    try {
      return work();
    } finally {
      this.#isSubmit = false;
    }
  }

  /** Waits begin anew, at most (R4.5). */
  clockWasSet(): void {
    for (const key of this.#foundGone.keys()) this.#foundGone.set(key, this.#clock.elapsed);
  }

  /** Whether that window has found it gone at its last look, and is not yet to look again (R2.2). */
  takesForGone(windowId: string, folder: string): boolean {
    const since = this.#foundGone.get(keyOf(windowId, folder));
    return since !== undefined && this.#clock.elapsed - since <= LOOKED_AT_AGAIN_MS;
  }
}

function keyOf(windowId: string, folder: string): string {
  return `${windowId} ${folder}`;
}
