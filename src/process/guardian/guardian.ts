import { existsSync } from 'node:fs';
import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { StopBy } from '../../core/model/attempt.ts';
import { type Leftovers, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { whyOf } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { emptied, makeRunGroup } from '../contain/runGroup.ts';
import { agentEnvironment } from '../environment/carriedEnvironment.ts';
import { sizeOf } from '../runFolder/atomicFile.ts';
import { questionIds } from '../runFolder/questionFiles.ts';
import { type EndedRecord, FORMAT, type Order, type RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { findRun } from '../sweep/findProcesses.ts';
import { ownFoldersOf } from '../sweep/ownFolders.ts';
import { LEAST_GRACE_MS, sweep } from '../sweep/sweep.ts';
import { identityOf, keyOf, type ProcessInfo, type ProcessTable, UNKNOWN_START } from '../tables/processTable.ts';
import { AgentProcess } from './agentProcess.ts';
import { Attendance } from './attendance.ts';
import { Deadlines } from './deadlines.ts';
import { ALL_WRITTEN, exitCodeFor } from './exitCodes.ts';
import { GroupStop } from './groupStop.ts';
import { watchKeptLogs } from './keptLogs.ts';
import { startBelow } from './killOrder.ts';
import { LogLimit } from './logLimit.ts';
import { MemoryKills } from './memoryKills.ts';
import { type NewOrder, Orders } from './orders.ts';
import { RunRecords } from './runRecords.ts';
import { exitProblem, failedStart, isFolderGone } from './startError.ts';
import { TickClock } from './tickClock.ts';

export interface GuardianOptions {
  readonly files: RunFiles;
  readonly request: RunRequest;
  readonly table: ProcessTable;
  readonly inspector: ProcessInspector;
  readonly log: (message: string, error?: unknown) => void;
}

/** How often (ms) windows are looked for; more often when the time without one is short. */
const ATTENDANCE_MS = 5_000;
/** How often (ms) orders are looked for where no signal can wake us. */
const ORDERS_MS = process.platform === 'win32' ? 250 : 1_000;
/**
 * How long (ms) records that cannot be written are tried again before the guardian leaves. The window that started it
 * learns the end from its exit code, so where that waits it leaves soon.
 */
const WRITE_PATIENCE_MS = 60_000;
const WRITE_PATIENCE_OF_CHILD_MS = 1_000;
const WRITE_AGAIN_MS = 250;
/** The exit code of a shell whose command was killed. */
const KILLED = 128 + 9;
const NO_MEMORY =
  'The kernel killed it, for the machine or its container had no memory left. Close what is not needed.';
/** So many of the processes that were seen are on record. */
const SEEN_AT_MOST = 200;
/** How often (ms) it shows that it works, where the request does not say. */
const BEAT_MS = 10_000;

/**
 * Starts one agent, governs it and records what becomes of it. It takes orders through the run folder and needs no
 * window. It records facts; the windows decide what they mean.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #orders: Orders;
  readonly #records: RunRecords;
  readonly #deadlines: Deadlines;
  readonly #attendance: Attendance;
  readonly #clock = new TickClock(() => performance.now());
  readonly #over = Promise.withResolvers<EndedRecord>();
  #agent: AgentProcess | undefined;
  #stop: GroupStop | undefined;
  #logLimit: LogLimit | undefined;
  #memoryKills: MemoryKills | undefined;
  #group: Cgroup | undefined;
  #stoppedBy: StopBy | undefined;
  /** The signal that ended it, where nobody had ordered a stop. */
  #foreignSignal: string | undefined;
  #leaderEnded = false;
  /** How the leader ended, where that came before it was known who it is: looking it up may start a program. */
  #endedEarly: readonly [code: number | null, signal: string | null] | undefined;
  /** It is being stopped. A mere signal is no stop, even one that is meant to end it: the deadlines go on. */
  #isStopping = false;
  #urgent = false;
  #overflowed = false;
  readonly #keptReleased = new AbortController();
  #isSweeping = false;
  /** Who was found by the last look of the sweep. */
  #leftover: readonly ProcessInfo[] = [];
  /** Processes of the run that were ever seen, by their keys. */
  readonly #seen = new Map<string, ProcessIdentity>();
  #isSilent = false;
  #attended = true;
  #attendedAt = 0;
  readonly #beatMs: number;
  #beatAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** The process that started us, if it was still there. */
  readonly #parent = process.ppid;

  /** @throws the error of the file system when there is no room for the records of the run. */
  constructor(options: GuardianOptions) {
    this.#options = options;
    const { files, request, log, inspector } = options;
    this.#records = new RunRecords(files, log);
    this.#beatMs = request.beatMs ?? BEAT_MS;
    this.#orders = new Orders(files, log);
    this.#deadlines = new Deadlines(request.limits);
    this.#attendance = new Attendance(request.windowsFolder, inspector);
  }

  /**
   * Runs the agent to its end. Resolves when all is written, or at once when the run is somebody else's, with the exit
   * code for this process.
   *
   * @throws the error of the file system when the run cannot be claimed.
   */
  async run(): Promise<number> {
    const { inspector, log } = this.#options;
    if (!this.#records.claim(inspector.self, this.#beatMs)) {
      this.#records.release();
      return ALL_WRITTEN;
    }
    // A window may have changed its mind before we were here.
    this.#takeOrders();
    if (this.#isStopping) this.#finish({ kind: 'void', exit: {}, at: Date.now() }, NOTHING_LEFT);
    else await this.#start().catch((error: unknown) => this.#startFailed(error));
    const end = await this.#over.promise;
    const began = performance.now();
    const patience = () => (process.ppid === this.#parent ? WRITE_PATIENCE_OF_CHILD_MS : WRITE_PATIENCE_MS);
    while (!this.#records.isComplete && performance.now() - began < patience()) {
      await new Promise((resolve) => setTimeout(resolve, WRITE_AGAIN_MS));
      this.#records.retry();
    }
    this.#records.release();
    if (this.#records.isComplete) return ALL_WRITTEN;
    log('The end of the run could not be written down; the exit code reports it.');
    return exitCodeFor(end);
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

  /** A signal that tells us to end. Without an order for a stop it is from somebody else, and counts as such (R5.3). */
  endBySignal(signal: string): void {
    this.#takeOrders();
    if (this.#isStopping) return;
    if (!this.#leaderEnded) this.#foreignSignal = signal;
    this.stop('shutdown');
  }

  async #start(): Promise<void> {
    const { files, request, table, inspector, log } = this.#options;
    const group = makeRunGroup(request.token, log);
    this.#group = group;
    const start = () => startBelow(() => new AgentProcess(request, files, process.env));
    const agent = group ? group.startWithin(start) : start();
    this.#agent = agent;
    const { child } = agent;
    child.on('error', (error) => {
      // Without a pid nothing was started; otherwise it is about a signal, and those are sent elsewhere.
      if (child.pid === undefined) this.#startFailed(error);
    });
    if (child.pid === undefined) return;
    this.#memoryKills = new MemoryKills(child.pid);
    this.#memoryKills.sample(performance.now());
    this.#limitLogs(agent);
    child.on('exit', (code, signal) => {
      if (this.#stop) void this.#ended(code, signal);
      else this.#endedEarly = [code, signal];
    });
    const at = Date.now();
    const look = await table.find(child.pid);
    const leader = look.state === 'there' ? look.value : { pid: child.pid, startTime: UNKNOWN_START, ...table.scope };
    this.#stop = new GroupStop({
      table,
      token: request.token,
      folder: files.folder,
      ownFolders: ownFoldersOf(request.cwd, files.folder),
      leader: identityOf(leader),
      group,
      keep: request.limits.keep,
      steps: request.stopSteps,
      onSeen: this.#noteSeen,
      onStuck: () => void this.#stuck(),
      onError: (error) => log('A signal could not be sent.', error),
    });
    const contained = group && { group: group.path };
    this.#records.started({ format: FORMAT, leader: identityOf(leader), guardian: inspector.self, ...contained, at });
    if (this.#endedEarly) return this.#ended(...this.#endedEarly);
    if (this.#overflowed) void this.#stop.killFrozen();
    else if (this.#isStopping) this.#stop.begin(request.limits.graceMs);
    this.#tick();
  }

  #startFailed(error: unknown): void {
    const { request, log } = this.#options;
    log('The agent was not started.', error);
    const failed = failedStart(error as NodeJS.ErrnoException, request, this.#agentEnvironment());
    this.#finish({ ...failed, exit: {}, at: Date.now() }, NOTHING_LEFT);
  }

  #agentEnvironment(): Record<string, string> {
    const { loopId, token } = this.#options.request;
    return agentEnvironment(process.env, loopId, token);
  }

  // ── While it runs ────────────────────────────────────────────────────────────────────────────────────────────

  /** Never throws: whatever goes wrong here, the agent stays supervised. */
  #tick(): void {
    clearTimeout(this.#timer);
    let dueMs = ORDERS_MS;
    try {
      this.#clock.tick();
      this.#takeOrders();
      this.#records.retry();
      this.#beat();
      this.#logLimit?.look();
      if (!this.#leaderEnded && !this.#isStopping) dueMs = this.#look();
    } catch (error) {
      this.#options.log('A look at the run failed; the next one follows.', error);
    }
    this.#timer = setTimeout(() => this.#tick(), this.#clock.plan(Math.min(dueMs, ORDERS_MS, this.#beatMs)));
  }

  #beat(): void {
    if (performance.now() - this.#beatAt < this.#beatMs) return;
    this.#beatAt = performance.now();
    this.#records.beat();
    this.#memoryKills?.sample(this.#beatAt);
  }

  #look(): number {
    const now = this.#clock.elapsed;
    const verdict = this.#deadlines.look(now, {
      logBytes: this.#agent?.logs.bytes() ?? 0,
      attended: this.#isAttended(now),
      asking: this.#isAsking(),
    });
    if (verdict.stop) {
      this.stop(verdict.stop);
      return ORDERS_MS;
    }
    this.#tellSilence(verdict.silent);
    return verdict.dueMs;
  }

  #isAsking(): boolean {
    const open = questionIds(this.#options.files, 'open');
    return open.state === 'there' && open.value.length > 0;
  }

  #isAttended(now: number): boolean {
    const { unattendedGraceMs } = this.#options.request.limits;
    if (unattendedGraceMs === 0) return true;
    if (now === 0 || now - this.#attendedAt >= Math.min(ATTENDANCE_MS, unattendedGraceMs / 4)) {
      this.#attendedAt = now;
      // One that nobody can see may be there.
      this.#attended = this.#attendance.look().state !== 'gone';
    }
    return this.#attended;
  }

  #tellSilence(silent: { readonly kind: 'first-output' | 'silence'; readonly forMs: number } | undefined): void {
    if ((silent !== undefined) === this.#isSilent) return;
    this.#isSilent = silent !== undefined;
    this.#records.silent(silent && { format: FORMAT, ...silent });
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
    if (!existsSync(cut)) this.#records.cut({ format: FORMAT, bytes, at: Date.now() });
  };

  /**
   * The logs have passed their limit (R8.3), in whatever phase: all of the run is frozen at once, then killed without
   * being woken.
   */
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

  /** Whoever has to end the run in our place would not find those that have left the tree and carry no marker. */
  readonly #noteSeen = (processes: readonly ProcessInfo[]): void => {
    const before = this.#seen.size;
    for (const process of processes) this.#seen.set(keyOf(process), identityOf(process));
    // A signal may be about to go out, and does not wait for the disk.
    if (this.#seen.size > before) setImmediate(() => this.#recordSeen());
  };

  #recordSeen(): void {
    const processes = [...this.#seen.values()].slice(-SEEN_AT_MOST);
    this.#records.seen({ format: FORMAT, processes });
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #ended(code: number | null, signal: string | null): Promise<void> {
    if (this.#leaderEnded) return;
    this.#leaderEnded = true;
    this.#stop?.leaderEnded();
    const at = Date.now();
    const exit: ProcessExit = signal === null ? { exitCode: code ?? 0 } : { signal };
    const end = { exit, at, ...this.#troubleOf(exit) };
    this.#records.exited({ format: FORMAT, ...end, ...this.#stoppedFacts() });
    const problem = this.#startProblem(exit);
    this.#finish(problem ? { ...end, kind: 'spawn', error: problem } : { ...end, kind: 'exited' }, await this.#sweep());
  }

  /** Whose trouble a failure was, where it was not the agent's own (R5.7). */
  #troubleOf(exit: ProcessExit): Pick<EndedRecord, 'trouble' | 'error'> {
    const { cwd } = this.#options.request;
    if (exit.exitCode === 0 || this.#isStopping) return {};
    const isKilled = exit.signal === 'SIGKILL' || exit.exitCode === KILLED;
    if (isKilled && this.#memoryKills?.haveCome(performance.now())) return { trouble: 'memory', error: NO_MEMORY };
    if (!isFolderGone(cwd)) return {};
    const error = `Its working folder ${cwd} was removed while it ran. Choose another folder, or create it again.`;
    return { trouble: 'folder', error };
  }

  /** What kept the program from running although it could be started; only one that has said nothing never ran. */
  #startProblem({ exitCode }: ProcessExit): string | undefined {
    if (this.#stoppedBy !== undefined || (sizeOf(this.#options.files.stdout) ?? 0) > 0) return undefined;
    return exitProblem(exitCode, this.#options.request, this.#agentEnvironment());
  }

  #stoppedFacts(): Pick<EndedRecord, 'stoppedBy' | 'foreignSignal'> {
    const foreignSignal = this.#stoppedBy === 'shutdown' ? this.#foreignSignal : undefined;
    return { ...(this.#stoppedBy && { stoppedBy: this.#stoppedBy }), ...(foreignSignal && { foreignSignal }) };
  }

  async #stuck(): Promise<void> {
    if (this.#leaderEnded) return;
    this.#leaderEnded = true;
    this.#stop?.leaderEnded();
    const error = 'The process did not end by SIGKILL: it waits in the kernel, or it belongs to another user.';
    this.#finish({ kind: 'lost', exit: {}, at: Date.now(), error }, await this.#sweep(0));
  }

  async #sweep(giveUpMs?: number): Promise<Leftovers> {
    const { request, table, log } = this.#options;
    const stop = this.#stop;
    if (!stop) return NOTHING_LEFT;
    const { keep, graceMs } = request.limits;
    const since = stop.leader;
    const find = async (known: readonly ProcessInfo[]) => {
      const found = await findRun(table, stop.marks(known), { keep, deep: true, since });
      if (found.state === 'there') {
        this.#leftover = found.value.members;
        this.#noteSeen(found.value.members);
      }
      return found;
    };
    this.#isSweeping = true;
    try {
      const left = await sweep(table, find, {
        graceMs: Math.max(graceMs, LEAST_GRACE_MS),
        asked: stop.asked,
        isUrgent: () => this.#urgent,
        ...(giveUpMs !== undefined && { giveUpMs }),
      });
      return this.#group ? await emptied(this.#group, left) : left;
    } catch (error) {
      log('What was left of the run could not be seen to.', error);
      return { ...NOTHING_LEFT, unseen: whyOf(error) };
    }
  }

  #finish(end: Pick<EndedRecord, 'kind' | 'exit' | 'at' | 'error' | 'trouble'>, left: Leftovers): void {
    clearTimeout(this.#timer);
    this.#leaderEnded = true;
    this.#logLimit?.close();
    const ended: EndedRecord = { format: FORMAT, ...end, ...this.#stoppedFacts(), ...left };
    this.#records.ended(ended);
    void this.#watchKept(left)
      .catch((error: unknown) => this.#options.log('The logs of what was kept could not be watched.', error))
      .finally(() => this.#over.resolve(ended));
  }

  /** The run is over, but what was kept may write on for as long as it lives. */
  async #watchKept({ kept }: Leftovers): Promise<void> {
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
}
