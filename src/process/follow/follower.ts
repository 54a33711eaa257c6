import type { AgentEvent, AgentReader, Json } from '../../core/model/agentEvent.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import { NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { GONE, type Look, type Seen, there, unknown, whyOf } from '../../core/model/looks.ts';
import type { ProcessIdentity, StopBy } from '../../core/model/loop.ts';
import { looksLikeQuestion } from '../../core/policy/progress.ts';
import { type Clock, LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type {
  LiveLines,
  ProcessInspector,
  Run,
  RunObserver,
  RunOutput,
  SilenceWarning,
} from '../../core/ports/launcher.ts';
import { ALL_WRITTEN, reportedEnd } from '../guardian/exitCodes.ts';
import type { FailedStart } from '../launch/failedStart.ts';
import type { GuardianEnd, GuardianProcess } from '../launch/guardianProcess.ts';
import { readTail, sizeOf, timeOf, writeJson } from '../runFolder/atomicFile.ts';
import { lookAtClaim, lookAtEnded, lookAtSilent, lookAtStarted } from '../runFolder/recordSchemas.ts';
import { type ClaimRecord, type EndedRecord, FORMAT, type Order } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { GIVE_UP_MS, LEAST_GRACE_MS, type SweepTime } from '../sweep/sweep.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { GuardianPulse } from './guardianPulse.ts';
import { lastLineOf } from './lastLine.ts';
import { LastLines } from './lastLines.ts';
import { claimAsVoid, type LostRunOptions, settleLostRun } from './lostRun.ts';
import type { GuardianAddress, Messenger } from './messenger.ts';
import type { Pump } from './pump.ts';
import { RunWatch, watchLimitsOf } from './runWatch.ts';
import { Tail } from './tail.ts';

/** What all runs of a window share. */
export interface FollowServices {
  readonly clock: Clock;
  readonly table: ProcessTable;
  readonly inspector: ProcessInspector;
  readonly messenger: Messenger;
  readonly pump: Pump;
  readonly log: (message: string, error?: unknown) => void;
  /** How long (ms) a run that nobody can see is looked for; 10 minutes if absent (R3.1). */
  readonly unseenForMs?: number;
  /** For tests that do not wait. */
  readonly sweepTime?: SweepTime;
}

export interface FollowOptions {
  readonly token: string;
  readonly files: RunFiles;
  readonly reader: AgentReader;
  readonly freshReader?: (() => AgentReader) | undefined;
  readonly needsReading: boolean;
  readonly readOffset: number;
  readonly position?: Json | undefined;
  readonly leader: ProcessIdentity | undefined;
  readonly guardian: ProcessIdentity | undefined;
  readonly graceMs: number;
  readonly keep: readonly string[];
}

/** Bytes of standard error that a reader gets at the end. */
const STDERR_TAIL_BYTES = 64 * 1024;
/** What is read at most (bytes) of the report that an agent writes. */
const REPORT_BYTES = 1024 * 1024;
/** A guardian that we did not start ourselves is looked after so often (ms). */
const GUARDIAN_LOOK_MS = 1_000;
/** How long (ms) a run that nobody can see keeps its slot (R3.1). */
const UNSEEN_FOR_MS = 10 * 60_000;
/** The first and the longest pause (ms) between looks that fail. */
const UNSEEN_PAUSE_MS = 200;
const LONGEST_UNSEEN_PAUSE_MS = 10_000;
/** A run that cannot be seen for a moment is not worth a word; one that cannot be seen for so long (ms) is. */
const SHOWN_AFTER_MS = 5_000;
/** So much (bytes) of the end of a log is looked at for a question. */
const QUESTION_BYTES = 4_096;
/** How long (ms) the end of a log that cannot be read is tried for. */
const READ_PATIENCE_MS = 60_000;
/** How long (ms) more than it may need a guardian is waited for after a stop. */
const WATCHDOG_MS = 10_000;

/** One run that this window follows, from its launch or its adoption to its end: it tells the observer, and gives orders. */
export class Follower implements Run {
  readonly #options: FollowOptions;
  readonly #services: FollowServices;
  readonly #observer: RunObserver;
  readonly #onDone: () => void;
  readonly #tail: Tail | undefined;
  /** `preparing`: this window is about to start it. `joining`: another has started it. */
  #phase: 'preparing' | 'joining' | 'following' | 'ending' | 'done' = 'preparing';
  #startedTold = false;
  #silentTold: SilenceWarning['kind'] | undefined;
  /** The guardian that this window started: the system reports its end. For others we have to look. */
  #child: GuardianProcess | undefined;
  #lookedAt = 0;
  readonly #pulse: GuardianPulse;
  readonly #lines: LastLines;
  #watch: RunWatch | undefined;
  #linesTold: LiveLines = {};
  #isStopping = false;
  #guardian: ProcessIdentity | undefined;
  #leader: ProcessIdentity | undefined;
  /** Orders that were given before there was anybody to take them. */
  readonly #early: Order[] = [];
  #watchdog: Disposable | undefined;
  /** Whether the system will report the end of its guardian. */
  #hasChild = false;
  /** What was reported of its end when the last look at it failed. */
  #knownOfEnd: Pick<LostRunOptions, 'failedStart' | 'reported'> = {};
  /** Since when (time of `performance.now`) no look could tell whether the run goes on. */
  #unseenSince: number | undefined;
  /** What the observer was told of that. */
  #unseenWhy: string | undefined;
  #unseenPause = UNSEEN_PAUSE_MS;
  #lookAgainAt = 0;

  constructor(options: FollowOptions, services: FollowServices, observer: RunObserver, onDone: () => void) {
    this.#options = options;
    this.#services = services;
    this.#observer = observer;
    this.#onDone = onDone;
    this.#guardian = options.guardian;
    this.#leader = options.leader;
    const { files } = options;
    this.#lines = new LastLines(files.stdout, files.stderr);
    this.#pulse = new GuardianPulse(
      {
        files,
        wake: () => services.messenger.wake(files, this.#address()),
        replace: () => void this.#replaceGuardian(),
        onLate: () => services.log(`The guardian of run ${options.token} does not answer, and is woken.`),
      },
      performance.now(),
    );
    if (options.needsReading) {
      this.#tail = new Tail({
        path: options.files.stdout,
        reader: options.reader,
        freshReader: options.freshReader,
        from: options.readOffset,
        position: options.position,
        isOurCut: () => sizeOf(options.files.cut) !== undefined,
        onOutput: (output) => {
          this.#watch?.hear(output.events, performance.now(), services.clock.now());
          this.#tell(() => observer.output(output));
        },
        onError: services.log,
      });
    }
  }

  /** Whether it is worth to look again soon: its start is near. */
  get isEager(): boolean {
    return !this.isOver && !this.#startedTold;
  }

  // ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether there is nothing more to do for it: it has ended, or was released. */
  get isOver(): boolean {
    return this.#phase === 'ending' || this.#phase === 'done';
  }

  /** Its guardian was started. `explain` says why the run did not begin, if that is what its end means. */
  async begin(guardian: GuardianProcess, explain: (end: GuardianEnd) => FailedStart): Promise<void> {
    this.#phase = 'following';
    this.#child = guardian;
    this.#hasChild = true;
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
    if (lookAtEnded(files).state === 'there' || this.#lookAtGuardian().state === 'gone') return this.#settle();
    this.#order({ kind: 'adopted', mine });
    this.poll();
  }

  // ── Following ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Looks for what is new. */
  poll(): void {
    if (this.#phase !== 'following') return;
    this.#tellStarted();
    this.#watchProgress();
    // An agent may write before its guardian has written down that it started: its words wait for that.
    if (this.#startedTold && this.#tail?.hasNews()) void this.#services.pump.read(this.#tail);
    if (performance.now() < this.#lookAgainAt) return;
    // Its guardian may stay for what was kept.
    if (sizeOf(this.#options.files.ended) !== undefined) {
      void this.#settle();
      return;
    }
    this.#pulse.feel(performance.now());
    if (this.#hasChild) return;
    if (performance.now() - this.#lookedAt < GUARDIAN_LOOK_MS) return;
    this.#lookedAt = performance.now();
    const guardian = this.#lookAtGuardian();
    if (guardian.state === 'there') this.#sees();
    else if (guardian.state === 'gone') void this.#settle();
    else if (!this.#waitForSight(guardian.why)) void this.#giveUp(guardian.why);
  }

  #lookAtGuardian(): Look {
    const known = this.#knownGuardian();
    return known.state === 'there' ? this.#services.inspector.look(known.value) : known;
  }

  /** The guardian as its claim names it, or as it was known before. */
  #knownGuardian(): Look<ProcessIdentity> {
    const claim = lookAtClaim(this.#options.files);
    const known = (claim.state === 'there' ? claim.value.guardian : undefined) ?? this.#guardian;
    if (known) return there(known);
    return claim.state === 'unknown' ? claim : GONE;
  }

  // ── Looks that fail (R3.1) ───────────────────────────────────────────────────────────────────────────────────

  /** Plans the next look, a little later each time; false when nobody has seen the run for so long that it is given up. */
  #waitForSight(why: string): boolean {
    const now = performance.now();
    if (this.#unseenSince === undefined) {
      this.#unseenSince = now;
      this.#services.log(`Whether run ${this.#options.token} goes on cannot be seen (${why}); it is looked at again.`);
    }
    if (why !== this.#unseenWhy && now - this.#unseenSince >= SHOWN_AFTER_MS) {
      this.#unseenWhy = why;
      this.#tell(() => this.#observer.unseen(why));
    }
    if (now - this.#unseenSince >= (this.#services.unseenForMs ?? UNSEEN_FOR_MS)) return false;
    this.#lookAgainAt = now + this.#unseenPause;
    this.#unseenPause = Math.min(this.#unseenPause * 2, LONGEST_UNSEEN_PAUSE_MS);
    return true;
  }

  #sees(): void {
    this.#unseenSince = undefined;
    if (this.#unseenWhy !== undefined) {
      this.#unseenWhy = undefined;
      this.#tell(() => this.#observer.unseen(undefined));
    }
    this.#unseenPause = UNSEEN_PAUSE_MS;
    this.#lookAgainAt = 0;
  }

  #tellStarted(): void {
    if (this.#startedTold) return;
    const started = lookAtStarted(this.#options.files);
    if (started.state !== 'there') return;
    this.#startedTold = true;
    const { leader, guardian, at } = started.value;
    this.#guardian = guardian;
    this.#leader = leader;
    this.#tell(() => this.#observer.started({ leader, guardian, at }));
  }

  /** What the deadlines of its guardian say, or else its own words: silence, its last word, a question. */
  #watchProgress(): void {
    const now = performance.now();
    this.#lines.look(now);
    const { needsReading, files } = this.#options;
    this.#watch ??= new RunWatch(watchLimitsOf(files), now);
    const watch = this.#watch;
    if (!needsReading) watch.wrote(this.#lines.changedAt);
    watch.lastLine(this.#lines.last, now);
    const { stop, silent, asking } = watch.look(now);
    this.#tellSilence(needsReading ? silent : undefined);
    this.#tellLines(asking);
    if (stop && this.#startedTold && !this.#isStopping) this.stop(this.#nameOf(stop), this.#options.graceMs);
  }

  /** A guardian of the first edition knows no stop of a run that has said that it ended. */
  #nameOf(stop: 'ended' | 'hung'): StopBy {
    const claim = lookAtClaim(this.#options.files);
    return claim.state === 'there' && claim.value.beatMs === undefined ? 'hung' : stop;
  }

  #tellSilence(ofWatch: SilenceWarning | undefined): void {
    const isSilent = sizeOf(this.#options.files.silent) !== undefined;
    const look = isSilent ? lookAtSilent(this.#options.files) : GONE;
    if (isSilent && look.state !== 'there') return;
    const ofGuardian = look.state === 'there' ? { kind: look.value.kind, forMs: look.value.forMs } : undefined;
    const warning = ofWatch?.kind === 'retrying' ? ofWatch : (ofGuardian ?? ofWatch);
    if (warning?.kind === this.#silentTold) return;
    this.#silentTold = warning?.kind;
    this.#tell(() => this.#observer.silent(warning));
  }

  #tellLines(asking: string | undefined): void {
    const { stdout, stderr, last } = this.#lines;
    const lines: LiveLines = {
      ...(stdout?.unfinished && !isForUs(stdout.text) && { unfinished: stdout.text }),
      ...(stderr && last === stderr && { errorLine: stderr.text }),
      ...(asking !== undefined && { asking }),
    };
    const told = this.#linesTold;
    if (lines.unfinished === told.unfinished && lines.errorLine === told.errorLine && lines.asking === told.asking)
      return;
    this.#linesTold = lines;
    this.#tell(() => this.#observer.lines(lines));
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
    return this.#services.messenger.signal(this.#options.files, order, this.#address());
  }

  keepWaiting(): void {
    this.#watch?.keepWaiting(performance.now());
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
    if (this.#phase === 'following') this.#services.messenger.send(this.#options.files, order, this.#address());
  }

  /** A guardian listens from its claim on; before that a signal would end it. */
  #address(): GuardianAddress {
    const listens = this.#startedTold || (this.#child && isClaimed(lookAtClaim(this.#options.files)));
    return { identity: this.#guardian, ...(listens && { child: this.#child }) };
  }

  #sendEarly(): void {
    for (const order of this.#early) this.#order(order);
  }

  /** A guardian that has not ended its run in all that time does not work: its run is ended in its place. */
  async #replaceGuardian(): Promise<void> {
    const guardian = this.#knownGuardian();
    if (this.#phase !== 'following' || guardian.state !== 'there') return;
    this.#services.log(`The guardian of run ${this.#options.token} does not answer and is replaced.`);
    await this.#services.table.signal([guardian.value], 'SIGKILL');
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A stop came before anything was started: nothing will be, whatever its preparation is waiting for (R7.2). */
  async #cancelStart(by: StopBy): Promise<void> {
    this.#phase = 'ending';
    const { files } = this.#options;
    // Nobody may be called back from within a call.
    await Promise.resolve();
    const end = { format: FORMAT, kind: 'void', exit: {}, at: this.#services.clock.now(), stoppedBy: by } as const;
    try {
      if (claimAsVoid(files)) writeJson(files.ended, { ...end, ...NOTHING_LEFT });
    } catch (error) {
      this.#services.log(`The end of a run could not be written to ${files.folder}.`, error);
    }
    await this.#conclude({ ...end, ...NOTHING_LEFT });
  }

  async #settle(known: Pick<LostRunOptions, 'failedStart' | 'reported'> = this.#knownOfEnd): Promise<void> {
    if (this.isOver) return;
    this.#phase = 'ending';
    const end = await this.#facts(known);
    if (this.#isDone()) return;
    if (end.state === 'there') return this.#conclude(end.value);
    if (!this.#waitForSight(end.why)) return this.#giveUp(end.why);
    this.#knownOfEnd = known;
    this.#hasChild = false;
    this.#phase = 'following';
  }

  /** Nobody has seen the run for so long that its slot is freed (R3.1). Nothing of it is ended: its guardian may live. */
  async #giveUp(why: string): Promise<void> {
    this.#phase = 'ending';
    await this.#conclude(this.#unseen(why));
  }

  /** Reads what is left to read, and reports the end. */
  async #conclude(end: EndedRecord): Promise<void> {
    const { files } = this.#options;
    this.#watchdog?.dispose();
    if (this.#isDone()) return;
    this.#tellStarted();
    if (this.#tail) {
      await this.#readToEnd(this.#tail);
      if (this.#isDone()) return;
    }
    const stderrTail = readTail(files.stderr, STDERR_TAIL_BYTES);
    const report = sizeOf(files.report) === undefined ? undefined : readTail(files.report, REPORT_BYTES);
    const last = this.#tail?.finish(end.exit, stderrTail, report, end.at) ?? this.#unread(end, stderrTail, report);
    const hadOutput = (sizeOf(files.stdout) ?? 0) + (sizeOf(files.stderr) ?? 0) > 0;
    const { format: _, ...facts } = end;
    const asked = end.stoppedBy === 'hung' ? this.#questionAtEnd() : undefined;
    const errorLine = lastLineOf(stderrTail);
    this.#tell(() =>
      this.#observer.ended({ ...facts, last, hadOutput, errorLine, ...(asked !== undefined && { asked }) }),
    );
    this.release();
  }

  /** What it asked when it was stopped for its silence. */
  #questionAtEnd(): string | undefined {
    if (this.#watch?.isAtWork) return undefined;
    const { stdout, stderr } = this.#options.files;
    const [first, second] = (timeOf(stderr) ?? 0) > (timeOf(stdout) ?? 0) ? [stderr, stdout] : [stdout, stderr];
    const line = lastLineOf(readTail(first, QUESTION_BYTES)) || lastLineOf(readTail(second, QUESTION_BYTES));
    return looksLikeQuestion(line) ? line : undefined;
  }

  /**
   * Reads all there is. A log that cannot be read for the moment is tried for a while: what the agent said last decides how
   * the run ended (R5.6).
   */
  async #readToEnd(tail: Tail): Promise<void> {
    const patience = performance.now() + READ_PATIENCE_MS;
    for (let pause = UNSEEN_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_UNSEEN_PAUSE_MS)) {
      await this.#services.pump.drain(tail);
      if (this.#isDone() || !tail.isBlind || performance.now() > patience) return;
      await new Promise<void>((resolve) => this.#services.clock.after(pause, resolve));
    }
  }

  /** Not read by anybody: only how much there is, and what the reader says to the end. */
  #unread(end: EndedRecord, stderrTail: string, report: string | undefined): RunOutput {
    const { files, readOffset, reader } = this.#options;
    const events: AgentEvent[] = [];
    try {
      events.push(...reader.end(end.exit, stderrTail, report, end.at));
    } catch (error) {
      this.#services.log('The agent reader failed at the end of the output.', error);
    }
    return {
      from: readOffset,
      to: Math.max(readOffset, sizeOf(files.stdout) ?? 0),
      events,
      readerState: reader.state(),
    };
  }

  /** How the run ended. Rather `unknown` than a guess: whoever takes it for ended may start another. */
  async #facts(known: Pick<LostRunOptions, 'failedStart' | 'reported'>): Promise<Seen<EndedRecord>> {
    const { clock, table, log, sweepTime: time } = this.#services;
    const { files, token, graceMs, keep } = this.#options;
    const leader = this.#leader;
    const begun = leader !== undefined || this.#guardian !== undefined;
    try {
      return await settleLostRun({ table, clock, log, files, token, leader, begun, graceMs, keep, time, ...known });
    } catch (error) {
      // Where no guardian was started there is nobody to look for.
      if (!known.failedStart || this.#child) return unknown(whyOf(error));
      return there({ format: FORMAT, exit: {}, at: clock.now(), ...known.failedStart, ...NOTHING_LEFT });
    }
  }

  /** The end of a run that nobody could see. */
  #unseen(unseen: string): EndedRecord {
    const known = [this.#leader, this.#guardian].filter((one) => one !== undefined);
    const remaining = known.map((one) => ({ ...one, command: one === this.#leader ? 'agent' : 'guardian' }));
    const error = `Nobody can see whether its processes have ended: ${unseen}.`;
    const end = { exit: {}, at: this.#services.clock.now(), error, ...NOTHING_LEFT };
    return { format: FORMAT, kind: 'lost', ...end, remaining, unseen };
  }

  #isDone(): boolean {
    return this.#phase === 'done';
  }

  #tell(say: () => void): void {
    if (this.#phase === 'done') return;
    try {
      say();
    } catch (error) {
      this.#services.log('What was told of a run was not taken well.', error);
    }
  }
}

function isClaimed(claim: Look<ClaimRecord>): boolean {
  return claim.state === 'there' && claim.value.guardian !== undefined;
}

/** A line of JSON is for us, not for people. */
function isForUs(line: string): boolean {
  return /^[{[]/.test(line);
}
