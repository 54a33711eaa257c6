import type { ProcessExit } from '../../core/model/agentEvent.ts';
import type { StopBy } from '../../core/model/attempt.ts';
import { type Leftovers, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { sizeOf } from '../runFolder/atomicFile.ts';
import { type EndedRecord, FORMAT, type Order } from '../runFolder/records.ts';
import { ownFoldersOf } from '../sweep/ownFolders.ts';
import { identityOf, UNKNOWN_START } from '../tables/processTable.ts';
import { type AgentProcess, environmentOf } from './agentProcess.ts';
import { DeadlineWatch } from './deadlineWatch.ts';
import { ALL_WRITTEN, exitCodeFor } from './exitCodes.ts';
import { GroupStop } from './groupStop.ts';
import type { GuardianOptions } from './guardianOptions.ts';
import { LeaseWatch } from './leaseWatch.ts';
import { MemoryKills } from './memoryKills.ts';
import { MemoryLimit } from './memoryLimit.ts';
import { type NewOrder, Orders } from './orders.ts';
import { startContained, starterOf } from './runContainment.ts';
import { RunLogs } from './runLogs.ts';
import { RunRecords } from './runRecords.ts';
import { RunSweep } from './runSweep.ts';
import { SeenProcesses } from './seenProcesses.ts';
import { exitProblem, failedStart } from './startError.ts';
import { StopRequest } from './stopRequest.ts';
import { troubleOf } from './whoseTrouble.ts';

/** How often (ms) to look for orders where no signal can wake us. */
const ORDERS_MS = process.platform === 'win32' ? 250 : 1_000;
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
  readonly #deadlines: DeadlineWatch;
  readonly #lease: LeaseWatch;
  readonly #over = Promise.withResolvers<EndedRecord>();
  #stop: GroupStop | undefined;
  #logs: RunLogs | undefined;
  #memoryKills: MemoryKills | undefined;
  #memoryLimit: MemoryLimit | undefined;
  #group: Cgroup | undefined;
  readonly #request = new StopRequest();
  #leaderEnded = false;
  /** How the leader ended, if that came before its identity was known: looking it up may start a program. */
  #endedEarly: readonly [code: number | null, signal: string | null] | undefined;
  /** Its logs or its memory have passed their limit. */
  #overflowed = false;
  #sweeping: RunSweep | undefined;
  readonly #seen: SeenProcesses;
  readonly #beatMs: number;
  #beatAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** The process that started us, if it was still there. */
  readonly #parent: number;
  readonly #isWrapped: boolean;

  /** @throws the error of the file system when there is no room for the records of the run. */
  constructor(options: GuardianOptions) {
    this.#options = options;
    const { files, request, log, inspector } = options;
    this.#records = new RunRecords(files, log);
    this.#isWrapped = options.isWrapped ?? false;
    this.#parent = starterOf(request, this.#isWrapped);
    this.#seen = new SeenProcesses(this.#records);
    this.#beatMs = request.beatMs ?? BEAT_MS;
    this.#orders = new Orders(files, log);
    this.#deadlines = new DeadlineWatch(request, files, inspector, this.#records);
    this.#lease = new LeaseWatch(request.lease, inspector.self.bootId);
  }

  /**
   * Runs the agent to its end. Resolves when all is written, or at once if another has claimed the run, with the exit
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
    // The host may have slept between its decision and the start, and others may have taken over.
    this.#heedLease();
    if (this.#request.isUnderWay) this.#finish({ kind: 'void', exit: {}, at: Date.now() }, NOTHING_LEFT);
    else await this.#start().catch((error: unknown) => this.#startFailed(error));
    const end = await this.#over.promise;
    const isWritten = await this.#records.complete(
      () => starterOf(this.#options.request, this.#isWrapped) === this.#parent,
    );
    this.#records.release();
    if (isWritten) return ALL_WRITTEN;
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
      this.#logs?.release();
      return;
    }
    this.#request.isUnderWay = true;
    this.#request.ask(by);
    this.#stop?.begin(graceMs);
  }

  /** A signal that asks us to end. Without an order for a stop it came from elsewhere, and counts as such (R5.3). */
  endBySignal(signal: string): void {
    this.#takeOrders();
    if (this.#request.isUnderWay) return;
    if (!this.#leaderEnded) this.#request.signalled(signal);
    this.stop('shutdown');
  }

  async #start(): Promise<void> {
    const { files, request, table, inspector, log } = this.#options;
    const { agent, group, reaper, containment } = startContained(request, files, this.#isWrapped, log);
    this.#group = group;
    const { child } = agent;
    child.on('error', (error) => {
      // Without a pid nothing was started; otherwise it is about a signal, and those are sent elsewhere.
      if (child.pid === undefined) this.#startFailed(error);
    });
    if (child.pid === undefined) return;
    this.#memoryKills = new MemoryKills(child.pid);
    this.#memoryKills.sample(performance.now());
    this.#logs = this.#limitLogs(agent);
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
      reaper,
      keep: request.limits.keep,
      steps: request.stopSteps,
      onSeen: (processes) => this.#seen.note(processes),
      onStuck: () => void this.#stuck(),
      onError: (error) => log('A signal could not be sent.', error),
    });
    const { maxMemoryBytes: maxBytes = 0, keep } = request.limits;
    const onPassed = () => void this.#overflow(agent);
    this.#memoryLimit = new MemoryLimit({ table, stop: this.#stop, keep, group, maxBytes, onPassed });
    const contained = { containment, ...(group && { group: group.path }) };
    this.#records.started({ format: FORMAT, leader: identityOf(leader), guardian: inspector.self, ...contained, at });
    if (this.#endedEarly) return this.#ended(...this.#endedEarly);
    if (this.#overflowed) void this.#stop.killFrozen();
    else if (this.#request.isUnderWay) this.#stop.begin(request.limits.graceMs);
    this.#tick();
  }

  #startFailed(error: unknown): void {
    const { request, log } = this.#options;
    log('The agent was not started.', error);
    const failed = failedStart(error as NodeJS.ErrnoException, request, environmentOf(request));
    this.#finish({ ...failed, exit: {}, at: Date.now() }, NOTHING_LEFT);
  }

  // ── While it runs ────────────────────────────────────────────────────────────────────────────────────────────

  /** Never throws: whatever goes wrong here, the agent stays supervised. */
  #tick(): void {
    clearTimeout(this.#timer);
    let dueMs = ORDERS_MS;
    try {
      this.#deadlines.tick();
      this.#takeOrders();
      this.#heedLease();
      this.#records.retry();
      this.#beat();
      this.#logs?.look();
      if (!this.#leaderEnded) void this.#memoryLimit?.look();
      if (!this.#leaderEnded && !this.#request.isUnderWay) dueMs = this.#look();
    } catch (error) {
      this.#options.log('A look at the run failed; the next one follows.', error);
    }
    this.#timer = setTimeout(() => this.#tick(), this.#deadlines.plan(Math.min(dueMs, ORDERS_MS, this.#beatMs)));
  }

  /** A machine that is cut off stops its runs by itself (R16.3). */
  #heedLease(): void {
    if (!this.#leaderEnded && !this.#request.isUnderWay && this.#lease.isOver()) this.stop('partition');
  }

  #beat(): void {
    if (performance.now() - this.#beatAt < this.#beatMs) return;
    this.#beatAt = performance.now();
    this.#records.beat();
    this.#memoryKills?.sample(this.#beatAt);
  }

  #look(): number {
    const { stop, dueMs } = this.#deadlines.look(this.#logs?.bytes() ?? 0);
    if (!stop) return dueMs;
    this.stop(stop);
    return ORDERS_MS;
  }

  #limitLogs(agent: AgentProcess): RunLogs {
    const { files, request, log } = this.#options;
    const { limits } = request;
    const onPassed = () => void this.#overflow(agent, 'output-limit');
    return new RunLogs({ files, records: this.#records, limits, logs: agent.logs, onPassed, log });
  }

  /**
   * The logs or the memory have passed their limit (R8.3, R13.2), in whatever phase: all of the run is frozen at once,
   * then killed without being woken.
   */
  async #overflow(agent: AgentProcess, by?: StopBy): Promise<void> {
    this.#overflowed = true;
    this.#request.isUrgent = true;
    if (this.#leaderEnded) return this.#sweeping?.freeze();
    agent.freeze();
    this.#request.isUnderWay = true;
    if (by) this.#request.ask(by);
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
    this.#deadlines.tick();
    this.#deadlines.obey(order);
    if (order.kind === 'stop') this.stop(order.by, order.graceMs);
    if (order.kind === 'signal') answer(await this.#signal(order));
    // What it changes may be due before the next look.
    if (order.kind !== 'signal' && this.#stop && !this.#leaderEnded) setImmediate(() => this.#tick());
  }

  async #signal(order: Extract<Order, { kind: 'signal' }>): Promise<boolean> {
    if (order.signal === 'SIGKILL') this.#request.isUrgent = true;
    // The leader has ended and the rest is being swept; SIGKILL makes that urgent.
    if (this.#leaderEnded) return order.signal === 'SIGKILL' && this.#sweeping !== undefined;
    if (!this.#stop) {
      if (order.by) this.stop(order.by);
      return false;
    }
    if (order.by) this.#request.ask(order.by);
    return order.signal === 'SIGKILL' ? this.#stop.kill() : this.#stop.signal(order.signal);
  }

  // ── Its end ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #ended(code: number | null, signal: string | null): Promise<void> {
    if (this.#leaderEnded) return;
    this.#leaderEnded = true;
    this.#stop?.leaderEnded();
    const at = Date.now();
    const exit: ProcessExit = signal === null ? { exitCode: code ?? 0 } : { signal };
    const end = { exit, at, ...this.#troubleOf(exit) };
    this.#records.exited({ format: FORMAT, ...end, ...this.#request.facts() });
    const problem = this.#startProblem(exit);
    this.#finish(problem ? { ...end, kind: 'spawn', error: problem } : { ...end, kind: 'exited' }, await this.#sweep());
  }

  #troubleOf(exit: ProcessExit): Pick<EndedRecord, 'trouble' | 'error'> {
    const passed = this.#memoryLimit?.problem;
    if (passed !== undefined && this.#request.by === undefined) return { trouble: 'memory', error: passed };
    if (this.#request.isUnderWay) return {};
    const { cwd } = this.#options.request;
    return troubleOf(exit, cwd, () => this.#memoryKills?.haveCome(performance.now()) ?? false);
  }

  /** What kept the program from running although it was started; only one without output never ran. */
  #startProblem({ exitCode }: ProcessExit): string | undefined {
    const { files, request } = this.#options;
    if (this.#request.by !== undefined || (sizeOf(files.stdout) ?? 0) > 0) return undefined;
    return exitProblem(exitCode, request, environmentOf(request));
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
    if (!this.#stop) return NOTHING_LEFT;
    this.#sweeping = new RunSweep({
      limits: request.limits,
      table,
      stop: this.#stop,
      group: this.#group,
      isUrgent: () => this.#request.isUrgent,
      onSeen: (processes) => this.#seen.note(processes),
      log,
    });
    return this.#sweeping.run(giveUpMs);
  }

  #finish(end: Pick<EndedRecord, 'kind' | 'exit' | 'at' | 'error' | 'trouble'>, left: Leftovers): void {
    clearTimeout(this.#timer);
    this.#leaderEnded = true;
    this.#logs?.close();
    const { peakBytes: peakMemoryBytes = 0 } = this.#memoryLimit ?? {};
    const memory = peakMemoryBytes > 0 && { peakMemoryBytes };
    const ended: EndedRecord = { format: FORMAT, ...end, ...memory, ...this.#request.facts(), ...left };
    this.#records.ended(ended);
    void this.#watchKept(left)
      .catch((error: unknown) => this.#options.log('The logs of what was kept could not be watched.', error))
      .finally(() => this.#over.resolve(ended));
  }

  async #watchKept({ kept }: Leftovers): Promise<void> {
    if (this.#stop) await this.#logs?.watchKept(this.#options.table, this.#stop.marks(), kept);
  }
}
