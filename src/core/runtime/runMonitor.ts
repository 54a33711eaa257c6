import type { StopIntent } from '../model/attempt.ts';
import { type ActiveLoop, isActive, type LiveLoop } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { AskedQuestion } from '../model/question.ts';
import type { Activity } from '../model/status.ts';
import { isNearLimit } from '../policy/memory.ts';
import { isProgress } from '../policy/progress.ts';
import { TRY_AGAIN_MS } from '../ports/clock.ts';
import type { LiveLines, Run, RunEnd, RunObserver, RunOutput, RunStarted, SilenceWarning } from '../ports/launcher.ts';
import { originIn, type SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { accruedAfter, applyOutput, isAccrualNews, isDurable } from '../steps/applyOutput.ts';
import { bookmarkOf, summaryIn } from '../steps/bookmark.ts';
import { awaitsProgress, noteProgress } from '../steps/holds.ts';
import { noteQuestions } from '../steps/questions.ts';
import { type RunSummary, withEvents } from '../steps/runSummary.ts';
import { settle } from '../steps/settle.ts';
import { ActivityLog } from './activity.ts';
import type { Listeners } from './listeners.ts';
import { RetryLog } from './retryLog.ts';
import type { RunSnapshots } from './runSnapshots.ts';
import type { TransactionQueue } from './transactionQueue.ts';

/** How much output (bytes) may be read without being stored: after a crash it is read again. */
const UNSTORED_BYTES = 4 * 1024 * 1024;

/** What a monitor needs to store and to show what its run says. */
export interface RunSinks {
  readonly context: SupervisorContext;
  readonly liveState: LiveState;
  readonly transactions: TransactionQueue;
  readonly listeners: Listeners;
  readonly snapshots: RunSnapshots;
}

/** Follows one run: stores what it says in order, settles it when it ends, and shows what it does meanwhile. */
export class RunMonitor implements RunObserver {
  readonly seq: number;
  readonly attemptId: number;
  readonly token: string;
  /** The last stop that its guardian was sent. */
  stopSent: StopIntent | undefined;
  /** It has ended; its settlement is under way. */
  hasEnded = false;
  readonly #sinks: RunSinks;
  readonly #activity = new ActivityLog();
  #hasAsked = false;
  /** Questions whose answers were passed on. */
  readonly #answered = new Set<string>();
  #summary: RunSummary;
  #run: Run | undefined;
  #isReleased = false;
  /** What it says is stored one piece after another. */
  #stored: Promise<void> = Promise.resolve();
  /** Up to where the output is stored, or about to be. */
  #storedTo: number;
  /** What the attempt has accrued, and what of that is stored or about to be (R6.10). */
  #accrued: NanoUsd;
  #storedAccrued: NanoUsd;
  /** Since when it has shown progress: wall time, ms. */
  #progressSince: number | undefined;
  /** The session that we chose, until the agent's first words show that it exists. */
  #chosenSession: string | undefined;

  constructor(loop: ActiveLoop, hasCost: boolean, sinks: RunSinks) {
    this.seq = loop.seq;
    this.attemptId = loop.attempt.id;
    this.token = loop.attempt.token;
    this.#sinks = sinks;
    this.#storedTo = loop.attempt.readOffset;
    this.#accrued = loop.attempt.accrued;
    this.#storedAccrued = loop.attempt.accrued;
    this.#summary = { ...summaryIn(loop.attempt.readerState), hasCost };
    if (loop.sessionId !== loop.attempt.sessionId) this.#chosenSession = loop.attempt.sessionId;
  }

  /** The run itself, once it has been launched or adopted. */
  follow(run: Run): void {
    this.#run = run;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get activity(): Activity {
    return this.#activity.current;
  }

  /** Whether this is the present attempt of that loop, and this host still the one that follows it. */
  isOf(loop: LiveLoop | undefined): loop is ActiveLoop {
    if (loop === undefined || !isActive(loop)) return false;
    return loop.attempt.id === this.attemptId && loop.attempt.windowId === this.#sinks.context.window.id;
  }

  /** Restarts its silence deadlines. */
  keepWaiting(): void {
    this.#run?.keepWaiting();
    this.silent(undefined);
  }

  /** Stops following the run, which goes on. What is not stored yet is left to the next host that follows it. */
  release(): void {
    this.#isReleased = true;
    this.#run?.release();
    this.#run = undefined;
  }

  /** Takes the snapshot before it (R12.3). */
  async takeBefore(): Promise<void> {
    const loop = this.#sinks.liveState.get(this.seq);
    if (!this.isOf(loop)) return;
    const treeBefore = await this.#sinks.snapshots.before(loop);
    if (treeBefore === undefined) return;
    this.#store((unit, current) => {
      unit.putAttempt(current, { ...current.attempt, treeBefore });
    });
  }

  started({ leader, guardian, containment }: RunStarted): void {
    this.#store((unit, loop) => {
      const facts = { leader, ...(guardian && { guardian }), ...(containment && { containment }) };
      unit.putAttempt(loop, { ...loop.attempt, ...facts });
    });
  }

  output(heard: RunOutput): void {
    const output = this.#withSession(heard);
    this.#hear(output);
    this.#accrued = accruedAfter(output.events, this.#accrued);
    const isNews = output.events.some(isDurable) || isAccrualNews(this.#accrued, this.#storedAccrued);
    if (isNews || output.anew || output.to - this.#storedTo > UNSTORED_BYTES) {
      this.#storedTo = output.to;
      this.#storedAccrued = this.#accrued;
      const bookmarked = this.#bookmarked(output);
      this.#store((unit, loop) => {
        applyOutput(unit, loop, bookmarked);
      });
    }
    this.#noteProgress(output);
    this.#sinks.listeners.changed();
  }

  silent(warning: SilenceWarning | undefined): void {
    const { liveState, listeners, context } = this.#sinks;
    this.#activity.silent(warning?.forMs);
    const loopId = liveState.get(this.seq)?.loopId;
    if (loopId !== undefined && warning)
      listeners.report({ type: 'loop:silent', ...originIn(context), loopId, ...warning });
    listeners.changed();
  }

  unseen(why: string | undefined): void {
    this.#activity.unseen(why);
    this.#sinks.listeners.changed();
  }

  /** Its processes hold so much memory together, bytes; undefined if unknown. `limit`: 0 for none (R13.2). */
  memory(held: number | undefined, limit: number): void {
    const near = held !== undefined && isNearLimit(held, limit) ? { held, limit } : undefined;
    if (this.#activity.nearMemory(near)) this.#sinks.listeners.changed();
  }

  lines(lines: LiveLines): void {
    this.#activity.lines(lines);
    this.#sinks.listeners.changed();
  }

  asking(questions: readonly AskedQuestion[]): void {
    // Most runs never ask anything, which is no news.
    this.#hasAsked ||= questions.length > 0 || this.#sinks.liveState.get(this.seq)?.asking !== undefined;
    if (!this.#hasAsked) return;
    this.#store((unit, loop) => noteQuestions(unit, loop, questions));
  }

  /** Passes on what was answered and was not passed on yet. */
  passAnswersOn(loop: ActiveLoop): void {
    for (const { id, answer } of loop.asking ?? []) {
      if (!answer || !this.#run || this.#answered.has(id)) continue;
      this.#run.answer(id, answer);
      this.#answered.add(id);
    }
  }

  ended(end: RunEnd): void {
    this.#hear(end.last);
    this.hasEnded = true;
    const loop = this.#sinks.liveState.get(this.seq);
    const { snapshots } = this.#sinks;
    if (!this.isOf(loop) || !snapshots.canBeTaken || end.kind === 'void') this.#settle(end);
    // Should this host go meanwhile, the next one hears of the end again.
    else void snapshots.after(loop).then((after) => this.#settle({ ...end, ...after }));
  }

  #settle(end: RunEnd): void {
    const last = this.#bookmarked(end.last);
    const settled = (unit: UnitOfWork, loop: ActiveLoop) => {
      const isNews = last.to !== loop.attempt.readOffset || last.events.length > 0;
      // Output behind the stored position is not counted, and yet the run is over.
      settle(unit, (isNews && applyOutput(unit, loop, last)) || loop, { ...end, last }, this.#summary);
    };
    this.#store(settled, true);
  }

  #hear({ events }: RunOutput): void {
    this.#activity.hear(events, this.#sinks.context.clock.now());
    this.#summary = withEvents(this.#summary, events);
  }

  /** Where others wait for a sign that this run can work, stores that it does (R4.1, R14.2). */
  #noteProgress({ events }: RunOutput): void {
    if (!events.some(isProgress)) return;
    const { context, liveState } = this.#sinks;
    const now = context.clock.now();
    const since = Math.min(this.#progressSince ?? now, now);
    this.#progressSince = since;
    const loop = liveState.get(this.seq);
    if (!this.isOf(loop) || !awaitsProgress(liveState, loop, now - since)) return;
    this.#store((unit, current) => noteProgress(unit, current, now - since), true);
  }

  #withSession(output: RunOutput): RunOutput {
    const sessionId = this.#chosenSession;
    if (sessionId === undefined || output.events.length === 0) return output;
    this.#chosenSession = undefined;
    return { ...output, events: [{ type: 'session', sessionId }, ...output.events] };
  }

  #bookmarked(output: RunOutput): RunOutput {
    return { ...output, readerState: bookmarkOf(output, this.#summary) };
  }

  /**
   * Stores what the run said for as long as this host follows it, in order: a store that refuses is tried again before
   * the next piece. Nothing is lost meanwhile: the facts lie in the run folder.
   */
  #store(work: (unit: UnitOfWork, loop: ActiveLoop) => void, mayStartOthers = false): void {
    const { context, transactions } = this.#sinks;
    const apply = (unit: UnitOfWork) => {
      const loop = unit.liveState.get(this.seq);
      if (this.isOf(loop)) work(unit, loop);
    };
    const retryLog = new RetryLog(context);
    this.#stored = this.#stored.then(async () => {
      while (!this.#isReleased) {
        try {
          await (mayStartOthers ? transactions.takeAndDispatch(apply) : transactions.take(apply));
          retryLog.withdraw();
          return;
        } catch (error) {
          retryLog.make(`What attempt ${this.token} said could not be stored`, error);
          await new Promise<void>((resolve) => context.clock.after(TRY_AGAIN_MS, resolve));
        }
      }
    });
  }
}
