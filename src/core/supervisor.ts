import { frozenCopy } from './model/copy.ts';
import {
  InvalidArgumentError,
  InvalidCostError,
  InvalidLoopError,
  UnknownLoopError,
  WrongStateError,
} from './model/errors.ts';
import type { Event, SupervisorEvent } from './model/event.ts';
import type { Look } from './model/looks.ts';
import { type FinishedLoop, isActive, isFinished, type Loop } from './model/loop.ts';
import type { ContinueOptions, LoopEdit, LoopSpec, RetryOptions } from './model/loopSpec.ts';
import { isCost, type NanoUsd, toNano, toUsd } from './model/money.ts';
import type { ProcessIdentity, SweptProcess } from './model/processIdentity.ts';
import type { DifferingSetting, Doubts, KeptSetting, Settings } from './model/settings.ts';
import { signalNamed } from './model/signals.ts';
import type { AccountStatus, LiveView, LoopDetail, LoopSpend, Status, SubmitResult } from './model/status.ts';
import type { OwnWorkTree } from './model/workTree.ts';
import { resetCircuit } from './policy/circuitBreaker.ts';
import type { AgentCatalog } from './ports/agents.ts';
import type { HistoryQueries } from './ports/historyQueries.ts';
import type { FinishedQuery, SpendRow, StatedRead } from './ports/store.ts';
import { endSpared } from './runtime/endSpared.ts';
import { Engine } from './runtime/engine.ts';
import { Lifecycle } from './runtime/lifecycle.ts';
import { forgetPlan, planWorkTree } from './runtime/planWorkTree.ts';
import { Retention } from './runtime/retention.ts';
import { detailOf, findLoop, liveViews, spendToday, statusOf } from './runtime/statusView.ts';
import { cancel, cancelAll, signalGroup } from './runtime/stopCommands.ts';
import { lookAgain, treatAsEnded } from './runtime/unconfirmedEnds.ts';
import type { WorkTreeActions } from './runtime/workTreeActions.ts';
import {
  type SupervisorContext,
  type SupervisorOptions,
  type SupervisorWindow,
  useStoredSettings,
} from './state/context.ts';
import type { UnitOfWork } from './state/unitOfWork.ts';
import { checkFollowUp, checkSpec, rejectionEvents, titleOf } from './steps/admission.ts';
import { recordCost } from './steps/charge.ts';
import { editLoop, renameLoop } from './steps/edit.ts';
import { saveLease } from './steps/leases.ts';
import { tryNewProfiles } from './steps/profileHolds.ts';
import { moveBefore, moveToEnd, setPriority } from './steps/reorder.ts';
import { acceptAsIs, continueLoop } from './steps/roundActions.ts';
import { applySettings, dropKeptSetting, shareOwnSetting } from './steps/storeSettings.ts';
import { admit, readmit, submitResult } from './steps/submit.ts';
import { undoCancel, wasStopped } from './steps/undoCancel.ts';
import {
  claimLoop,
  clearFailed,
  holdAccount,
  restartNow,
  setPaused,
  startStale,
  tryAccount,
} from './steps/userActions.ts';

/**
 * Governs headless agents: a bounded queue, one cap, restart intensity, a circuit breaker and a daily budget, over all
 * windows that share its store. Every method that changes something is one transaction and rejects with a
 * `SupervisorError`; then nothing has changed.
 */
export class Supervisor {
  readonly #context: SupervisorContext;
  readonly #engine: Engine;
  readonly #retention: Retention;
  readonly #lifecycle: Lifecycle;

  constructor(options: SupervisorOptions) {
    const { doubts = {}, settings, ...parts } = options;
    const read = { settings, doubts };
    const nothingOpen = { storedSettings: undefined, unknownSettings: [], keptSettings: [], differingSettings: [] };
    this.#context = { ...parts, settings, read, ...nothingOpen };
    useStoredSettings(this.#context, undefined);
    this.#engine = new Engine(this.#context);
    this.#retention = new Retention(this.#engine);
    this.#lifecycle = new Lifecycle(this.#engine, this.#retention);
  }

  /** This host's id: the `host` of the events that it causes. */
  get hostId(): string {
    return this.#context.window.id;
  }

  /**
   * What happened, told once it is stored: every host tells of everything, whichever caused it, once at most (R10.2).
   */
  get onEvent(): Event<SupervisorEvent> {
    return this.#engine.listeners.onEvent;
  }

  /** Something shown has changed, here or in another window. Not coalesced. */
  get onDidChange(): Event<void> {
    return this.#engine.listeners.onDidChange;
  }

  /** Registers the window, takes over what gone windows have left, and begins to dispatch. */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  // ── Loops ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a loop (R1). Rejects with the typed error of the first check that fails, tells `loop:rejected`, and leaves no
   * trace of it.
   */
  async submit(spec: LoopSpec): Promise<SubmitResult> {
    const plans: OwnWorkTree[] = [];
    return this.#admit(idIn(spec), () => {
      const checked = checkSpec(spec, this.#context);
      const { ownership } = this.#engine;
      if (checked.isolation === 'folder') return (unit) => admit(unit, checked, ownership);
      return planWorkTree(this.#context, checked).then((plan) => {
        plans.push(plan);
        return (unit) => admit(unit, checked, ownership, plan);
      });
    }).catch(async (error: unknown) => {
      // What was kept for it is of no use any more; should that fail, it is only disk space.
      for (const plan of plans) await forgetPlan(this.#context, plan).catch(() => undefined);
      throw error;
    });
  }

  /**
   * Admits a permanently failed loop again, its restarts cleared, with a new cap in USD if one is given (R5.5). Rejects
   * like `submit`, and then nothing has changed.
   */
  async retry(loopId: string, { maxCostUsd }: RetryOptions = {}): Promise<SubmitResult> {
    mustBeText('loopId', loopId);
    return this.#admit(loopId, () => {
      const cap = capOf(maxCostUsd);
      return (unit) => readmit(unit, loopId, this.#engine.ownership, cap === undefined ? {} : { maxCost: cap });
    });
  }

  /**
   * Ends a loop for good (R7.2). Resolves, once the stop is on record and under way, with whether there was such a live
   * loop.
   */
  async cancel(loopId: string): Promise<boolean> {
    mustBeText('loopId', loopId);
    this.#lifecycle.mustBeOpen();
    return cancel(this.#engine, loopId);
  }

  /**
   * Sends just one signal to a loop's process group and says whether it was delivered (R7.3). One that is meant to end
   * it (SIGTERM, SIGINT, SIGKILL, SIGHUP, SIGQUIT) is the user's stop: recorded first, never restarted.
   */
  async killProcessGroup(loopId: string, signal = 'SIGTERM'): Promise<boolean> {
    mustBeText('loopId', loopId);
    const name = signalNamed(signal);
    if (name === undefined)
      throw new InvalidArgumentError('signal', `must be the name of a signal such as SIGTERM, and is ${quote(signal)}`);
    this.#lifecycle.mustBeOpen();
    return signalGroup(this.#engine, loopId, name);
  }

  /**
   * Ends every live loop for good. Resolves with how many. Those that run are stopped even while the store cannot be
   * written (R7.2).
   */
  async stopAll(): Promise<number> {
    this.#lifecycle.mustBeOpen();
    return cancelAll(this.#engine);
  }

  /**
   * Ends the present attempt, or the wait, and starts the loop anew without using up a restart. Answers whether there
   * was one.
   */
  async restartNow(loopId: string): Promise<boolean> {
    return this.#change((unit) => restartNow(unit, loopId));
  }

  /** Lets a silent run have its deadlines anew. Returns whether this window follows it. */
  keepWaiting(loopId: string): boolean {
    const loop = this.#engine.liveState.find(loopId);
    const run = loop && isActive(loop) ? this.#engine.runs.of(loop) : undefined;
    run?.keepWaiting();
    return run !== undefined;
  }

  /**
   * Lets a loop go on although processes of its last attempt may still live (R3.1): one that failed or was interrupted
   * goes back to the queue. Rejects with `WrongStateError` if its end is not in doubt.
   */
  async treatAsEnded(loopId: string): Promise<void> {
    this.#lifecycle.mustBeReady();
    return treatAsEnded(this.#engine, loopId);
  }

  /**
   * Looks for the processes of such a loop again. If they are gone it goes on; otherwise nothing changes, and the
   * result names them or says why they cannot be seen. Rejects with `WrongStateError` if its end is not in doubt.
   */
  async lookAgain(loopId: string): Promise<Look<readonly SweptProcess[]>> {
    this.#lifecycle.mustBeReady();
    return lookAgain(this.#engine, loopId);
  }

  /**
   * Lets a loop go on that has used up its own cap or has reached a bound of its rounds: with as much again, or with
   * the cap that is given (R6.8, R11.3). Rejects with a `WrongStateError` where it does not wait for that, and with an
   * `InvalidLoopError` where the cap is no more than the loop has cost.
   */
  async continueLoop(loopId: string, { maxCostUsd }: ContinueOptions = {}): Promise<void> {
    mustBeText('loopId', loopId);
    const cap = capOf(maxCostUsd);
    await this.#change((unit) => continueLoop(unit, loopId, cap));
  }

  /** Completes a loop at a bound of its rounds, though its check does not pass (R11.3). Rejects like `continueLoop`. */
  async acceptAsIs(loopId: string): Promise<void> {
    await this.#change((unit) => acceptAsIs(unit, loopId));
  }

  /**
   * Has a finished loop go on with a further prompt, in its session, work tree and folder (R12.5). Rejects like `retry`,
   * and then nothing has changed.
   */
  async continueWith(loopId: string, prompt: string): Promise<SubmitResult> {
    mustBeText('loopId', loopId);
    return this.#admit(loopId, () => {
      const followUp = checkFollowUp(prompt);
      return (unit) => readmit(unit, loopId, this.#engine.ownership, { followUp });
    });
  }

  /** Makes a waiting loop of another window this window's, which then starts it. Answers whether there was one. */
  async takeOver(loopId: string): Promise<boolean> {
    return this.#change((unit) => claimLoop(unit, loopId));
  }

  /** Lets go of a permanently failed loop, so that its id may be used again. Answers whether it was one. */
  async clearFailed(loopId: string): Promise<boolean> {
    this.#lifecycle.mustBeReady();
    return this.#engine.transactions.take((unit) => clearFailed(unit, loopId), [['latest', loopId]]);
  }

  // ── Queue ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Queued loops wait until `resume`; running ones go on, and submits still queue (R2.4). */
  async pause(): Promise<void> {
    await this.#change((unit) => setPaused(unit, true));
  }

  /** Queued loops start again as far as there is room (R2.4). */
  async resume(): Promise<void> {
    await this.#change((unit) => setPaused(unit, false));
  }

  /** Gives a queued loop another priority. Resolves with its new 1-based position (R2.3). */
  async setPriority(loopId: string, priority: number): Promise<number> {
    this.#lifecycle.mustBeReady();
    if (!Number.isInteger(priority))
      throw new WrongStateError(loopId, `cannot have the priority ${priority}: it must be a finite integer`);
    return this.#engine.transactions.takeAndDispatch((unit) => setPriority(unit, loopId, priority));
  }

  /**
   * Puts a queued loop before another, with that one's priority; to the very front if none is named. Answers its
   * position.
   */
  async moveBefore(loopId: string, beforeLoopId: string | undefined): Promise<number> {
    return this.#change((unit) => moveBefore(unit, loopId, beforeLoopId));
  }

  /** Puts a queued loop behind all others, with the priority of the last one. Answers its position. */
  async moveToEnd(loopId: string): Promise<number> {
    return this.#change((unit) => moveToEnd(unit, loopId));
  }

  /**
   * Changes a queued loop that has not started (R2.6); returns its 1-based position. Rejects like `submit`, and then
   * nothing has changed.
   */
  async edit(loopId: string, changes: LoopEdit): Promise<number> {
    this.#lifecycle.mustBeReady();
    const checked = checkSpec(await this.#edited(loopId, changes), this.#context);
    return this.#engine.transactions.takeAndDispatch((unit) => editLoop(unit, checked, changes));
  }

  /**
   * Gives the latest loop of that id another title; an empty one is the first line of its prompt. With `seq`: only if
   * it is that very loop.
   */
  async rename(loopId: string, title: string, seq?: number): Promise<void> {
    this.#lifecycle.mustBeReady();
    await this.#engine.transactions.take((unit) => renameLoop(unit, loopId, seq, title), [['latest', loopId]]);
  }

  /**
   * Puts a loop back that was cancelled a short while ago, while it held no process (R2.7). Returns its 1-based
   * position in the queue.
   */
  async undoCancel(loopId: string): Promise<number> {
    this.#lifecycle.mustBeReady();
    const { store } = this.#context;
    const loop = await this.find(loopId);
    if (!loop) throw new UnknownLoopError(loopId);
    if (!isFinished(loop) || wasStopped(await store.history(loop.seq)))
      throw new WrongStateError(
        loopId,
        `cannot be put back: ${isFinished(loop) ? 'its run was stopped' : 'it is not cancelled'}`,
      );
    return this.#engine.transactions.takeAndDispatch((unit) => undoCancel(unit, loop));
  }

  // ── Circuit and budget ───────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends all that holds an account or a profile, the `machine`, or what was left alone (`absence`): one loop goes
   * first, and the others follow once it works (R14.2). Returns whether anything was held.
   */
  async tryNow(account: string): Promise<boolean> {
    mustBeText('account', account);
    return this.#change((unit) => tryAccount(unit, account));
  }

  /**
   * Holds an account until *Try Now*, or until that wall time (ms): its loops are parked, those that run go on (R14.4).
   */
  async hold(account: string, until?: number): Promise<void> {
    mustBeText('account', account);
    if (until !== undefined && !Number.isFinite(until))
      throw new InvalidArgumentError('until', 'must be a wall time in ms');
    await this.#change((unit) => holdAccount(unit, account, until));
  }

  /** Starts what was held because nobody had looked after it for long (R9.5). Returns whether anything was. */
  async startStale(): Promise<boolean> {
    return this.#change(startStale);
  }

  /** Who pays for the profiles that there are, and what is held of each (R14.1). */
  accounts(): readonly AccountStatus[] {
    return this.status(0).accounts;
  }

  /** Closes the circuit of an account by hand, or all of them (R4.3). */
  async resetCircuit(account?: string): Promise<void> {
    await this.#change((unit) => {
      for (const [name, circuit] of Object.entries(unit.control.circuits))
        if (account === undefined || account === name) unit.change(name, resetCircuit(circuit));
    });
  }

  /**
   * Counts a cost in USD against a loop, its agent and today (R6.6). The same `key` counts once per loop. Resolves with
   * whether it counted. Rejects with `InvalidCostError` or `UnknownLoopError`.
   */
  async recordCost(loopId: string, usd: number, key?: string): Promise<boolean> {
    mustBeText('loopId', loopId);
    if (key !== undefined) mustBeText('key', key);
    this.#lifecycle.mustBeReady();
    if (!isCost(usd)) {
      const error = new InvalidCostError(usd);
      this.#context.log(error.message);
      throw error;
    }
    return this.#engine.transactions.takeAndDispatch((unit) => recordCost(unit, loopId, toNano(usd), key));
  }

  // ── What is shown ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * One consistent snapshot, from memory (R10). `maxQueued`: so many of the queue are named at most; who shows none of
   * them need not ask for any.
   */
  status(maxQueued = Number.POSITIVE_INFINITY): Status {
    return statusOf(this.#engine, this.#lifecycle.notReady, maxQueued);
  }

  /**
   * A frozen copy of everything about a loop: the latest of that id, or with `seq` that very one. Undefined if there is
   * none.
   */
  async get(loopId: string, seq?: number): Promise<LoopDetail | undefined> {
    mustBeText('loopId', loopId);
    return frozenCopy(await detailOf(this.#engine, loopId, seq));
  }

  /** A loop without its parts: the latest of that id, or with `seq` that very one. */
  async find(loopId: string, seq?: number): Promise<Loop | undefined> {
    return findLoop(this.#engine, loopId, seq);
  }

  /** What is asked over many loops at once: attempts on a timeline, changes of the circuit. */
  get historyQueries(): HistoryQueries {
    return this.#context.store;
  }

  /** What loops have changed, and bringing it home (R12). */
  async workTrees(): Promise<WorkTreeActions> {
    this.#lifecycle.mustBeReady();
    const { WorkTreeActions } = await import('./runtime/workTreeActions.ts');
    return new WorkTreeActions(this.#engine);
  }

  /** Whether a process that was kept after its loop is still there (R7.4). */
  isAlive(process: ProcessIdentity): boolean {
    return this.#context.inspector.look(process).state !== 'gone';
  }

  /**
   * Live loops in the order of the tree: active first, then the queue in its order (the first `maxQueued` of it), then
   * what waits.
   */
  live(maxQueued = Number.POSITIVE_INFINITY): LiveView[] {
    return liveViews(this.#engine, maxQueued);
  }

  /** How many loops are queued, those that came back included. */
  get queueLength(): number {
    return this.#engine.liveState.queue.size;
  }

  /** Finished loops, newest first. */
  async finished(query: FinishedQuery): Promise<FinishedLoop[]> {
    return this.#context.store.finished(query);
  }

  /** How many finished loops there are, and how many of them failed and were not cleared. */
  finishedCount(): { readonly total: number; readonly failed: number } {
    return this.#context.store.finishedCount();
  }

  /** Spend by day and agent from a day on (`YYYY-MM-DD`). */
  async spend(fromDay: string): Promise<SpendRow[]> {
    return this.#context.store.spend(fromDay);
  }

  /** Today's spend by loop, largest first. */
  async spendToday(limit: number): Promise<LoopSpend[]> {
    return spendToday(this.#context, limit);
  }

  // ── History ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Removes all finished loops with their logs, the permanently failed ones included. Resolves with how many. */
  async clearFinished(): Promise<number> {
    this.#lifecycle.mustBeReady();
    return this.#retention.clear();
  }

  /**
   * Removes one finished loop with its logs: the latest of that id, or with `seq` that very one. Answers whether it was
   * removed.
   */
  async removeFinished(loopId: string, seq?: number): Promise<boolean> {
    this.#lifecycle.mustBeReady();
    const loop = await this.find(loopId, seq);
    if (!loop || !isFinished(loop)) return false;
    // It may have been admitted again, or been removed, just before.
    return (await this.#retention.remove([loop.seq])) > 0;
  }

  /**
   * Ends a process that was kept when the latest loop of that id ended, or with `seq` that very one (R7.4). Resolves
   * with whether it was there.
   */
  async endSpared(loopId: string, pid: number, seq?: number): Promise<boolean> {
    this.#lifecycle.mustBeReady();
    return endSpared(this.#engine, loopId, pid, seq);
  }

  // ── Life ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes new settings: what they allow starts at once (R3.3), and a limit below what is spent is acted on (R6.5).
   * `doubts`: those that could not be read or are not set, for which stored values may hold (R6.9).
   */
  configure(settings: Settings, doubts: Doubts = {}): void {
    const before = this.#context.settings;
    this.#context.read = { settings, doubts };
    useStoredSettings(this.#context, this.#engine.liveState.control.settings);
    this.#lifecycle.retryUntilApplied(
      (unit) => applySettings(unit, before),
      'The new settings could not be applied to the queue yet',
    );
  }

  /** Settings that were taken out of the settings and whose stored values hold until the user decides (R6.9). */
  get keptSettings(): readonly KeptSetting[] {
    return this.#context.keptSettings;
  }

  /** The user lets such a setting go: its default holds. Returns whether it was one. */
  async dropKeptSetting(setting: string): Promise<boolean> {
    return this.#change((unit) => dropKeptSetting(unit, setting));
  }

  /** Bounds of a shared store whose value differs from what is set on this machine (R16.6). */
  get differingSettings(): readonly DifferingSetting[] {
    return this.#context.differingSettings;
  }

  /** The user makes this machine's value of such a bound that of all machines. Returns whether it differed. */
  async shareOwnSetting(setting: string): Promise<boolean> {
    return this.#change((unit) => shareOwnSetting(unit, setting));
  }

  /** Takes new agent profiles. Running attempts keep theirs. */
  useAgents(agents: AgentCatalog): void {
    this.#context.agents = agents;
    this.#lifecycle.retryUntilApplied(tryNewProfiles, 'The new agents could not be applied to the queue yet');
  }

  /** The window's folders have changed. */
  useFolders(folders: SupervisorWindow['folders']): void {
    this.#context.window = { ...this.#context.window, folders };
    this.#lifecycle.retryUntilApplied(saveLease, 'The change of folders could not be recorded yet');
  }

  /**
   * Stops this window's work for good (R9.1): nothing new is taken or started, its running attempts are stopped within
   * `timeoutMs` (ms) and return to the queue. Resolves when that is done; the object takes no work afterwards.
   */
  async shutdown(timeoutMs = 30_000): Promise<void> {
    if (typeof timeoutMs !== 'number')
      throw new InvalidArgumentError('timeoutMs', `must be a number of ms, and is ${quote(timeoutMs)}`);
    return this.#lifecycle.shutdown(timeoutMs);
  }

  /**
   * The window goes: its lease is released, its loops live on (R9.2). With `onWindowClose: stop` they end unless a
   * window with their folder comes.
   */
  release(): Promise<void> {
    return this.#lifecycle.release();
  }

  /** Lets go of everything without a word, as a crash would: the lease ends with the process, the runs go on. */
  dispose(): void {
    this.#lifecycle.dispose();
  }

  // ── Within ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** A loop as it will be with these changes. */
  async #edited(loopId: string, changes: LoopEdit): Promise<LoopSpec> {
    const before = await this.get(loopId);
    if (!before) throw new UnknownLoopError(loopId);
    const { loop, prompt } = before;
    const estimate = changes.estimatedCostUsd === undefined ? toUsd(loop.estimate) : changes.estimatedCostUsd;
    const maxCost = changes.maxCostUsd === undefined ? loop.maxCost && toUsd(loop.maxCost) : changes.maxCostUsd;
    // A title that was made from the prompt follows it.
    const kept = loop.title === titleOf({ prompt }) ? '' : loop.title;
    return {
      loopId,
      prompt: changes.prompt ?? prompt,
      agent: changes.agent ?? loop.agent,
      cwd: loop.cwd,
      priority: changes.priority ?? loop.priority,
      title: changes.title ?? kept,
      ...(typeof estimate === 'number' && { estimatedCostUsd: estimate }),
      ...(typeof maxCost === 'number' && { maxCostUsd: maxCost }),
      ...(changes.check && { check: changes.check }),
    };
  }

  /**
   * Claims what one host should do for all, such as showing a notice (R10.2). Resolves with those of these keys that
   * nobody has claimed within the last day.
   */
  claim(keys: readonly string[]): Promise<string[]> {
    const reads: StatedRead[] = keys.map((key) => ['claimed', key]);
    return this.#context.store.write((tx) => {
      const free = keys.filter((key) => !tx.claimed(key));
      for (const key of free) tx.claim(key);
      return free;
    }, reads);
  }

  /** One transaction of the user's, with what it makes room for (R3.3). */
  async #change<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    this.#lifecycle.mustBeReady();
    return this.#engine.transactions.takeAndDispatch(work);
  }

  /**
   * Admits a loop in one transaction; a refusal leaves no trace but its event (R1.2). `check` refuses what needs no
   * transaction.
   */
  async #admit(loopId: string, check: () => Admission | Promise<Admission>): Promise<SubmitResult> {
    const { transactions, listeners } = this.#engine;
    try {
      this.#lifecycle.mustBeReady();
      const checked = check();
      // What needs no look at the outside keeps its place among the calls of the same moment.
      const take = checked instanceof Promise ? await checked : checked;
      this.#lifecycle.mustTakeWork();
      const reads: StatedRead[] = loopId === '' ? [] : [['latest', loopId]];
      return await transactions.takeAndDispatch(take, submitResult, reads);
    } catch (error) {
      for (const event of rejectionEvents(loopId, error, this.#context)) listeners.report(event);
      throw error;
    }
  }
}

/** Takes a loop into the queue, or throws why not. */
type Admission = (unit: UnitOfWork) => Pick<Loop, 'seq' | 'loopId'>;

/** The id of a spec, as far as there is one: a rejected submit is reported with it. */
function idIn(spec: LoopSpec | undefined): string {
  return typeof spec?.loopId === 'string' ? spec.loopId : '';
}

/** A loop's own cap. Throws an `InvalidLoopError` for what is none. */
function capOf(maxCostUsd: number | undefined): NanoUsd | undefined {
  if (maxCostUsd === undefined) return undefined;
  if (isCost(maxCostUsd) && maxCostUsd > 0) return toNano(maxCostUsd);
  throw new InvalidLoopError('maxCostUsd', `must be a finite number of USD above 0, and is ${maxCostUsd}`);
}

function mustBeText(argument: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidArgumentError(argument, `must be text, and is ${quote(value)}`);
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);
}
