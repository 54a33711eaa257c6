import type { FinishedLoop } from '../../core/model/loop.ts';

/** Ids that are kept: as many as a status names. */
export const FAILED_KEPT = 100;

/** A loop that failed for good and was not cleared. */
export interface Failed {
  readonly seq: number;
  readonly loopId: string;
  readonly finishedAt: number;
}

/** Loops that failed for good and were not cleared, the newest of them, so that a status needs no query. */
export class FailedIds {
  #loops: Failed[] = [];
  /** Something was taken out of a full list: what comes next is not known. */
  #isShort = false;

  /** Whether it must be read again. */
  get isShort(): boolean {
    return this.#isShort;
  }

  ids(limit: number): string[] {
    return this.#loops.slice(0, limit).map(({ loopId }) => loopId);
  }

  /** Takes what was read, newest first. */
  fill(loops: readonly Failed[]): void {
    this.#loops = loops.slice(0, FAILED_KEPT);
    this.#isShort = false;
  }

  put(loop: FinishedLoop): void {
    this.remove(loop.seq);
    if (loop.state !== 'failed' || loop.cleared) return;
    this.#loops.push({ seq: loop.seq, loopId: loop.loopId, finishedAt: loop.finishedAt });
    this.#loops.sort((a, b) => b.finishedAt - a.finishedAt || b.seq - a.seq);
    this.#loops.splice(FAILED_KEPT);
  }

  remove(seq: number): void {
    const place = this.#loops.findIndex((loop) => loop.seq === seq);
    if (place < 0) return;
    if (this.#loops.length === FAILED_KEPT) this.#isShort = true;
    this.#loops.splice(place, 1);
  }
}
