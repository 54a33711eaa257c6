import type { AgentEvent, AgentReader } from '../../core/model/agentEvent.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import { NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { GONE, type Look, type Seen, there, unknown, whyOf } from '../../core/model/looks.ts';
import type { ProcessIdentity, StopBy } from '../../core/model/loop.ts';
import { type Clock, LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type { ProcessInspector, Run, RunObserver, RunOutput } from '../../core/ports/launcher.ts';
import { endOfFailedStart, type StartFailure } from '../launch/failedStart.ts';
import { readTail, sizeOf } from '../runFolder/atomicFile.ts';
import { lookAtClaim, lookAtEnded, lookAtSilent, lookAtStarted } from '../runFolder/recordSchemas.ts';
import { type EndedRecord, FORMAT, type Order } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { GIVE_UP_MS, LEAST_GRACE_MS } from '../sweep/sweep.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { lastLineOf } from './lastLine.ts';
import { claimAsVoid, settleLostRun } from './lostRun.ts';
import type { Messenger } from './messenger.ts';
import type { Pump } from './pump.ts';
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
}

export interface FollowOptions {
  readonly token: string;
  readonly files: RunFiles;
  readonly reader: AgentReader;
  readonly needsReading: boolean;
  readonly readOffset: number;
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
/** How long (ms) more than it may need a guardian is waited for after a stop. */
const WATCHDOG_MS = 10_000;

/** One run that this window follows, from its launch or its adoption to its end: it tells the observer, and gives orders. */
export class Follower implements Run {
  readonly #options: FollowOptions;
  readonly #services: FollowServices;
  readonly #observer: RunObserver;
  readonly #onDone: () => void;
  readonly #tail: Tail | undefined;
  #phase: 'preparing' | 'following' | 'ending' | 'done' = 'preparing';
  #startedTold = false;
  #silentTold = false;
  /** Its guardian's end is told to us by the system; of others we have to look. */
  #isChild = false;
  #lookedAt = 0;
  #guardian: ProcessIdentity | undefined;
  /** Orders that were given before there was anybody to take them. */
  readonly #early: Order[] = [];
  #watchdog: Disposable | undefined;
  /** Why its guardian could not be started. */
  #failure: StartFailure | undefined;
  /** Since when (time of `performance.now`) no look could tell whether the run goes on. */
  #unseenSince: number | undefined;
  #unseenPause = UNSEEN_PAUSE_MS;
  #lookAgainAt = 0;

  constructor(options: FollowOptions, services: FollowServices, observer: RunObserver, onDone: () => void) {
    this.#options = options;
    this.#services = services;
    this.#observer = observer;
    this.#onDone = onDone;
    this.#guardian = options.guardian;
    if (options.needsReading) {
      this.#tail = new Tail({
        path: options.files.stdout,
        reader: options.reader,
        from: options.readOffset,
        onOutput: (output) => this.#tell(() => observer.output(output)),
        onError: services.log,
      });
    }
  }

  /** Whether it is worth to look again soon: its start is near. */
  get isEager(): boolean {
    return (this.#phase === 'preparing' || this.#phase === 'following') && !this.#startedTold;
  }

  // ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts the run: `prepare` makes the folder, `spawn` starts the guardian and resolves when that has gone. */
  async launch(prepare: () => Promise<() => Promise<StartFailure | undefined>>): Promise<void> {
    let failure: StartFailure | undefined;
    try {
      const spawn = await prepare();
      // Released meanwhile: who adopts it finds that nobody has claimed it.
      if (this.#isDone()) return;
      this.#phase = 'following';
      this.#isChild = true;
      this.#sendEarly();
      const isStopped = this.#early.some(({ kind }) => kind === 'stop');
      if (!(isStopped && claimAsVoid(this.#options.files))) failure = await spawn();
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
      this.#services.log('A run could not be started.', error);
    }
    this.#failure = failure;
    this.#isChild = false;
    await this.#settle();
  }

  /** Goes on with a run that another window began. */
  async adopt(mine: boolean): Promise<void> {
    const { files } = this.#options;
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
    this.#tellSilence();
    // An agent may write before its guardian has written down that it started: its words wait for that.
    if (this.#startedTold && this.#tail?.hasNews()) void this.#services.pump.read(this.#tail);
    if (performance.now() < this.#lookAgainAt) return;
    // Its guardian may stay for what was kept.
    if (sizeOf(this.#options.files.ended) !== undefined) {
      void this.#settle();
      return;
    }
    if (this.#isChild) return;
    if (performance.now() - this.#lookedAt < GUARDIAN_LOOK_MS) return;
    this.#lookedAt = performance.now();
    const guardian = this.#lookAtGuardian();
    if (guardian.state === 'there') this.#sees();
    else if (guardian.state === 'gone') void this.#settle();
    else if (!this.#waitForSight(guardian.why)) void this.#settle();
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
    if (now - this.#unseenSince >= (this.#services.unseenForMs ?? UNSEEN_FOR_MS)) return false;
    this.#lookAgainAt = now + this.#unseenPause;
    this.#unseenPause = Math.min(this.#unseenPause * 2, LONGEST_UNSEEN_PAUSE_MS);
    return true;
  }

  #sees(): void {
    this.#unseenSince = undefined;
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
    this.#tell(() => this.#observer.started({ leader, guardian, at }));
  }

  #tellSilence(): void {
    const isSilent = sizeOf(this.#options.files.silent) !== undefined;
    if (isSilent === this.#silentTold) return;
    const look = lookAtSilent(this.#options.files);
    if (isSilent && look.state !== 'there') return;
    this.#silentTold = isSilent;
    const warning = look.state === 'there' ? { kind: look.value.kind, forMs: look.value.forMs } : undefined;
    this.#tell(() => this.#observer.silent(warning));
  }

  // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────

  stop(by: StopBy, graceMs: number): void {
    this.#order({ kind: 'stop', by, graceMs });
    if (this.#phase !== 'following') return;
    const longest = graceMs + Math.max(graceMs, LEAST_GRACE_MS) + 2 * GIVE_UP_MS + WATCHDOG_MS;
    this.#watchdog ??= this.#services.clock.after(
      Math.min(longest, LONGEST_TIMER_MS),
      () => void this.#replaceGuardian(),
    );
  }

  async signal(signal: string, by: StopBy | undefined): Promise<boolean> {
    if (this.#phase === 'preparing' && by) this.#order({ kind: 'stop', by, graceMs: this.#options.graceMs });
    if (this.#phase !== 'following') return false;
    return this.#services.messenger.signal(
      this.#options.files,
      { kind: 'signal', signal, ...(by && { by }) },
      this.#guardian,
    );
  }

  keepWaiting(): void {
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
    if (this.#phase === 'preparing') this.#early.push(order);
    if (this.#phase === 'following') this.#services.messenger.send(this.#options.files, order, this.#guardian);
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

  async #settle(): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'done') return;
    this.#phase = 'ending';
    const { files } = this.#options;
    const facts = await this.#facts();
    if (this.#isDone()) return;
    if (facts.state === 'unknown' && this.#waitForSight(facts.why)) {
      this.#phase = 'following';
      return;
    }
    this.#watchdog?.dispose();
    const end = facts.state === 'there' ? facts.value : this.#unseen(facts.why);
    this.#tellStarted();
    if (this.#tail) {
      await this.#services.pump.drain(this.#tail);
      if (this.#isDone()) return;
    }
    const stderrTail = readTail(files.stderr, STDERR_TAIL_BYTES);
    const report = sizeOf(files.report) === undefined ? undefined : readTail(files.report, REPORT_BYTES);
    const last = this.#tail?.finish(end.exit, stderrTail, report, end.at) ?? this.#unread(end, stderrTail, report);
    const hadOutput = (sizeOf(files.stdout) ?? 0) + (sizeOf(files.stderr) ?? 0) > 0;
    const { format: _, ...told } = end;
    this.#tell(() => this.#observer.ended({ ...told, last, hadOutput, errorLine: lastLineOf(stderrTail) }));
    this.release();
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
  async #facts(): Promise<Seen<EndedRecord>> {
    const { clock, table, log } = this.#services;
    const { files, token, leader, graceMs, keep } = this.#options;
    const failure = this.#failure;
    try {
      const end = await settleLostRun({ table, clock, log, files, token, leader, graceMs, keep });
      // A guardian of ours that never came to claim its run could not start.
      if (end.state === 'unknown' || end.value.kind !== 'void' || !failure) return end;
      return there({ ...end.value, kind: endOfFailedStart(failure), error: this.#startError(failure) });
    } catch (error) {
      // With the system's own error nothing was started, and there is nobody to look for.
      if (failure?.code === undefined) return unknown(whyOf(error));
      const [kind, why] = [endOfFailedStart(failure), this.#startError(failure)];
      return there({ format: FORMAT, kind, exit: {}, at: clock.now(), error: why, ...NOTHING_LEFT });
    }
  }

  /** The end of a run that nobody could see for so long that its slot is freed (R3.1). */
  #unseen(unseen: string): EndedRecord {
    const started = lookAtStarted(this.#options.files);
    const leader = started.state === 'there' ? started.value.leader : this.#options.leader;
    const known = [leader, this.#guardian].filter((one) => one !== undefined);
    const remaining = known.map((one) => ({ ...one, command: one === leader ? 'agent' : 'guardian' }));
    const error = `Nobody can see whether its processes have ended: ${unseen}.`;
    const end = { exit: {}, at: this.#services.clock.now(), error, ...NOTHING_LEFT };
    return { format: FORMAT, kind: 'lost', ...end, remaining, unseen };
  }

  #startError({ message }: StartFailure): string {
    const said = lastLineOf(readTail(this.#options.files.guardianLog, STDERR_TAIL_BYTES));
    return `The agent was not started, for its guardian could not begin: ${message}${said === '' ? '' : ` (${said})`}`;
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
