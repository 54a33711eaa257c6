import { readJson } from '../runFolder/atomicFile.ts';
import { bootNow } from '../runFolder/bootClock.ts';
import type { LeaseRecord, RunLease } from '../runFolder/records.ts';

/** How often (ms) the file is read while the run may go on. */
const READ_EVERY_MS = 5_000;

/**
 * Whether a run may go on by the lease of its machine (R16.3). Its clock counts suspend, so a machine that wakes too
 * late stops its runs first of all. A file that cannot be read extends nothing.
 */
export class LeaseWatch {
  readonly #lease: RunLease | undefined;
  readonly #bootId: string;
  readonly #now: () => number;
  #until = Number.NEGATIVE_INFINITY;
  #readAt = Number.NEGATIVE_INFINITY;
  #isOver = false;

  /** Without a lease the run may always go on. `now`: time since the boot, ms. */
  constructor(lease: RunLease | undefined, bootId: string, now = bootNow) {
    this.#lease = lease;
    this.#bootId = bootId;
    this.#now = now;
  }

  isOver(): boolean {
    if (this.#lease && !this.#isOver) {
      const now = this.#now();
      if (now >= this.#until || now - this.#readAt >= READ_EVERY_MS) this.#read(this.#lease, now);
      // What is no number is no time that may still come.
      this.#isOver ||= !(now < this.#until);
    }
    return this.#isOver;
  }

  #read({ file, epoch }: RunLease, now: number): void {
    this.#readAt = now;
    const record = readJson(file) as Partial<LeaseRecord> | undefined;
    if (record?.bootId !== this.#bootId) return;
    if (record.epoch === epoch) this.#until = Number(record.until);
    // Other machines have taken over what began earlier.
    else this.#isOver = Number(record.epoch) > epoch;
  }
}
