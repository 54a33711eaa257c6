import type { AgentEvent, AgentReader } from '../../core/model/agentEvent.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import type { ProcessIdentity, StopBy } from '../../core/model/loop.ts';
import { type Clock, LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type { ProcessProbe, Run, RunObserver, RunOutput } from '../../core/ports/launcher.ts';
import { ALL_WRITTEN, reportedEnd } from '../guardian/exitCodes.ts';
import type { FailedStart } from '../launch/failedStart.ts';
import type { GuardianEnd, GuardianProcess } from '../launch/guardianProcess.ts';
import { isWritable, readTail, sizeOf, timeOf, writeJson } from '../runFolder/atomicFile.ts';
import { readClaim, readEnded, readSilent, readStarted } from '../runFolder/recordSchemas.ts';
import { type EndedRecord, FORMAT, type Order } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { GIVE_UP_MS, LEAST_GRACE_MS, NOTHING_LEFT } from '../sweep/sweep.ts';
import type { ProcessTable } from '../tables/processTable.ts';
import { Heartbeat, type Pulse } from './heartbeat.ts';
import { lastLineOf } from './lastLine.ts';
import { claimAsVoid, type LostRunOptions, settleLostRun } from './lostRun.ts';
import type { GuardianAddress, Messenger } from './messenger.ts';
import type { Pump } from './pump.ts';
import { Tail } from './tail.ts';

/** What all runs of a window share. */
export interface FollowServices {
  readonly clock: Clock;
  readonly table: ProcessTable;
  readonly probe: ProcessProbe;
  readonly messenger: Messenger;
  readonly pump: Pump;
  readonly log: (message: string, error?: unknown) => void;
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
/** How often (ms) its heartbeat is looked at. */
const PULSE_LOOK_MS = 1_000;
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
  #silentTold = false;
  /** The guardian that this window started: the system reports its end. For others we have to look. */
  #child: GuardianProcess | undefined;
  #lookedAt = 0;
  #heartbeat: Heartbeat | undefined;
  #pulse: Pulse = 'beats';
  #pulseAt = 0;
  #guardian: ProcessIdentity | undefined;
  #leader: ProcessIdentity | undefined;
  /** Orders that were given before there was anybody to take them. */
  readonly #early: Order[] = [];
  #watchdog: Disposable | undefined;

  constructor(options: FollowOptions, services: FollowServices, observer: RunObserver, onDone: () => void) {
    this.#options = options;
    this.#services = services;
    this.#observer = observer;
    this.#onDone = onDone;
    this.#guardian = options.guardian;
    this.#leader = options.leader;
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
    if (readEnded(files) || !this.#guardianLives()) return this.#settle();
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
    // Its guardian may stay for what was kept.
    if (sizeOf(this.#options.files.ended) !== undefined) {
      void this.#settle();
      return;
    }
    this.#feelPulse();
    if (this.#child) return;
    if (performance.now() - this.#lookedAt < GUARDIAN_LOOK_MS) return;
    this.#lookedAt = performance.now();
    if (!this.#guardianLives()) void this.#settle();
  }

  /** A guardian that somebody has stopped is woken; one that does not work even then is replaced. */
  #feelPulse(): void {
    const { files, token } = this.#options;
    const now = performance.now();
    if (now - this.#pulseAt < PULSE_LOOK_MS) return;
    this.#pulseAt = now;
    const claim = readClaim(files);
    if (claim?.beatMs) this.#heartbeat ??= new Heartbeat(claim.beatMs, now);
    const pulse = this.#heartbeat?.look(timeOf(files.claim), now) ?? 'late';
    const { messenger, log } = this.#services;
    if (pulse !== this.#pulse && this.#heartbeat && pulse === 'late')
      log(`The guardian of run ${token} does not answer, and is woken.`);
    this.#pulse = pulse;
    // One of the first edition has no heartbeat; to wake one that works changes nothing.
    if (pulse !== 'beats') messenger.wake(files, this.#address());
    if (pulse === 'dead' && isWritable(files.folder)) void this.#replaceGuardian();
  }

  #guardianLives(): boolean {
    const { files } = this.#options;
    const known = readClaim(files)?.guardian ?? this.#guardian;
    return known !== undefined && this.#services.probe.isAlive(known);
  }

  #tellStarted(): void {
    if (this.#startedTold) return;
    const started = readStarted(this.#options.files);
    if (!started) return;
    this.#startedTold = true;
    this.#guardian = started.guardian;
    this.#leader = started.leader;
    const { leader, guardian, at } = started;
    this.#tell(() => this.#observer.started({ leader, guardian, at }));
  }

  #tellSilence(): void {
    const there = sizeOf(this.#options.files.silent) !== undefined;
    if (there === this.#silentTold) return;
    const warning = there ? readSilent(this.#options.files) : undefined;
    if (there && !warning) return;
    this.#silentTold = there;
    this.#tell(() => this.#observer.silent(warning && { kind: warning.kind, forMs: warning.forMs }));
  }

  // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────

  stop(by: StopBy, graceMs: number): void {
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
    const listens = this.#startedTold || (this.#child && readClaim(this.#options.files)?.guardian !== undefined);
    return { identity: this.#guardian, ...(listens && { child: this.#child }) };
  }

  #sendEarly(): void {
    for (const order of this.#early) this.#order(order);
  }

  /** A guardian that has not ended its run in all that time does not work: its run is ended in its place. */
  async #replaceGuardian(): Promise<void> {
    const guardian = readClaim(this.#options.files)?.guardian ?? this.#guardian;
    if (this.#phase !== 'following' || !guardian) return;
    this.#services.log(`The guardian of run ${this.#options.token} does not answer and is replaced.`);
    await this.#services.table.signal([guardian], 'SIGKILL');
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

  async #settle(known: Pick<LostRunOptions, 'failedStart' | 'reported'> = {}): Promise<void> {
    if (this.isOver) return;
    this.#phase = 'ending';
    await this.#conclude(await this.#facts(known));
  }

  /** Reads what is left to read, and reports the end. */
  async #conclude(end: EndedRecord): Promise<void> {
    const { files } = this.#options;
    this.#watchdog?.dispose();
    if (this.#isDone()) return;
    this.#tellStarted();
    if (this.#tail) {
      await this.#services.pump.drain(this.#tail);
      if (this.#isDone()) return;
    }
    const stderrTail = readTail(files.stderr, STDERR_TAIL_BYTES);
    const report = sizeOf(files.report) === undefined ? undefined : readTail(files.report, REPORT_BYTES);
    const last = this.#tail?.finish(end.exit, stderrTail, report, end.at) ?? this.#unread(end, stderrTail, report);
    const hadOutput = (sizeOf(files.stdout) ?? 0) + (sizeOf(files.stderr) ?? 0) > 0;
    const { format: _, ...facts } = end;
    this.#tell(() => this.#observer.ended({ ...facts, last, hadOutput, errorLine: lastLineOf(stderrTail) }));
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

  async #facts(known: Pick<LostRunOptions, 'failedStart' | 'reported'>): Promise<EndedRecord> {
    const { clock, table, log } = this.#services;
    const { files, token, graceMs, keep } = this.#options;
    const leader = this.#leader;
    const begun = leader !== undefined || this.#guardian !== undefined;
    try {
      return await settleLostRun({ table, clock, log, files, token, leader, begun, graceMs, keep, ...known });
    } catch (error) {
      log('The end of a run could not be found out.', error);
      const why = { kind: 'lost', error: (error as Error).message } as const;
      return { format: FORMAT, exit: {}, at: clock.now(), ...(known.failedStart ?? why), ...NOTHING_LEFT };
    }
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
