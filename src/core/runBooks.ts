import { type Disposable, TRY_AGAIN_MS } from './clock.ts';
import { Complaint } from './complaint.ts';
import type { SupervisorContext } from './context.ts';
import type { FollowedRun, FollowedRunEvents } from './followedRun.ts';
import type { Listeners } from './listeners.ts';
import type { ActiveLoop } from './loop.ts';
import type { LiveMirror } from './mirror.ts';
import type { RunEnd, RunOutput, RunStarted, SilenceWarning } from './processPort.ts';
import { applyOutput, settle } from './settle.ts';
import type { Turn } from './turn.ts';
import type { Turns } from './turns.ts';

/** Writes down what the followed runs tell, and passes on what is only shown. */
export class RunBooks implements FollowedRunEvents, Disposable {
  readonly #context: SupervisorContext;
  readonly #mirror: LiveMirror;
  readonly #turns: Turns;
  readonly #listeners: Listeners;
  #disposed = false;

  constructor(context: SupervisorContext, mirror: LiveMirror, turns: Turns, listeners: Listeners) {
    this.#context = context;
    this.#mirror = mirror;
    this.#turns = turns;
    this.#listeners = listeners;
  }

  started(run: FollowedRun, { leader, guardian }: RunStarted): void {
    this.#writeDown(run, 'take', (turn, loop) => {
      turn.putAttempt(loop, { ...loop.attempt, leader, ...(guardian && { guardian }) });
    });
  }

  output(run: FollowedRun, output: RunOutput): void {
    this.#writeDown(run, 'take', (turn, loop) => {
      applyOutput(turn, loop, output);
    });
  }

  ended(run: FollowedRun, end: RunEnd): void {
    this.#writeDown(run, 'takeAndDispatch', (turn, loop) => {
      const readNothingNew = end.last.to === loop.attempt.readOffset && end.last.events.length === 0;
      const read = readNothingNew ? loop : applyOutput(turn, loop, end.last);
      // Output that is behind what was read counts for nothing, and yet the run is over.
      settle(turn, read ?? loop, end, run.report);
    });
  }

  activity(): void {
    this.#listeners.changed();
  }

  silent(run: FollowedRun, warning: SilenceWarning | undefined): void {
    const loopId = this.#mirror.get(run.seq)?.loopId;
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
  #writeDown(run: FollowedRun, take: 'take' | 'takeAndDispatch', work: (turn: Turn, loop: ActiveLoop) => void): void {
    const { clock, window } = this.#context;
    const complaint = new Complaint(this.#context);
    run.writes = run.writes.then(async () => {
      while (!this.#disposed) {
        try {
          await this.#turns[take]((turn) => {
            const loop = turn.mirror.get(run.seq);
            if (run.isOf(loop, window.id)) work(turn, loop);
          });
          complaint.withdraw();
          return;
        } catch (error) {
          complaint.make(`What attempt ${run.token} told could not be written down`, error);
          await new Promise<void>((resolve) => clock.after(TRY_AGAIN_MS, resolve));
        }
      }
    });
  }
}
