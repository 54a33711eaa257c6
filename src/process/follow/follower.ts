import type { AgentEvent, AgentReader } from '../../core/model/agentEvent.ts';
import type { Disposable } from '../../core/model/disposable.ts';
import type { ProcessIdentity, StopBy } from '../../core/model/loop.ts';
import { type Clock, LONGEST_TIMER_MS } from '../../core/ports/clock.ts';
import type { ProcessProbe, Run, RunObserver, RunOutput } from '../../core/ports/launcher.ts';
import { endOfFailedStart, type StartFailure } from '../launch/failedStart.ts';
import { readTail, sizeOf } from '../runFolder/atomicFile.ts';
import { readClaim, readEnded, readSilent, readStarted } from '../runFolder/recordSchemas.ts';
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
    await this.#settle(failure);
  }

  /** Goes on with a run that another window began. */
  async adopt(mine: boolean): Promise<void> {
    const { files } = this.#options;
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
    if (this.#isChild) return;
    if (performance.now() - this.#lookedAt < GUARDIAN_LOOK_MS) return;
    this.#lookedAt = performance.now();
    if (!this.#guardianLives()) void this.#settle();
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
    const guardian = readClaim(this.#options.files)?.guardian ?? this.#guardian;
    if (this.#phase !== 'following' || !guardian) return;
    this.#services.log(`The guardian of run ${this.#options.token} does not answer and is replaced.`);
    await this.#services.table.signal([guardian], 'SIGKILL');
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #settle(failure?: StartFailure): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'done') return;
    this.#phase = 'ending';
    this.#watchdog?.dispose();
    const { files } = this.#options;
    const end = await this.#facts(failure);
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

  async #facts(failure: StartFailure | undefined): Promise<EndedRecord> {
    const { clock, table, log } = this.#services;
    const { files, token, leader, graceMs, keep } = this.#options;
    try {
      const end = await settleLostRun({ table, clock, log, files, token, leader, graceMs, keep });
      // A guardian of ours that never came to claim its run could not start.
      return end.kind === 'void' && failure
        ? { ...end, kind: endOfFailedStart(failure), error: this.#startError(failure) }
        : end;
    } catch (error) {
      log('The end of a run could not be found out.', error);
      const why = failure ? this.#startError(failure) : (error as Error).message;
      const kind = failure ? endOfFailedStart(failure) : 'lost';
      return { format: FORMAT, kind, exit: {}, at: clock.now(), error: why, swept: [], kept: [], remaining: [] };
    }
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
