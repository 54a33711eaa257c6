import { Alarm } from './alarm.ts';
import type { Disposable } from './clock.ts';
import type { SupervisorContext } from './context.ts';
import { Emitter, type SupervisorEvent } from './event.ts';
import { FollowedRun, type FollowedRunEvents, NO_PROFILE, readerStateIn } from './followedRun.ts';
import { Homes } from './homes.ts';
import { Lookout } from './lookout.ts';
import { type ActiveLoop, isActive, type LiveLoop, type StopBy } from './loop.ts';
import { LiveMirror } from './mirror.ts';
import type { RunControl, RunEnd, RunLimits, SessionBefore } from './ports.ts';
import { applyOutput, settle } from './settle.ts';
import type { Launch, Turn } from './turn.ts';
import { Turns } from './turns.ts';

/** How long (ms) a settlement that the store refused waits before it is tried again. Nothing is lost meanwhile: the facts lie in the run folder. */
const TRY_AGAIN_MS = 1_000;

/** Does what follows from turns once they are committed: launches, signals, events, the next time to wake. Follows the runs of this window. */
export class Engine implements Disposable {
  readonly context: SupervisorContext;
  readonly mirror = new LiveMirror();
  readonly homes: Homes;
  readonly turns: Turns;
  readonly onEvent: Emitter<SupervisorEvent>;
  readonly onDidChange: Emitter<void>;
  readonly #runs = new Map<number, FollowedRun>();
  readonly #lookout: Lookout;
  readonly #alarm: Alarm;
  #disposed = false;

  constructor(context: SupervisorContext) {
    this.context = context;
    this.homes = new Homes(context, this.mirror);
    this.turns = new Turns(context, this.mirror, this.homes, (turn) => this.#committed(turn));
    this.#lookout = new Lookout(context, this.mirror, this.homes, this.turns);
    this.#alarm = new Alarm(context, this.mirror, this.turns);
    const onError = (error: unknown) => context.log('A listener of the supervisor threw; the others go on.', error);
    this.onEvent = new Emitter(onError);
    this.onDidChange = new Emitter(onError);
  }

  /** Begins to look for changes of other windows. The alarm has been set by the first turn. */
  begin(): void {
    this.#lookout.begin();
  }

  followed(loop: ActiveLoop): FollowedRun | undefined {
    return this.#runs.get(loop.attempt.id);
  }

  get followedRuns(): Iterable<FollowedRun> {
    return this.#runs.values();
  }

  /** What gives orders to a run, whoever follows it. */
  control(loop: ActiveLoop): RunControl {
    return this.followed(loop)?.run ?? this.context.launcher.control(loop.attempt.token);
  }

  /** Sends the stop of an active loop to its guardian. */
  sendStop(loop: ActiveLoop, by: StopBy): void {
    const run = this.followed(loop);
    if (run) run.stopSent = loop.attempt.stop ?? { by, at: this.context.clock.now() };
    this.control(loop).stop(by, this.context.settings.killGraceMs);
  }

  /** Lets go of all runs; they go on. */
  dispose(): void {
    this.#disposed = true;
    this.#lookout.dispose();
    this.#alarm.dispose();
    for (const run of this.#runs.values()) run.release();
    this.#runs.clear();
    this.onEvent.dispose();
    this.onDidChange.dispose();
  }

  #committed(turn: Turn): void {
    if (this.#disposed) return;
    for (const launch of turn.launches) this.#launch(launch);
    for (const effect of turn.effects) this.#carryOut(effect, 'An order to a run could not be given.');
    this.#reconcile();
    for (const event of turn.events) this.onEvent.fire(event);
    this.onDidChange.fire();
    this.#alarm.set();
  }

  /** What follows from a commit: that stands, so an error here is logged, and what comes after goes on. */
  #carryOut(work: () => void, complaint: string): void {
    try {
      work();
    } catch (error) {
      this.context.log(complaint, error);
    }
  }

  // ── Runs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #launch({ loop, profile, plan }: Launch): void {
    const run = this.#newRun(loop, profile.hasCost);
    try {
      run.follow(
        this.context.launcher.launch(
          {
            loopId: loop.loopId,
            token: loop.attempt.token,
            cwd: loop.cwd,
            plan,
            limits: this.#limits(loop),
            reader: profile.reader(undefined, this.#before(loop)),
            needsReading: profile.needsReading,
          },
          run,
        ),
      );
    } catch (error) {
      run.ended(neverStarted(error, this.context.clock.now()));
    }
  }

  #adopt(loop: ActiveLoop): void {
    const { attempt } = loop;
    const profile = this.context.agents.find(loop.agent) ?? NO_PROFILE;
    const run = this.#newRun(loop, profile.hasCost);
    run.follow(
      this.context.launcher.adopt(
        {
          token: attempt.token,
          reader: profile.reader(readerStateIn(attempt.readerState), this.#before(loop)),
          needsReading: profile.needsReading,
          readOffset: attempt.readOffset,
          ...(attempt.leader && { leader: attempt.leader }),
          ...(attempt.guardian && { guardian: attempt.guardian }),
          graceMs: this.context.settings.killGraceMs,
          keep: this.context.settings.sweepKeep,
        },
        run,
        this.homes.homeOf(loop) === 'here',
      ),
    );
    // A stop that was recorded but not carried out is completed, whoever asked for it.
    if (attempt.stop) this.sendStop(loop, attempt.stop.by);
  }

  /** What is known of the session that an attempt continues: how the last attempt in it was read. */
  #before(loop: ActiveLoop): SessionBefore | undefined {
    const { attempt } = loop;
    if (!attempt.resumed) return undefined;
    const earlier = this.context.store.attempts(loop.seq).findLast((other) => other.id !== attempt.id && other.sessionId === attempt.sessionId);
    const state = readerStateIn(earlier?.readerState);
    return state === undefined ? {} : { state };
  }

  #newRun(loop: ActiveLoop, hasCost: boolean): FollowedRun {
    const run = new FollowedRun(loop, hasCost, this.#runEvents, () => this.context.clock.now());
    this.#runs.set(run.attemptId, run);
    return run;
  }

  #limits(loop: ActiveLoop): RunLimits {
    const { settings } = this.context;
    const { probe } = loop.attempt;
    return {
      timeoutMs: settings.loopTimeoutMs,
      firstOutputMs: settings.firstOutputTimeoutMs,
      silenceMs: settings.silenceTimeoutMs,
      // A probe that hangs must give up its place: its silence is never only a warning.
      onSilence: probe ? 'restart' : settings.onSilence,
      graceMs: settings.killGraceMs,
      maxLogBytes: settings.maxLogBytes,
      unattendedGraceMs: settings.unattendedGraceMs,
      keep: settings.sweepKeep,
    };
  }

  readonly #runEvents: FollowedRunEvents = {
    started: (run, facts) => {
      this.#writeDown(run, (turn, loop) => {
        turn.putAttempt(loop, { ...loop.attempt, leader: facts.leader, ...(facts.guardian && { guardian: facts.guardian }) });
      });
    },
    output: (run, output) => {
      this.#writeDown(run, (turn, loop) => {
        applyOutput(turn, loop, output);
      });
    },
    activity: () => this.onDidChange.fire(),
    silent: (run, warning) => {
      const loopId = this.mirror.get(run.seq)?.loopId;
      if (loopId !== undefined && warning) {
        this.onEvent.fire({ type: 'loop:silent', at: this.context.clock.now(), loopId, kind: warning.kind, forMs: warning.forMs });
      }
      this.onDidChange.fire();
    },
    ended: (run, end) => this.#ended(run, end),
  };

  #ended(run: FollowedRun, end: RunEnd): void {
    this.#writeDown(run, (turn, loop) => {
      const readNothingNew = end.last.to === loop.attempt.readOffset && end.last.events.length === 0;
      const read = readNothingNew ? loop : applyOutput(turn, loop, end.last);
      // Output that is behind what was read counts for nothing, and yet the run is over.
      settle(turn, read ?? loop, end, run.report);
      this.turns.dispatch(turn);
      turn.effects.push(() => this.#drop(run));
    });
  }

  #drop(run: FollowedRun): void {
    this.#runs.delete(run.attemptId);
    run.release();
  }

  /** Writes what a run has told, as long as this window follows it: in order, so a store that refuses is asked again before what comes next. */
  #writeDown(run: FollowedRun, work: (turn: Turn, loop: ActiveLoop) => void): void {
    run.writes = run.writes.then(async () => {
      while (!this.#disposed) {
        try {
          return await this.turns.take((turn) => {
            const loop = turn.mirror.get(run.seq);
            if (loop && this.#isMine(loop, run)) work(turn, loop);
          });
        } catch (error) {
          this.context.log(`What attempt ${run.token} told could not be written down; it is tried again.`, error);
          await new Promise<void>((resolve) => this.context.clock.after(TRY_AGAIN_MS, resolve));
        }
      }
    });
  }

  #isMine(loop: LiveLoop, run: FollowedRun): loop is ActiveLoop {
    return isActive(loop) && loop.attempt.id === run.attemptId && loop.attempt.windowId === this.context.window.id;
  }

  /** Makes what this window follows equal to what the books say: lets go, takes over, passes stops on. */
  #reconcile(): void {
    for (const run of [...this.#runs.values()]) {
      const loop = this.mirror.get(run.seq);
      if (!loop || !this.#isMine(loop, run)) this.#drop(run);
      else if (!run.hasEnded) this.#carryOut(() => this.#passStopOn(loop, run), `The stop of attempt ${run.token} could not be sent.`);
    }
    for (const loop of this.mirror.active.values()) {
      if (loop.attempt.windowId !== this.context.window.id || this.#runs.has(loop.attempt.id)) continue;
      this.#carryOut(() => this.#adopt(loop), `Attempt ${loop.attempt.token} could not be taken over.`);
    }
  }

  #passStopOn(loop: ActiveLoop, run: FollowedRun): void {
    const { stop } = loop.attempt;
    if (!stop || stop.signal !== undefined || (run.stopSent && run.stopSent.at === stop.at && run.stopSent.by === stop.by)) return;
    this.sendStop(loop, stop.by);
  }
}

/** The end of an attempt that could not even be launched. */
function neverStarted(error: unknown, at: number): RunEnd {
  const last = { from: 0, to: 0, events: [], readerState: null };
  const why = error instanceof Error ? error.message : String(error);
  return { kind: 'spawn', exit: {}, at, error: why, swept: [], kept: [], remaining: [], last, hadOutput: false, errorLine: '' };
}
