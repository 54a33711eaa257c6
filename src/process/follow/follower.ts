import type { StopBy } from '../../core/model/attempt.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Answer } from '../../core/model/question.ts';
import { type Clock, LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type { Run, RunObserver } from '../../core/ports/launcher.ts';
import { ALL_WRITTEN, reportedEnd } from '../guardian/exitCodes.ts';
import type { FailedStart } from '../launch/failedStart.ts';
import type { GuardianEnd, GuardianProcess } from '../launch/guardianProcess.ts';
import { sizeOf } from '../runFolder/atomicFile.ts';
import { lookAtEnded, lookAtStarted } from '../runFolder/recordSchemas.ts';
import type { EndedRecord, Order } from '../runFolder/records.ts';
import { GIVE_UP_MS, LEAST_GRACE_MS } from '../sweep/sweep.ts';
import { AskWatch } from './askWatch.ts';
import { endOf, type ReportOfEnd, unseenEnd, voidEnd } from './ends.ts';
import type { FollowOptions, FollowServices } from './followOptions.ts';
import { GuardianLink } from './guardianLink.ts';
import { GuardianWatch } from './guardianWatch.ts';
import { lastWords } from './lastWords.ts';
import { RunSigns } from './runSigns.ts';
import { Tail } from './tail.ts';

/** How long (ms) to wait for a guardian after a stop, beyond the time that it may need. */
const WATCHDOG_MS = 10_000;

/**
 * One run that this window follows, from its launch or its adoption to its end: it informs the observer and gives
 * orders.
 */
export class Follower implements Run {
  readonly #options: FollowOptions;
  readonly #services: FollowServices;
  readonly #observer: RunObserver;
  readonly #onDone: () => void;
  readonly #tail: Tail | undefined;
  /** `preparing`: this window is about to start it. `joining`: another has started it. */
  #phase: 'preparing' | 'joining' | 'following' | 'ending' | 'done' = 'preparing';
  #startedTold = false;
  readonly #guardian: GuardianLink;
  readonly #watch: GuardianWatch;
  readonly #signs: RunSigns;
  readonly #asks: AskWatch;
  #leader: ProcessIdentity | undefined;
  #isStopping = false;
  /** Orders from before there was a guardian to take them. */
  readonly #early: Order[] = [];
  #watchdog: Disposable | undefined;
  /** What was reported of its end when the last look at it failed. */
  #reportOfEnd: ReportOfEnd = {};

  constructor(options: FollowOptions, services: FollowServices, observer: RunObserver, onDone: () => void) {
    this.#options = options;
    this.#services = services;
    this.#observer = observer;
    this.#onDone = onDone;
    this.#leader = options.leader;
    const { files, token, needsReading } = options;
    const { log, clock, unseenForMs } = services;
    this.#guardian = new GuardianLink(files, services, options.guardian);
    this.#watch = new GuardianWatch(
      {
        ...{ files, unseenForMs, link: this.#guardian },
        replace: () => void this.#replaceGuardian(),
        onLate: () => log(`The guardian of run ${token} does not answer, and is woken.`),
        onLost: (why) => log(`Whether run ${token} goes on cannot be seen (${why}); it is looked at again.`),
        onUnseen: (why) => this.#tell(() => observer.unseen(why)),
        onGone: () => void this.#settle(),
        onGivenUp: (why) => void this.#giveUp(why),
      },
      performance.now(),
    );
    this.#signs = new RunSigns(files, needsReading, {
      silent: (warning) => this.#tell(() => observer.silent(warning)),
      lines: (lines) => this.#tell(() => observer.lines(lines)),
    });
    this.#asks = new AskWatch(files, (questions) => this.#tell(() => observer.asking(questions)), log);
    if (needsReading) this.#tail = this.#newTail(clock);
  }

  /** Whether to look again soon: its start is near. */
  get isEager(): boolean {
    return !this.isOver && !this.#startedTold;
  }

  // ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether it needs nothing more: it has ended, or was released. */
  get isOver(): boolean {
    return this.#phase === 'ending' || this.#phase === 'done';
  }

  /** Its guardian was started. `explain` says why the run did not begin, if that is what its end means. */
  async begin(guardian: GuardianProcess, explain: (end: GuardianEnd) => FailedStart): Promise<void> {
    this.#phase = 'following';
    this.#guardian.hasChild(guardian);
    this.#watch.awaitsChild = true;
    this.#sendEarly();
    const end = await guardian.ended;
    await this.#settle({
      ...(end.code !== ALL_WRITTEN && { failedStart: explain(end) }),
      reported: reportedEnd(end.code),
    });
  }

  /** It could not be prepared, so no guardian was started. */
  async failedToStart(failedStart: FailedStart): Promise<void> {
    await this.#settle({ failedStart });
  }

  /** Goes on with a run that another window began. */
  async adopt(mine: boolean): Promise<void> {
    const { files } = this.#options;
    this.#phase = 'joining';
    await Promise.resolve();
    if (this.#isDone()) return;
    this.#phase = 'following';
    this.#sendEarly();
    if (lookAtEnded(files).state === 'there' || this.#guardian.look().state === 'gone') return this.#settle();
    this.#order({ kind: 'adopted', mine });
    this.poll();
  }

  // ── Following ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Looks for what is new. */
  poll(): void {
    if (this.#phase !== 'following') return;
    this.#tellStarted();
    const now = performance.now();
    if (this.#startedTold) this.#asks.look();
    const stop = this.#signs.look(now);
    // A guardian of the first edition cannot stop a run for having reported its end.
    if (stop && this.#startedTold && !this.#isStopping)
      this.stop(this.#guardian.isOfFirstEdition ? 'hung' : stop, this.#options.graceMs);
    // An agent may write before its guardian has written down that it started: its words wait for that.
    if (this.#startedTold && this.#tail?.hasNews()) void this.#services.pump.read(this.#tail);
    if (!this.#watch.isDue(now)) return;
    // Its guardian may stay because of processes that were spared.
    if (sizeOf(this.#options.files.ended) !== undefined) {
      void this.#settle();
      return;
    }
    this.#watch.look(now);
  }

  #tellStarted(): void {
    if (this.#startedTold) return;
    const started = lookAtStarted(this.#options.files);
    if (started.state !== 'there') return;
    this.#startedTold = true;
    const { leader, guardian, containment, at } = started.value;
    this.#guardian.hasStarted(guardian);
    this.#leader = leader;
    this.#tell(() => this.#observer.started({ leader, guardian, at, ...(containment && { containment }) }));
  }

  // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────

  stop(by: StopBy, graceMs: number): void {
    this.#isStopping = true;
    if (this.#phase === 'preparing') void this.#cancelStart(by);
    this.#order({ kind: 'stop', by, graceMs });
    if (this.#phase !== 'following') return;
    const longest = graceMs + Math.max(graceMs, LEAST_GRACE_MS) + 2 * GIVE_UP_MS + WATCHDOG_MS;
    this.#watchdog ??= this.#services.clock.after(
      Math.min(longest, LONGEST_TIMER_MS),
      () => void this.#replaceGuardian(),
    );
  }

  async signal(signal: string, by: StopBy | undefined): Promise<boolean> {
    if (this.#phase !== 'following' && by) this.stop(by, this.#options.graceMs);
    if (this.#phase !== 'following') return false;
    const order = { kind: 'signal', signal, ...(by && { by }) } as const;
    return this.#guardian.signal(order);
  }

  answer(question: string, answer: Answer): void {
    this.#asks.answer(question, answer);
  }

  keepWaiting(): void {
    this.#signs.keepWaiting(performance.now());
    this.#order({ kind: 'keepWaiting' });
  }

  leave(stopAfterMs: number | undefined): void {
    this.#order({ kind: 'leave', ...(stopAfterMs !== undefined && { stopAfterMs }) });
  }

  release(): void {
    if (this.#phase === 'done') return;
    this.#phase = 'done';
    this.#watchdog?.dispose();
    this.#tail?.close();
    this.#onDone();
  }

  #order(order: Order): void {
    if (this.#phase === 'preparing' || this.#phase === 'joining') this.#early.push(order);
    if (this.#phase === 'following') this.#guardian.send(order);
  }

  #sendEarly(): void {
    for (const order of this.#early) this.#order(order);
  }

  /** A guardian that has not ended its run in all that time is broken: the run is ended in its place. */
  async #replaceGuardian(): Promise<void> {
    if (this.#phase !== 'following') return;
    this.#services.log(`The guardian of run ${this.#options.token} does not answer and is replaced.`);
    await this.#guardian.kill();
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A stop came before anything started: nothing will, whatever its preparation is waiting for (R7.2). */
  async #cancelStart(by: StopBy): Promise<void> {
    this.#phase = 'ending';
    // No callback may run within the caller's own call.
    await Promise.resolve();
    await this.#conclude(voidEnd(this.#options.files, by, this.#services));
  }

  async #settle(known: ReportOfEnd = this.#reportOfEnd): Promise<void> {
    if (this.isOver) return;
    this.#phase = 'ending';
    const processes = { leader: this.#leader, guardian: this.#guardian };
    const end = await endOf(this.#options, this.#services, { ...known, ...processes });
    if (this.#isDone()) return;
    if (end.state === 'there') return this.#conclude(end.value);
    if (!this.#watch.fails(end.why, performance.now())) return this.#giveUp(end.why);
    this.#reportOfEnd = known;
    this.#watch.awaitsChild = false;
    this.#phase = 'following';
  }

  /**
   * The run was out of sight for so long that its slot is freed (R3.1). Nothing of it is ended: its guardian may live.
   */
  async #giveUp(why: string): Promise<void> {
    this.#phase = 'ending';
    const known = { leader: this.#leader, guardian: this.#guardian.identity };
    await this.#conclude(unseenEnd(why, known, this.#services.clock));
  }

  /** Reads what is left to read, and reports the end. */
  async #conclude(end: EndedRecord): Promise<void> {
    this.#watchdog?.dispose();
    if (this.#isDone()) return;
    this.#tellStarted();
    if (this.#tail) {
      await this.#services.pump.drainPatiently(this.#tail, this.#services.clock, () => this.#isDone());
      if (this.#isDone()) return;
    }
    const { format: _, ...facts } = end;
    const words = lastWords(end, this.#options, this.#tail, this.#services.log);
    const asked = end.stoppedBy === 'hung' ? this.#signs.questionAtEnd() : undefined;
    this.#tell(() => this.#observer.ended({ ...facts, ...words, ...(asked !== undefined && { asked }) }));
    this.release();
  }

  #newTail(clock: Clock): Tail {
    const { files, reader, freshReader, readOffset, position } = this.#options;
    return new Tail({
      ...{ path: files.stdout, reader, freshReader, from: readOffset, position },
      isOurCut: () => sizeOf(files.cut) !== undefined,
      onOutput: (output) => {
        this.#signs.hear(output.events, performance.now(), clock.now());
        this.#tell(() => this.#observer.output(output));
      },
      onError: this.#services.log,
    });
  }

  #isDone(): boolean {
    return this.#phase === 'done';
  }

  #tell(say: () => void): void {
    if (this.#phase === 'done') return;
    try {
      say();
    } catch (error) {
      this.#services.log('What a run has reported could not be handled.', error);
    }
  }
}
