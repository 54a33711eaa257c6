import type { Disposable } from '../../core/model/disposable.ts';
import type { LoopState } from '../../core/model/loop.ts';
import { toUsd } from '../../core/model/money.ts';
import type { Status } from '../../core/model/status.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { TimelineAttempt } from '../../core/ports/historyQueries.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { Coalescer } from '../window/coalescer.ts';
import { DEFAULT_RANGE_MS, type LiveFigures, MAX_ATTEMPTS, SPEND_DAYS, type ToDashboard } from './protocol.ts';

/** Between two updates of the attempts (ms). */
const PAUSE_MS = 500;
/** Attempts per read. */
const PAGE = 500;
const FINAL: readonly LoopState[] = ['completed', 'failed', 'cancelled'];
const DAY_MS = 24 * 3_600_000;

/** What the dashboard reads. */
export type DashboardSource = Pick<Supervisor, 'historyQueries' | 'spend' | 'finishedCount'>;

export interface DashboardDeps {
  source(): DashboardSource | undefined;
  status(): Status;
  readonly clock: Clock;
  post(message: ToDashboard): void;
  onError(error: unknown): void;
}

/**
 * Feeds one dashboard: everything once, then changes. It reads nothing while the page is hidden, and only attempts that
 * can have changed.
 */
export class DashboardSession implements Disposable {
  readonly #deps: DashboardDeps;
  #rangeMs = DEFAULT_RANGE_MS;
  #from = 0;
  /** The page has asked for its data. */
  #begun = false;
  #visible = true;
  #lastId = 0;
  /** Attempts that may still change: their loops are not final. */
  #open = new Set<number>();
  #finished = 0;
  #spent = '';
  #circuit = '';
  #older: Disposable | undefined;
  #status: Status;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #coalescer: Coalescer;

  constructor(deps: DashboardDeps) {
    this.#deps = deps;
    this.#status = deps.status();
    this.#coalescer = new Coalescer(() => this.#enqueue(() => this.#sendChanges()), PAUSE_MS, deps.clock);
  }

  /** Sends everything: how far back in ms, 0 for all there is. */
  show(rangeMs: number): void {
    this.#rangeMs = rangeMs;
    this.#begun = true;
    this.#status = this.#deps.status();
    this.#enqueue(() => this.#sendAll());
  }

  /** Something shown may have changed. */
  changed(status: Status): void {
    this.#status = status;
    if (this.#begun && this.#visible) this.#coalescer.ask();
  }

  /** A hidden page is destroyed; when it is shown again it requests everything. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (!visible) this.#begun = false;
  }

  dispose(): void {
    this.#visible = false;
    this.#older?.dispose();
    this.#coalescer.dispose();
  }

  /**
   * One message at a time, and none to a hidden page. If the store fails, the figures say so and the next beat retries.
   */
  #enqueue(work: () => Promise<void>): void {
    const unlessHidden = () => (this.#begun && this.#visible ? work() : undefined);
    this.#queue = this.#queue.then(unlessHidden).catch((error: unknown) => this.#deps.onError(error));
  }

  async #sendAll(): Promise<void> {
    const now = this.#deps.clock.now();
    this.#sendFigures(now);
    const source = this.#deps.source();
    if (!source) return;
    this.#from = this.#rangeMs === 0 ? 0 : now - this.#rangeMs;
    const [attempts, circuit] = await Promise.all([
      source.historyQueries.timeline({ from: this.#from, limit: PAGE }),
      source.historyQueries.circuitChanges(this.#from),
    ]);
    this.#open = new Set();
    this.#lastId = 0;
    this.#note(attempts);
    this.#finished = source.finishedCount().total;
    this.#circuit = circuitMark(this.#status);
    const complete = attempts.length < PAGE;
    this.#deps.post({
      type: 'timeline',
      range: { ms: this.#rangeMs, from: this.#from },
      attempts,
      circuit,
      complete,
    });
    this.#older?.dispose();
    if (!complete) this.#sendOlder(attempts);
    this.#spent = '';
    await this.#sendSpend(source, now);
  }

  /**
   * Sends the ones older than `newer` a page at a time, so that the thread is free in between. `sent`: number sent so
   * far.
   */
  #sendOlder(newer: readonly TimelineAttempt[], sent = newer.length): void {
    this.#older = this.#deps.clock.after(0, () => {
      this.#enqueue(async () => {
        const source = this.#deps.source();
        const beforeId = newer[0]?.id;
        if (!source || !this.#begun || beforeId === undefined) return;
        const attempts = await source.historyQueries.timeline({ from: this.#from, beforeId, limit: PAGE });
        this.#note(attempts);
        const complete = attempts.length < PAGE || sent + attempts.length >= MAX_ATTEMPTS;
        this.#deps.post({ type: 'older', attempts, complete });
        if (!complete) this.#sendOlder(attempts, sent + attempts.length);
      });
    });
  }

  async #sendChanges(): Promise<void> {
    const now = this.#deps.clock.now();
    this.#sendFigures(now);
    const source = this.#deps.source();
    if (!source) return;
    const finished = source.finishedCount().total;
    if (finished < this.#finished) {
      // Some were removed from the history.
      await this.#sendAll();
      return;
    }
    this.#finished = finished;
    const { historyQueries } = source;
    const [fresh, known] = await Promise.all([
      historyQueries.timeline({ from: this.#from, afterId: this.#lastId, limit: MAX_ATTEMPTS }),
      this.#open.size > 0 ? historyQueries.timelineOf([...this.#open]) : [],
    ]);
    const attempts = [...known, ...fresh];
    this.#note(attempts);
    if (attempts.length > 0) this.#deps.post({ type: 'attempts', attempts });
    const circuit = circuitMark(this.#status);
    if (circuit !== this.#circuit) {
      this.#circuit = circuit;
      this.#deps.post({ type: 'circuit', changes: await historyQueries.circuitChanges(this.#from) });
    }
    await this.#sendSpend(source, now);
  }

  #sendFigures(now: number): void {
    const failed = this.#deps.source()?.finishedCount().failed ?? 0;
    this.#deps.post({ type: 'figures', figures: figuresOf(this.#status, failed), now });
  }

  async #sendSpend(source: DashboardSource, now: number): Promise<void> {
    const { budget } = this.#status;
    const { clock } = this.#deps;
    const mark = `${clock.day(now)} ${budget.spent} ${budget.unknown} ${budget.limit}`;
    if (mark === this.#spent) return;
    this.#spent = mark;
    const days = lastDays(clock, now, SPEND_DAYS);
    const rows = (await source.spend(days[0] ?? clock.day(now))).map(({ day, agent, cost, estimated }) => ({
      day,
      agent,
      usd: toUsd(cost),
      estimatedUsd: toUsd(estimated),
    }));
    this.#deps.post({ type: 'spend', rows, days, limit: budget.limit });
  }

  #note(attempts: readonly TimelineAttempt[]): void {
    for (const { id, state } of attempts) {
      this.#lastId = Math.max(this.#lastId, id);
      if (FINAL.includes(state)) this.#open.delete(id);
      else this.#open.add(id);
    }
  }
}

function circuitMark({ circuit }: Status): string {
  return `${circuit.state} ${circuit.openedAt ?? ''}`;
}

function figuresOf(status: Status, failed: number): LiveFigures {
  return {
    running: status.concurrencyUsed,
    slots: status.concurrencyMax,
    queued: status.queueDepth,
    queueMax: status.queueMax,
    backingOff: status.backingOff.length,
    waiting: status.waiting.filter((loop) => loop.for !== 'you').length,
    needing: status.waiting.filter((loop) => loop.for === 'you').length,
    failed,
    paused: status.paused,
    circuit: status.circuit,
    budget: status.budget,
    windows: status.accounts.flatMap(({ account, windows }) => windows.map((window) => ({ account, window }))),
    ...(status.notReady === undefined ? {} : { notReady: status.notReady }),
  };
}

/** The last calendar days up to today, oldest first. */
function lastDays(clock: Clock, now: number, n: number): string[] {
  const days = new Set<string>();
  // Noon to noon: a day of 23 or 25 hours is neither left out nor counted twice.
  const noon = clock.nextDay(now) - DAY_MS / 2;
  for (let i = n - 1; i >= 0; i--) days.add(clock.day(noon - i * DAY_MS));
  return [...days];
}
