import { existsSync, rmSync } from 'node:fs';
import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { StopBy } from '../../core/model/loop.ts';
import type { ProcessProbe } from '../../core/ports/launcher.ts';
import { endOfFailedStart } from '../launch/failedStart.ts';
import { createOnce, writeJson } from '../runFolder/atomicFile.ts';
import {
  type CutRecord,
  type EndedRecord,
  type ExitRecord,
  FORMAT,
  type Order,
  type RunRequest,
  type SilentRecord,
  type StartedRecord,
} from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { findRun } from '../sweep/findProcesses.ts';
import { LEAST_GRACE_MS, type SweepResult, sweep } from '../sweep/sweep.ts';
import { identityOf, type ProcessInfo, type ProcessTable } from '../tables/processTable.ts';
import { AgentProcess, startFailure } from './agentProcess.ts';
import { Attendance } from './attendance.ts';
import { Deadlines } from './deadlines.ts';
import { GroupStop } from './groupStop.ts';
import { watchKeptLogs } from './keptLogs.ts';
import { LogLimit } from './logLimit.ts';
import { type NewOrder, Orders } from './orders.ts';
import { TickClock } from './tickClock.ts';

export interface GuardianOptions {
  readonly files: RunFiles;
  readonly request: RunRequest;
  readonly table: ProcessTable;
  readonly probe: ProcessProbe;
  readonly log: (message: string, error?: unknown) => void;
}

/** How often (ms) windows are looked for; more often when the time without one is short. */
const ATTENDANCE_MS = 5_000;
/** How often (ms) orders are looked for where no signal can wake us. */
const ORDERS_MS = process.platform === 'win32' ? 250 : 1_000;
/** How long (ms) facts that can not be written, for the disk is full, are tried again before the guardian goes. */
const WRITE_PATIENCE_MS = 60_000;
const WRITE_AGAIN_MS = 250;
type Fact = StartedRecord | ExitRecord | EndedRecord | SilentRecord | CutRecord;
const NOTHING: SweepResult = { swept: [], kept: [], remaining: [] };

/**
 * Starts one agent, governs it and writes down what becomes of it. It takes orders through the run folder and needs no window.
 * It writes facts; what they mean is for the windows to decide.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #orders: Orders;
  readonly #deadlines: Deadlines;
  readonly #attendance: Attendance;
  readonly #clock = new TickClock(() => performance.now());
  readonly #over = Promise.withResolvers<void>();
  #agent: AgentProcess | undefined;
  #stop: GroupStop | undefined;
  #logLimit: LogLimit | undefined;
  #stoppedBy: StopBy | undefined;
  #leaderEnded = false;
  /** How the leader ended, where that was told before it was known who it is: to look it up may start a program of the system. */
  #endedEarly: readonly [code: number | null, signal: string | null] | undefined;
  /** It is being stopped; a mere signal, even one that is meant to end it, is no such thing: the deadlines go on. */
  #isStopping = false;
  #urgent = false;
  #overflowed = false;
  readonly #keptReleased = new AbortController();
  #isSweeping = false;
  /** Who was found by the last look of the sweep. */
  #leftover: readonly ProcessInfo[] = [];
  #isSilent = false;
  #attended = true;
  #attendedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #unwritten = new Map<string, Fact>();

  constructor(options: GuardianOptions) {
    this.#options = options;
    const { files, request, log, probe } = options;
    this.#orders = new Orders(files.orders, log);
    this.#deadlines = new Deadlines(request.limits);
    this.#attendance = new Attendance(request.windowsFolder, probe);
  }

  /** Runs the agent to its end. Resolves when all facts are written, or at once when the run is somebody else's. */
  async run(): Promise<void> {
    const { files, probe, log } = this.#options;
    if (!createOnce(files.claim, { format: FORMAT, by: 'guardian', guardian: probe.self })) return;
    // A window may have changed its mind before we were here.
    this.#takeOrders();
    if (this.#isStopping) this.#finish({ kind: 'void', exit: {}, at: Date.now() }, NOTHING);
    else await this.#start().catch((error: unknown) => this.#startFailed(error));
    await this.#over.promise;
    const patience = performance.now() + WRITE_PATIENCE_MS;
    while (this.#unwritten.size > 0 && performance.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS));
      this.#writeAgain();
    }
    if (this.#unwritten.size > 0) log('The end of the run could not be written down.');
  }

  /** There may be orders. */
  wake(): void {
    this.#takeOrders();
  }

  /** Stops the run in steps, if it has not ended. */
  stop(by: StopBy, graceMs = this.#options.request.limits.graceMs): void {
    if (this.#leaderEnded) {
      this.#keptReleased.abort();
      return;
    }
    this.#isStopping = true;
    if (this.#stoppedBy === undefined || by === 'user') this.#stoppedBy = by;
    this.#stop?.begin(graceMs);
  }

  async #start(): Promise<void> {
    const { files, request, table, probe, log } = this.#options;
    const agent = new AgentProcess(request, files, process.env);
    this.#agent = agent;
    const { child } = agent;
    child.on('error', (error) => {
      // Without a pid nothing was started; otherwise it is about a signal, and those are sent elsewhere.
      if (child.pid === undefined) this.#startFailed(error);
    });
    if (child.pid === undefined) return;
    this.#limitLogs(agent);
    child.on('exit', (code, signal) => {
      if (this.#stop) void this.#ended(code, signal);
      else this.#endedEarly = [code, signal];
    });
    const at = Date.now();
    const leader = (await table.find(child.pid)) ?? { pid: child.pid, startTime: 'unknown', bootId: table.bootId };
    this.#stop = new GroupStop({
      table,
      token: request.token,
      folder: files.folder,
      leader: identityOf(leader),
      keep: request.limits.keep,
      steps: request.stopSteps,
      onStuck: () => void this.#stuck(),
      onError: (error) => log('A signal could not be sent.', error),
    });
    this.#write(files.started, { format: FORMAT, leader: identityOf(leader), guardian: probe.self, at });
    if (this.#endedEarly) return this.#ended(...this.#endedEarly);
    if (this.#overflowed) void this.#stop.killFrozen();
    else if (this.#isStopping) this.#stop.begin(request.limits.graceMs);
    this.#tick();
  }

  #startFailed(error: unknown): void {
    const { request, log } = this.#options;
    log('The agent was not started.', error);
    const failure = error as NodeJS.ErrnoException;
    this.#finish(
      { kind: endOfFailedStart(failure), exit: {}, at: Date.now(), error: startFailure(failure, request) },
      NOTHING,
    );
  }

  // ── While it runs ────────────────────────────────────────────────────────────────────────────────────────────

  /** Never throws: whatever goes wrong here, the agent stays supervised. */
  #tick(): void {
    clearTimeout(this.#timer);
    let dueMs = ORDERS_MS;
    try {
      this.#clock.tick();
      this.#takeOrders();
      this.#writeAgain();
      this.#logLimit?.look();
      if (!this.#leaderEnded && !this.#isStopping) dueMs = this.#look();
    } catch (error) {
      this.#options.log('A look at the run failed; the next one follows.', error);
    }
    this.#timer = setTimeout(() => this.#tick(), this.#clock.plan(Math.min(dueMs, ORDERS_MS)));
  }

  #look(): number {
    const now = this.#clock.elapsed;
    const verdict = this.#deadlines.look(now, {
      logBytes: this.#agent?.logs.bytes() ?? 0,
      attended: this.#isAttended(now),
    });
    if (verdict.stop) {
      this.stop(verdict.stop);
      return ORDERS_MS;
    }
    this.#tellSilence(verdict.silent);
    return verdict.dueMs;
  }

  #isAttended(now: number): boolean {
    const { unattendedGraceMs } = this.#options.request.limits;
    if (unattendedGraceMs === 0) return true;
    if (now === 0 || now - this.#attendedAt >= Math.min(ATTENDANCE_MS, unattendedGraceMs / 4)) {
      this.#attendedAt = now;
      this.#attended = this.#attendance.anybody();
    }
    return this.#attended;
  }

  #tellSilence(silent: { readonly kind: 'first-output' | 'silence'; readonly forMs: number } | undefined): void {
    const { files } = this.#options;
    if ((silent !== undefined) === this.#isSilent) return;
    this.#isSilent = silent !== undefined;
    if (silent) this.#write(files.silent, { format: FORMAT, ...silent });
    else rmSync(files.silent, { force: true });
  }

  #limitLogs(agent: AgentProcess): void {
    const { request } = this.#options;
    this.#logLimit = new LogLimit({
      logs: agent.logs,
      maxBytes: request.limits.maxLogBytes,
      onPassed: () => void this.#overflow(agent),
      onCut: this.#noteCut,
    });
  }

  readonly #noteCut = (bytes: number): void => {
    const { cut } = this.#options.files;
    if (!existsSync(cut)) this.#write(cut, { format: FORMAT, bytes, at: Date.now() });
  };

  /** The logs have passed their limit (R8.3), in whatever phase: all of the run is frozen at once, then killed without being woken. */
  async #overflow(agent: AgentProcess): Promise<void> {
    this.#overflowed = true;
    this.#urgent = true;
    if (this.#leaderEnded) {
      await this.#options.table.signal(this.#leftover, 'SIGSTOP');
      return;
    }
    agent.freeze();
    this.#isStopping = true;
    this.#stoppedBy ??= 'output-limit';
    await this.#stop?.killFrozen();
  }

  // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────

  #takeOrders(): void {
    for (const order of this.#orders.take()) {
      void this.#obey(order).catch((error: unknown) =>
        this.#options.log(`The order to ${order.order.kind} failed.`, error),
      );
    }
  }

  async #obey({ order, answer }: NewOrder): Promise<void> {
    this.#clock.tick();
    const now = this.#clock.elapsed;
    if (order.kind === 'stop') this.stop(order.by, order.graceMs);
    if (order.kind === 'leave') this.#deadlines.leave(now, order.stopAfterMs);
    if (order.kind === 'adopted' && order.mine) this.#deadlines.stay();
    if (order.kind === 'keepWaiting') this.#deadlines.keepWaiting(now);
    if (order.kind === 'signal') answer(await this.#signal(order));
    // What it changes may be due before the next look.
    if (order.kind !== 'signal' && this.#stop && !this.#leaderEnded) setImmediate(() => this.#tick());
  }

  async #signal(order: Extract<Order, { kind: 'signal' }>): Promise<boolean> {
    if (order.signal === 'SIGKILL') this.#urgent = true;
    // What is left of an ended leader is being swept, and with haste now if this is SIGKILL.
    if (this.#leaderEnded) return order.signal === 'SIGKILL' && this.#isSweeping;
    if (!this.#stop) {
      if (order.by) this.stop(order.by);
      return false;
    }
    if (order.by && (this.#stoppedBy === undefined || order.by === 'user')) this.#stoppedBy = order.by;
    return order.signal === 'SIGKILL' ? this.#stop.kill() : this.#stop.signal(order.signal);
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #ended(code: number | null, signal: string | null): Promise<void> {
    if (this.#leaderEnded) return;
    const { files } = this.#options;
    this.#leaderEnded = true;
    this.#stop?.leaderEnded();
    const at = Date.now();
    const exit: ProcessExit = signal === null ? { exitCode: code ?? 0 } : { signal };
    this.#write(files.exit, { format: FORMAT, exit, at, ...(this.#stoppedBy && { stoppedBy: this.#stoppedBy }) });
    this.#finish({ kind: 'exited', exit, at }, await this.#sweep());
  }

  async #stuck(): Promise<void> {
    if (this.#leaderEnded) return;
    this.#leaderEnded = true;
    this.#stop?.leaderEnded();
    const error = 'The process did not end by SIGKILL: it waits in the kernel, or it belongs to another user.';
    this.#finish({ kind: 'lost', exit: {}, at: Date.now(), error }, await this.#sweep(0));
  }

  async #sweep(giveUpMs?: number): Promise<SweepResult> {
    const { request, table, log } = this.#options;
    const stop = this.#stop;
    if (!stop) return NOTHING;
    const { keep, graceMs } = request.limits;
    const find = async (known: readonly ProcessInfo[]) => {
      const found = await findRun(table, stop.marks(known), { keep, deep: true });
      this.#leftover = found.members;
      return found;
    };
    this.#isSweeping = true;
    try {
      return await sweep(table, find, {
        graceMs: Math.max(graceMs, LEAST_GRACE_MS),
        asked: stop.asked,
        isUrgent: () => this.#urgent,
        ...(giveUpMs !== undefined && { giveUpMs }),
      });
    } catch (error) {
      log('What was left of the run could not be seen to.', error);
      return NOTHING;
    }
  }

  #finish(end: Pick<EndedRecord, 'kind' | 'exit' | 'at' | 'error'>, left: SweepResult): void {
    clearTimeout(this.#timer);
    this.#leaderEnded = true;
    this.#logLimit?.close();
    this.#write(this.#options.files.ended, {
      format: FORMAT,
      ...end,
      ...(this.#stoppedBy && { stoppedBy: this.#stoppedBy }),
      ...left,
    });
    void this.#watchKept(left)
      .catch((error: unknown) => this.#options.log('The logs of what was kept could not be watched.', error))
      .finally(() => this.#over.resolve());
  }

  /** The run is over, but what was kept may write on for as long as it lives. */
  async #watchKept({ kept }: SweepResult): Promise<void> {
    const { request, table, log } = this.#options;
    const { keep, maxLogBytes: maxBytes } = request.limits;
    if (!this.#agent || !this.#stop) return;
    await watchKeptLogs({
      table,
      keep,
      kept,
      maxBytes,
      logs: this.#agent.logs,
      marks: this.#stop.marks(),
      onCut: this.#noteCut,
      onPassed: () => log('Processes that were kept passed the log limit and were ended.'),
      signal: this.#keptReleased.signal,
    });
  }

  // ── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────

  #write(path: string, record: Fact): void {
    try {
      writeJson(path, record);
      this.#unwritten.delete(path);
    } catch (error) {
      if (!this.#unwritten.has(path)) this.#options.log(`${path} could not be written; it is tried again.`, error);
      this.#unwritten.set(path, record);
    }
  }

  #writeAgain(): void {
    for (const [path, record] of this.#unwritten) this.#write(path, record);
  }
}
