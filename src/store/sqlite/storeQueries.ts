import type { Attempt } from '../../core/model/attempt.ts';
import type { CheckResult } from '../../core/model/check.ts';
import type { LedgerRow, Transition } from '../../core/model/history.ts';
import type { FinishedLoop, Loop } from '../../core/model/loop.ts';
import type {
  AccountCost,
  CircuitChange,
  FinishedQuery,
  LoopCost,
  SettledToken,
  SpendRow,
  TimelineAttempt,
  TimelineQuery,
} from '../../core/ports/historyQueries.ts';
import type { Arrival, Departure } from '../rows/departureRow.ts';
import type { ChangeFeed } from './changeFeed.ts';
import type { IncrementalVacuum } from './incrementalVacuum.ts';
import type { OpenDatabase } from './openDatabase.ts';
import type { Tables } from './tables.ts';

/** An open database with its statements. */
export interface OpenedStore extends OpenDatabase {
  readonly tables: Tables;
  readonly feed: ChangeFeed;
  readonly incrementalVacuum: IncrementalVacuum;
}

/** What a store is asked outside of its transactions: each query is one call of one table. */
export abstract class StoreQueries {
  /** Calls `query` with the open database. Throws a `StoreError` where there is none. */
  protected abstract use<T>(query: (opened: OpenedStore) => T): T;

  finishedCount(): { readonly total: number; readonly failed: number } {
    const { finished: total, failed } = this.use(({ tables }) => tables.changes.counts());
    return { total, failed };
  }

  permanentlyFailed(limit: number): string[] {
    return this.use(({ tables }) => tables.summaries.permanentlyFailed(limit));
  }

  async latest(loopId: string): Promise<Loop | undefined> {
    return this.use(({ connection, tables }) => connection.snapshot(() => tables.loops.latest(loopId)));
  }

  async bySeq(seq: number): Promise<Loop | undefined> {
    return this.use(({ connection, tables }) => connection.snapshot(() => tables.loops.bySeq(seq)));
  }

  async prompt(seq: number): Promise<string> {
    return this.use(({ tables }) => tables.prompts.get(seq));
  }

  async attempts(seq: number): Promise<Attempt[]> {
    return this.use(({ tables }) => tables.attempts.ofLoop(seq));
  }

  async history(seq: number): Promise<Transition[]> {
    return this.use(({ tables }) => tables.history.ofLoop(seq));
  }

  async checks(seq: number): Promise<CheckResult[]> {
    return this.use(({ tables }) => tables.checks.ofLoop(seq));
  }

  async ledger(seq: number): Promise<LedgerRow[]> {
    return this.use(({ tables }) => tables.ledger.ofLoop(seq));
  }

  async piece(transfer: string, n: number): Promise<string | undefined> {
    return this.use(({ tables }) => tables.pieces.get(transfer, n));
  }

  async finished(query: FinishedQuery): Promise<FinishedLoop[]> {
    return this.use(({ tables }) => tables.finished.list(query));
  }

  async spend(fromDay: string): Promise<SpendRow[]> {
    return this.use(({ tables }) => tables.ledger.spend(fromDay));
  }

  async spendByLoop(day: string, limit: number): Promise<LoopCost[]> {
    return this.use(({ tables }) => tables.ledger.byLoop(day, limit));
  }

  async spendByAccount(day: string): Promise<AccountCost[]> {
    return this.use(({ tables }) => tables.ledger.byAccount(day));
  }

  async settledTokens(limit: number): Promise<SettledToken[]> {
    return this.use(({ tables }) => tables.summaries.settledTokens(limit));
  }

  async knownTokens(tokens: readonly string[]): Promise<ReadonlySet<string>> {
    return this.use(({ tables }) => tables.summaries.knownTokens(tokens));
  }

  async timeline(query: TimelineQuery): Promise<TimelineAttempt[]> {
    return this.use(({ tables }) => tables.timeline.since(query));
  }

  async timelineOf(ids: readonly number[]): Promise<TimelineAttempt[]> {
    return this.use(({ tables }) => tables.timeline.of(ids));
  }

  async circuitChanges(from: number): Promise<CircuitChange[]> {
    return this.use(({ tables }) => tables.head.circuitChanges(from));
  }

  async arrivals(source: string): Promise<Arrival[]> {
    return this.use(({ tables }) => tables.moves.arrivals(source));
  }

  async departures(): Promise<Departure[]> {
    return this.use(({ tables }) => tables.moves.departures());
  }
}
