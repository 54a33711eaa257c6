import type { Disposable } from '../model/disposable.ts';
import type { ActiveLoop } from '../model/loop.ts';
import { TRY_AGAIN_MS } from '../ports/clock.ts';
import type { RunEnd, RunOutput, RunStarted, SilenceWarning } from '../ports/launcher.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LiveState } from '../state/liveState.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { applyOutput, settle } from '../steps/settle.ts';
import type { Listeners } from './listeners.ts';
import { RetryLog } from './retryLog.ts';
import type { RunMonitor, RunMonitorEvents } from './runMonitor.ts';
import type { TransactionQueue } from './transactionQueue.ts';

/** Writes down what the followed runs tell, and passes on what is only shown. */
export class RunRecorder implements RunMonitorEvents, Disposable {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #transactions: TransactionQueue;
  readonly #listeners: Listeners;
  #disposed = false;

  constructor(context: SupervisorContext, liveState: LiveState, transactions: TransactionQueue, listeners: Listeners) {
    this.#context = context;
    this.#liveState = liveState;
    this.#transactions = transactions;
    this.#listeners = listeners;
  }

  started(run: RunMonitor, { leader, guardian }: RunStarted): void {
    this.#writeDown(run, 'take', (unit, loop) => {
      unit.putAttempt(loop, { ...loop.attempt, leader, ...(guardian && { guardian }) });
    });
  }

  output(run: RunMonitor, output: RunOutput): void {
    this.#writeDown(run, 'take', (unit, loop) => {
      applyOutput(unit, loop, output);
    });
  }

  ended(run: RunMonitor, end: RunEnd): void {
    this.#writeDown(run, 'takeAndDispatch', (unit, loop) => {
      const readNothingNew = end.last.to === loop.attempt.readOffset && end.last.events.length === 0;
      const read = readNothingNew ? loop : applyOutput(unit, loop, end.last);
      // Output that is behind what was read counts for nothing, and yet the run is over.
      settle(unit, read ?? loop, end, run.summary);
    });
  }

  activity(): void {
    this.#listeners.changed();
  }

  silent(run: RunMonitor, warning: SilenceWarning | undefined): void {
    const loopId = this.#liveState.get(run.seq)?.loopId;
    if (loopId !== undefined && warning) {
      this.#listeners.tell({ type: 'loop:silent', at: this.#context.clock.now(), loopId, ...warning });
    }
    this.#listeners.changed();
  }

  /** What is not written down yet is left to whoever follows the run next. */
  dispose(): void {
    this.#disposed = true;
  }

  /**
   * Writes what a run has told, as long as this window follows it: in order, so a store that refuses is asked again before what comes next.
   * Nothing is lost meanwhile: the facts lie in the run folder.
   */
  #writeDown(
    run: RunMonitor,
    take: 'take' | 'takeAndDispatch',
    work: (unit: UnitOfWork, loop: ActiveLoop) => void,
  ): void {
    const { clock, window } = this.#context;
    const retryLog = new RetryLog(this.#context);
    run.writes = run.writes.then(async () => {
      while (!this.#disposed) {
        try {
          await this.#transactions[take]((unit) => {
            const loop = unit.liveState.get(run.seq);
            if (run.isOf(loop, window.id)) work(unit, loop);
          });
          retryLog.withdraw();
          return;
        } catch (error) {
          retryLog.make(`What attempt ${run.token} told could not be written down`, error);
          await new Promise<void>((resolve) => clock.after(TRY_AGAIN_MS, resolve));
        }
      }
    });
  }
}
