import type { Attempt, StopBy, StopIntent } from '../model/attempt.ts';
import type { Disposable } from '../model/disposable.ts';
import { NOTHING_LEFT } from '../model/leftovers.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { TRY_AGAIN_MS } from '../ports/clock.ts';
import type { RunControl, RunEnd } from '../ports/launcher.ts';
import type { LoopOwnership } from '../state/loopOwnership.ts';
import type { Launch } from '../state/unitOfWork.ts';
import { RetryLog } from './retryLog.ts';
import { RunMonitor, type RunSinks } from './runMonitor.ts';
import { adoptRequest, followedAs, launchRequest } from './runRequest.ts';
import { Timer } from './timer.ts';
import { tryOrLog } from './tryOrLog.ts';

/**
 * The runs that this host follows: those it launched and those it adopted. Gives orders to the runs of other hosts too.
 */
export class RunRegistry implements Disposable {
  readonly #sinks: RunSinks;
  readonly #ownership: LoopOwnership;
  /** By the ids of their attempts. */
  readonly #runs = new Map<number, RunMonitor>();
  /** Adoptions that need the store first, by the ids of their attempts. */
  readonly #adoptions = new Map<number, 'reading' | 'failed'>();
  readonly #again: Timer;
  readonly #retryLog: RetryLog;
  #disposed = false;

  constructor(sinks: RunSinks, ownership: LoopOwnership) {
    this.#sinks = sinks;
    this.#ownership = ownership;
    this.#again = new Timer(sinks.context.clock);
    this.#retryLog = new RetryLog(sinks.context);
  }

  /** The run of an active loop, if this host follows it. */
  of(loop: ActiveLoop): RunMonitor | undefined {
    return this.#runs.get(loop.attempt.id);
  }

  /** Whether this host follows the run of an attempt. */
  follows(attemptId: number): boolean {
    return this.#runs.has(attemptId);
  }

  /** Gives orders to a run, whichever window follows it. */
  control(loop: ActiveLoop): RunControl {
    return this.of(loop)?.run ?? this.#sinks.context.launcher.control(loop.attempt.token);
  }

  /** Sends the stop of an active loop to its guardian. */
  sendStop(loop: ActiveLoop, by: StopBy): void {
    // What holds too much memory must not go on growing while it is asked to end.
    this.control(loop).stop(by, by === 'memory' ? 0 : this.#sinks.context.settings.killGraceMs);
    const run = this.of(loop);
    if (run) run.stopSent = loop.attempt.stop ?? { by, at: this.#sinks.context.clock.now() };
  }

  /** Starts an attempt that has been committed. */
  launch(launch: Launch): void {
    const run = this.#newRun(launch.loop, launch.profile.hasCost);
    this.#runs.set(run.attemptId, run);
    try {
      const request = launchRequest(this.#sinks.context, launch);
      const { snapshots } = this.#sinks;
      const withSnapshot = { ...request, ...(snapshots.canBeTaken && { before: () => run.takeBefore() }) };
      run.follow(this.#sinks.context.launcher.launch(withSnapshot, run));
    } catch (error) {
      run.ended(neverStarted(error, this.#sinks.context.clock.now()));
    }
  }

  /**
   * Follows the runs that the store assigns to this host: releases, adopts, passes stops on. Failures are retried soon.
   */
  readonly reconcile = (): void => {
    const { window } = this.#sinks.context;
    let done = true;
    const carry = (work: () => void, what: string) => {
      try {
        work();
      } catch (error) {
        this.#tryAgain(what, error);
        done = false;
      }
    };
    for (const [id, state] of this.#adoptions) if (state === 'failed') this.#adoptions.delete(id);
    for (const run of [...this.#runs.values()]) {
      const loop = this.#sinks.liveState.get(run.seq);
      if (!run.isOf(loop)) carry(() => this.#drop(run), `Attempt ${run.token} could not be released`);
      else if (!run.hasEnded) {
        const { stop } = loop.attempt;
        if (stop) carry(() => this.#passStopOn(loop, stop, run), `The stop of attempt ${run.token} could not be sent`);
        if (loop.asking)
          carry(() => run.passAnswersOn(loop), `An answer to attempt ${run.token} could not be passed on`);
      }
    }
    for (const loop of this.#sinks.liveState.active.values()) {
      const { id, token, windowId, resumed } = loop.attempt;
      if (windowId !== window.id || this.of(loop) || this.#adoptions.get(id) === 'reading') continue;
      if (resumed) void this.#adoptResumed(loop);
      else carry(() => this.#adopt(loop, []), `Attempt ${token} could not be adopted`);
    }
    if (done && this.#adoptions.size === 0) this.#retryLog.withdraw();
  };

  /** The window closes: with a number the runs stop after that many ms unless a window with their folder takes over. */
  leave(stopAfterMs: number | undefined): void {
    for (const loop of this.#sinks.liveState.active.values()) {
      if (loop.attempt.windowId !== this.#sinks.context.window.id) continue;
      tryOrLog(
        this.#sinks.context,
        () => this.control(loop).leave(stopAfterMs),
        `Attempt ${loop.attempt.token} could not be told that its window goes.`,
      );
    }
  }

  /** Stops following all runs; they go on. */
  dispose(): void {
    this.#disposed = true;
    this.#again.dispose();
    for (const run of [...this.#runs.values()])
      tryOrLog(this.#sinks.context, () => this.#drop(run), `Attempt ${run.token} could not be released.`);
  }

  #tryAgain(what: string, error: unknown): void {
    this.#retryLog.make(what, error);
    this.#again.set(TRY_AGAIN_MS, this.reconcile);
  }

  /**
   * Adopts an attempt that continues a session. First it reads that session's earlier attempts; meanwhile the loop may
   * move on.
   */
  async #adoptResumed({ seq, attempt }: ActiveLoop): Promise<void> {
    const { context, liveState } = this.#sinks;
    this.#adoptions.set(attempt.id, 'reading');
    try {
      const attempts = await context.store.attempts(seq);
      const loop = liveState.active.get(seq);
      const isOurs = loop?.attempt.id === attempt.id && loop.attempt.windowId === context.window.id;
      if (isOurs && !this.#disposed && !this.of(loop)) this.#adopt(loop, attempts);
      this.#adoptions.delete(attempt.id);
    } catch (error) {
      this.#adoptions.set(attempt.id, 'failed');
      if (!this.#disposed) this.#tryAgain(`Attempt ${attempt.token} could not be adopted`, error);
      return;
    }
    if (!this.#disposed) this.reconcile();
  }

  #adopt(loop: ActiveLoop, attempts: readonly Attempt[]): void {
    const profile = followedAs(this.#sinks.context, loop);
    const run = this.#newRun(loop, profile.hasCost);
    run.follow(
      this.#sinks.context.launcher.adopt(
        adoptRequest(this.#sinks.context, loop, profile, attempts),
        run,
        this.#ownership.hostOf(loop) === 'here',
      ),
    );
    // Not before it is followed: one whose adoption failed would never be tried again, and would hold its slot for
    // ever.
    this.#runs.set(run.attemptId, run);
    // A stop that was recorded but not carried out is completed, whoever asked for it.
    if (loop.attempt.stop) this.sendStop(loop, loop.attempt.stop.by);
  }

  #newRun(loop: ActiveLoop, hasCost: boolean): RunMonitor {
    return new RunMonitor(loop, hasCost, this.#sinks);
  }

  #drop(run: RunMonitor): void {
    this.#runs.delete(run.attemptId);
    run.release();
  }

  #passStopOn(loop: ActiveLoop, stop: StopIntent, { stopSent }: RunMonitor): void {
    if (stop.signal !== undefined || (stopSent?.at === stop.at && stopSent.by === stop.by)) return;
    this.sendStop(loop, stop.by);
  }
}

/** The end of an attempt that could not be launched. */
function neverStarted(error: unknown, at: number): RunEnd {
  const last = { from: 0, to: 0, events: [], readerState: null };
  const why = error instanceof Error ? error.message : String(error);
  return {
    kind: 'void',
    trouble: 'machine',
    exit: {},
    at,
    error: why,
    ...NOTHING_LEFT,
    last,
    hadOutput: false,
    errorLine: '',
  };
}
