import type { Disposable } from '../model/disposable.ts';
import { observeOld, removableBefore } from '../policy/absence.ts';
import { LONGEST_SLEEP_MS } from '../ports/clock.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { forgetOldAttempts, hasTooMany } from '../steps/forget.ts';
import { dropOldTransfers } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';
import { settleAfterReboot } from './unconfirmedEnds.ts';

/** The parts that it needs. */
type RetentionParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;

/** How many finished loops one transaction removes at most: others get their turn in between. */
const CHUNK = 100;
/** How many settled runs are searched for leftover processes when a window opens: the newest. */
const REAPED_AT_START = 200;
const EVERY_MS = 60 * 60_000;

/**
 * Keeps finished loops and their logs within age, number and size (R8.3, R9.4), and ends what is left of runs that are
 * recorded as ended. In small steps, so that nothing waits for it.
 */
export class Retention implements Disposable {
  readonly #parts: RetentionParts;
  #timer: Disposable | undefined;
  #disposed = false;
  #lastRun = Number.NEGATIVE_INFINITY;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Reaps and tidies now, and tidies again every hour. */
  begin(): void {
    settleAfterReboot(this.#parts).catch((error: unknown) =>
      this.#parts.context.log('Loops whose end is in doubt could not be examined.', error),
    );
    this.#reap().catch((error: unknown) =>
      this.#parts.context.log('Processes that ended loops left behind could not be looked for.', error),
    );
    this.#tick();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  /** Removes all finished loops. Returns how many. */
  async clear(): Promise<number> {
    let removed = 0;
    for (;;) {
      const loops = await this.#parts.context.store.finished({ limit: CHUNK });
      if (loops.length === 0) return removed;
      removed += await this.remove(loops.map((loop) => loop.seq));
    }
  }

  /** Removes these finished loops with their logs. Returns how many were there. */
  async remove(seqs: readonly number[]): Promise<number> {
    const { loops, tokens } = await this.#parts.transactions.take((unit) => {
      unit.liveState.finishedChanges++;
      return unit.tx.removeFinished(seqs);
    });
    await this.#removeRuns(tokens);
    await this.#forgetSnapshots(seqs);
    await this.#giveBack();
    return loops;
  }

  /**
   * One that cannot be removed, such as a log that is open elsewhere, does not keep the others: their loops are gone.
   */
  async #removeRuns(tokens: readonly string[]): Promise<void> {
    const { launcher, runLogs, log } = this.#parts.context;
    for (const token of tokens) {
      await Promise.all([launcher.removeRuns([token]), runLogs?.drop(token)]).catch((error: unknown) =>
        log(`The logs of loop run ${token} could not be removed.`, error),
      );
    }
  }

  /** What stays is only disk space. */
  async #forgetSnapshots(seqs: readonly number[]): Promise<void> {
    const { workTrees, log } = this.#parts.context;
    await workTrees
      ?.forgetEverywhere(seqs.map(String))
      .catch((error: unknown) => log('The snapshots of removed loops could not be removed.', error));
  }

  /** Returns the space of removed loops to the disk. They are gone whether or not that succeeds now. */
  async #giveBack(): Promise<void> {
    const { store, log } = this.#parts.context;
    try {
      while (!this.#disposed && (await store.tidy())) await this.#pause();
    } catch (error) {
      log('The space of removed loops could not be returned to the disk; the next try is in an hour.', error);
    }
  }

  readonly #tick = (): void => {
    if (this.#disposed) return;
    const now = this.#parts.context.clock.now();
    if (Math.abs(now - this.#lastRun) >= EVERY_MS) {
      this.#lastRun = now;
      this.#tidy().catch((error: unknown) =>
        this.#parts.context.log('Old loops could not be removed; the next try is in an hour.', error),
      );
    }
    this.#timer = this.#parts.context.clock.after(LONGEST_SLEEP_MS, this.#tick);
  };

  async #tidy(): Promise<void> {
    const { store, settings } = this.#parts.context;
    const { maxLoops } = settings.retention;
    const before = await this.#observeAge();
    for (;;) {
      const old = before === undefined ? [] : await store.finished({ limit: CHUNK, before });
      const surplus = old.length > 0 ? [] : await store.finished({ limit: CHUNK, offset: maxLoops });
      const seqs = [...old, ...surplus].map((loop) => loop.seq);
      if (this.#disposed || seqs.length === 0) break;
      await this.remove(seqs);
      await this.#pause();
    }
    await this.#forgetAttempts();
    await this.#limitLogs();
    if (before !== undefined) await this.#removeStrays(before);
    await this.#giveUpTransfers();
    await this.#giveBack();
    await this.#tidyWorkTrees();
  }

  /** What another machine was asked for, and nobody has taken (R16.7). */
  async #giveUpTransfers(): Promise<void> {
    const { liveState, transactions } = this.#parts;
    if (liveState.control.transfers) await transactions.take(dropOldTransfers);
  }

  async #tidyWorkTrees(): Promise<void> {
    if (!this.#parts.context.workTrees || this.#disposed) return;
    const { WorkTreeActions } = await import('./workTreeActions.ts');
    await new WorkTreeActions(this.#parts).tidy.tidy();
  }

  /** Records what is old now; returns the time before which loops have been old for a day, and may go (R9.4). */
  async #observeAge(): Promise<number | undefined> {
    const { settings, clock } = this.#parts.context;
    const { maxAgeMs } = settings.retention;
    const seen = await this.#parts.transactions.take((unit) => {
      const { at = unit.now, old = [] } = unit.control.seen ?? {};
      const observed = observeOld(old, maxAgeMs, unit.now);
      if (observed !== old) unit.putControl({ ...unit.control, seen: { at, old: observed } });
      return observed;
    });
    return removableBefore(seen, maxAgeMs, clock.now());
  }

  /** Bounds what is kept of long-lived loops (R5.1). */
  async #forgetAttempts(): Promise<void> {
    const { liveState, transactions } = this.#parts;
    for (const { seq } of [...liveState.loops()].filter(hasTooMany)) {
      const old = await transactions.take((unit) => forgetOldAttempts(unit, seq), [['attempts', seq]]);
      await this.#removeRuns(old.map(({ token }) => token));
    }
  }

  /** Removes old logs that belong to no recorded attempt, such as those of loops whose removal was interrupted. */
  async #removeStrays(before: number): Promise<void> {
    const { store, launcher } = this.#parts.context;
    const old = await launcher.runsBefore(before);
    if (old.length === 0) return;
    const known = await store.knownTokens(old);
    await this.#removeRuns(old.filter((token) => !known.has(token)));
  }

  /** Removes the oldest loops until the logs of the rest take no more than they may. */
  async #limitLogs(): Promise<void> {
    const { store, launcher, settings } = this.#parts.context;
    const runs = await store.settledTokens(Number.MAX_SAFE_INTEGER);
    let over = -settings.retention.maxLogBytes;
    const sizes: number[] = [];
    for (const [index, { token }] of runs.entries()) {
      const bytes = launcher.logBytes(token);
      sizes.push(bytes);
      over += bytes;
      if (index % CHUNK === CHUNK - 1) await this.#pause();
    }
    const seqs = new Set<number>();
    for (let index = 0; index < runs.length && over > 0; index++) {
      seqs.add((runs[index] as { seq: number }).seq);
      over -= sizes[index] as number;
    }
    const oldest = [...seqs];
    for (let start = 0; start < oldest.length && !this.#disposed; start += CHUNK)
      await this.remove(oldest.slice(start, start + CHUNK));
  }

  /**
   * Ends what is left of runs that are recorded as ended, and says so once, in the history and the log (issue:
   * reaping).
   */
  async #reap(): Promise<void> {
    const { store, launcher, settings, log } = this.#parts.context;
    const runs = (await store.settledTokens(Number.MAX_SAFE_INTEGER)).slice(-REAPED_AT_START);
    if (runs.length === 0) return;
    const swept = await launcher.reap(
      runs.map((run) => run.token),
      settings.killGraceMs,
      settings.sweepKeep,
    );
    for (const { seq, token } of runs) {
      const processes = swept.get(token) ?? [];
      if (processes.length === 0 || this.#disposed) continue;
      const names = processes.map(({ pid, command }) => `${command} (${pid})`).join(', ');
      log(`Processes that were left of loop run ${token} have been ended: ${names}.`);
      const note = (unit: UnitOfWork) => {
        const loop = unit.tx.bySeq(seq);
        const why = `found later and ended: ${names}`;
        if (loop) unit.tx.addHistory(seq, { at: unit.now, from: loop.state, to: loop.state, why });
      };
      await this.#parts.transactions.take(note, [['bySeq', seq]]);
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#parts.context.clock.after(0, resolve));
  }
}
