import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { LedgerRow } from '../../core/model/history.ts';
import { isActive, isFinished, type Loop } from '../../core/model/loop.ts';
import type { NanoUsd } from '../../core/model/money.ts';
import type { DaySpend, TransactionReads } from '../../core/ports/store.ts';
import { unknownPart } from '../rows/ledgerRow.ts';
import { ESTIMATED_FROM, hasKnownCost, medianOf } from '../rows/median.ts';
import { type LoadedReads, MissingRead } from './reads.ts';
import type { Replica } from './replica.ts';
import { Writes } from './writes.ts';

/**
 * What a transaction reads: its own writes, on top of the replica, on top of what was loaded. A read that was not
 * loaded throws `MissingRead`.
 */
export class DraftReads implements TransactionReads {
  readonly writes = new Writes();
  protected readonly replica: Replica;
  readonly #loaded: LoadedReads;
  /** The transaction has ended: nothing more may be read or written. */
  protected isOver = false;
  /** The first read that was missing, even if the work swallowed the error. */
  missing: MissingRead | undefined;

  constructor(replica: Replica, loaded: LoadedReads) {
    this.replica = replica;
    this.#loaded = loaded;
  }

  day(day: string): DaySpend {
    this.mustBeOpen();
    return this.spendOn(day);
  }

  /** What was spent and marked on a day, also once the transaction has ended. */
  protected spendOn(day: string): DaySpend {
    const { day: latest } = this.replica;
    const isLatest = latest?.day === day;
    // Nothing can be known of a day after the latest one.
    const known = isLatest || latest === undefined || latest.day < day;
    const base = isLatest
      ? latest
      : known
        ? { day, spent: 0, unknown: 0, warned: false, exceeded: false }
        : this.load('day', day);
    const own = this.writes.ledger.filter(({ row }) => row.day === day);
    const unknown = own.reduce((sum, { row }) => sum + unknownPart(row), base.unknown);
    const spent = own.reduce((sum, { row }) => sum + row.cost - unknownPart(row), base.spent);
    const { warned, exceeded } = this.writes.marks.get(day) ?? base;
    return { day, spent, unknown, warned, exceeded };
  }

  latest(loopId: string): Loop | undefined {
    this.mustBeOpen();
    const live = this.seqOf(loopId);
    if (live !== undefined && live !== this.replica.unreadable(loopId)) return this.bySeq(live);
    const own = [...this.writes.loops.values()].findLast(({ loop }) => loop.loopId === loopId)?.loop;
    if (own) return own;
    const found = this.load('latest', loopId);
    return found && this.bySeq(found.seq, found);
  }

  bySeq(seq: number, known?: Loop): Loop | undefined {
    this.mustBeOpen();
    if (this.writes.removed.has(seq)) return undefined;
    const own = this.writes.loops.get(seq)?.loop;
    const loop = own ?? this.replica.loops.get(seq) ?? known ?? this.load('bySeq', seq);
    return loop && this.withAttempt(loop);
  }

  prompt(seq: number): string {
    this.mustBeOpen();
    return this.writes.removed.has(seq) ? '' : (this.writes.prompts.get(seq) ?? this.load('prompt', seq));
  }

  attempts(seq: number): Attempt[] {
    this.mustBeOpen();
    const own = new Map(
      [...this.writes.attempts.values()].filter((one) => one.seq === seq).map(({ attempt }) => [attempt.id, attempt]),
    );
    const stored = this.isNew(seq) ? [] : this.load('attempts', seq);
    const others = stored.filter(({ id }) => !own.has(id));
    return this.writes.removed.has(seq) ? [] : [...others, ...own.values()].sort((a, b) => a.id - b.id);
  }

  ledger(seq: number): LedgerRow[] {
    this.mustBeOpen();
    if (this.writes.removed.has(seq)) return [];
    const stored = this.isNew(seq) ? [] : this.load('ledger', seq);
    return [...stored, ...this.writes.ledger.filter(({ row }) => row.seq === seq).map(({ row }) => row)];
  }

  checks(seq: number): CheckResult[] {
    this.mustBeOpen();
    if (this.writes.removed.has(seq)) return [];
    const stored = this.isNew(seq) ? [] : this.load('checks', seq);
    return [...stored, ...this.writes.checks.filter((own) => own.seq === seq).map(({ result }) => result)];
  }

  medianCost(agent: string): NanoUsd | undefined {
    this.mustBeOpen();
    const own = [...this.writes.loops.values()].map(({ loop }) => loop);
    const others = this.load('medianCost', agent).filter(
      ({ seq }) => !this.writes.loops.has(seq) && !this.writes.removed.has(seq),
    );
    const ours = own.filter(isFinished).filter((loop) => loop.agent === agent && hasKnownCost(loop));
    const newest = [...others, ...ours].sort((a, b) => b.finishedAt - a.finishedAt || b.seq - a.seq);
    return medianOf(newest.slice(0, ESTIMATED_FROM).map(({ cost }) => cost));
  }

  claimed(key: string): boolean {
    this.mustBeOpen();
    return this.writes.claims.has(key) || this.load('claimed', key);
  }

  // ── What writes need to know ─────────────────────────────────────────────────────────────────────────────────

  /** An attempt with the `seq` of its loop. */
  protected attempt(id: number): { readonly seq: number; readonly attempt: Attempt } | undefined {
    return this.writes.attempts.get(id) ?? this.replica.attempt(id) ?? this.load('attempt', id);
  }

  /** An active loop has its attempt as it is stored, whatever the saved record says of it. */
  protected withAttempt(loop: Loop): Loop {
    if (!isActive(loop)) return loop;
    const { id } = loop.attempt;
    const stored = (this.writes.attempts.get(id) ?? this.replica.attempt(id))?.attempt;
    return stored ? { ...loop, attempt: stored } : loop;
  }

  /** The row that holds a live id. */
  protected seqOf(loopId: string): number | undefined {
    for (const { loop } of this.writes.loops.values()) if (loop.loopId === loopId && !isFinished(loop)) return loop.seq;
    const seq = this.replica.seqOf(loopId);
    const own = seq === undefined ? undefined : this.writes.loops.get(seq);
    return own ? undefined : seq;
  }

  /** Whether this transaction has added the loop. */
  protected isNew(seq: number): boolean {
    return this.writes.loops.get(seq)?.isNew ?? false;
  }

  /** Whether the ledger has that row, by its key: each counts once (R6.6). */
  protected hasLedgerKey({ seq, key }: LedgerRow): boolean {
    if (this.writes.ledger.some(({ row }) => row.seq === seq && row.key === key)) return true;
    if (this.isNew(seq)) return false;
    const known = this.replica.ledgerKeys(seq);
    if (known) return known.has(key);
    const keys = this.load('ledgerKeys', seq);
    this.replica.keepLedgerKeys(seq, keys);
    return keys.includes(key);
  }

  protected readonly load: LoadedReads['get'] = (name, key) => {
    try {
      return this.#loaded.get(name, key);
    } catch (error) {
      if (error instanceof MissingRead) this.missing ??= error;
      throw error;
    }
  };

  protected mustBeOpen(): void {
    if (this.isOver) throw new Error('A transaction was used after its work had returned.');
  }
}
