import { frozenCopy } from '../model/copy.ts';
import type { Event, SupervisorEvent } from '../model/event.ts';
import type { FinishedLoop, Loop } from '../model/loop.ts';
import type { LoopDetail } from '../model/loopDetail.ts';
import type { ProcessIdentity } from '../model/processIdentity.ts';
import type { DifferingSetting, KeptSetting } from '../model/settings.ts';
import type { AccountSpend, AccountStatus, LiveView, LoopSpend, OtherMachine, Status } from '../model/status.ts';
import type { FinishedQuery, HistoryQueries, SpendRow } from '../ports/historyQueries.ts';
import { Engine } from '../runtime/engine.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { goesOn } from '../runtime/outlook.ts';
import { Retention } from '../runtime/retention.ts';
import { detailOf, findLoop, liveViews, spendToday, spendTodayByAccount, statusOf } from '../runtime/statusView.ts';
import { type SupervisorContext, type SupervisorOptions, useStoredSettings } from '../state/context.ts';
import { mustBeText } from './arguments.ts';

/** What a supervisor shows. Nothing here changes anything. */
export abstract class SupervisorViews {
  protected readonly context: SupervisorContext;
  protected readonly engine: Engine;
  protected readonly retention: Retention;
  protected readonly lifecycle: Lifecycle;

  constructor(options: SupervisorOptions) {
    const { doubts = {}, settings, ...parts } = options;
    const read = { settings, doubts };
    const nothingOpen = {
      memoryHeld: 0,
      clones: undefined,
      hasNewClones: false,
      storedSettings: undefined,
      unstoredSettings: {},
      unknownSettings: [],
      keptSettings: [],
      differingSettings: [],
    };
    this.context = { ...parts, settings, read, ...nothingOpen };
    useStoredSettings(this.context, undefined);
    this.engine = new Engine(this.context);
    this.retention = new Retention(this.engine);
    this.lifecycle = new Lifecycle(this.engine, this.retention);
  }

  /** This host's id: the `host` of the events that it causes. */
  get hostId(): string {
    return this.context.window.id;
  }

  /** This machine among those that share the store; absent on a store of one machine (R16.3). */
  get machineId(): string | undefined {
    return this.context.machine?.id;
  }

  /** The other machines that share the store and take loops from here (R16.4). */
  get otherMachines(): readonly OtherMachine[] {
    return this.engine.machines.takersElsewhere();
  }

  /**
   * Events, fired once they are stored: every host fires every event at most once, whichever host caused it (R10.2).
   */
  get onEvent(): Event<SupervisorEvent> {
    return this.engine.listeners.onEvent;
  }

  /** Something shown has changed, here or in another window. Not coalesced. */
  get onDidChange(): Event<void> {
    return this.engine.listeners.onDidChange;
  }

  /**
   * One consistent snapshot, from memory (R10). `maxQueued`: so many of the queue are named at most; who shows none of
   * them need not ask for any.
   */
  status(maxQueued = Number.POSITIVE_INFINITY): Status {
    return statusOf(this.engine, this.lifecycle.notReady, maxQueued);
  }

  /** Whether something runs, or can start some time without a person (R15.1): then a host is needed. */
  get goesOn(): boolean {
    return goesOn(this.engine);
  }

  /** The headless host that acts for the folders that no window has open, if there is one (R15.1). */
  get headlessHost(): { readonly process: ProcessIdentity; readonly since: number } | undefined {
    const { inspector } = this.context;
    const lease = this.engine.ownership.hostsHere().find(({ headless }) => headless);
    if (!lease || inspector.look(lease.process).state === 'gone') return undefined;
    return { process: lease.process, since: lease.openedAt };
  }

  /** How many windows are open on these loops. */
  get windowCount(): number {
    return this.engine.ownership.hostsHere().filter(({ headless }) => !headless).length;
  }

  /** Who pays for the profiles that there are, and what is held of each (R14.1). */
  accounts(): readonly AccountStatus[] {
    return this.status(0).accounts;
  }

  /**
   * Live loops in the order of the tree: active first, then the queue in its order (the first `maxQueued` of it), then
   * what waits.
   */
  live(maxQueued = Number.POSITIVE_INFINITY): LiveView[] {
    return liveViews(this.engine, maxQueued);
  }

  /** How many loops are queued, those that came back included. */
  get queueLength(): number {
    return this.engine.liveState.queue.size;
  }

  /** A loop without its parts: the latest of that id, or with `seq` that one. */
  async find(loopId: string, seq?: number): Promise<Loop | undefined> {
    return findLoop(this.engine, loopId, seq);
  }

  /**
   * A frozen copy of everything about a loop: the latest of that id, or with `seq` that one. Undefined if there is
   * none.
   */
  async get(loopId: string, seq?: number): Promise<LoopDetail | undefined> {
    mustBeText('loopId', loopId);
    return frozenCopy(await detailOf(this.engine, loopId, seq));
  }

  /** Finished loops, newest first. */
  async finished(query: FinishedQuery): Promise<FinishedLoop[]> {
    return this.context.store.finished(query);
  }

  /** How many finished loops there are, and how many of them failed and were not cleared. */
  finishedCount(): { readonly total: number; readonly failed: number } {
    return this.context.store.finishedCount();
  }

  /** What is asked over many loops at once: attempts on a timeline, changes of the circuit. */
  get historyQueries(): HistoryQueries {
    return this.context.store;
  }

  /** Spend by day and agent from a day on (`YYYY-MM-DD`). */
  async spend(fromDay: string): Promise<SpendRow[]> {
    return this.context.store.spend(fromDay);
  }

  /** Today's spend by loop, largest first. */
  async spendToday(limit: number): Promise<LoopSpend[]> {
    return spendToday(this.context, limit);
  }

  /** Today's spend by account, largest first (R14.5). */
  async spendTodayByAccount(): Promise<AccountSpend[]> {
    return spendTodayByAccount(this.context);
  }

  /** Whether a process that was kept after its loop is still there (R7.4). */
  isAlive(process: ProcessIdentity): boolean {
    return this.context.inspector.look(process).state !== 'gone';
  }

  /** Settings that were taken out of the settings and whose stored values hold until the user decides (R6.9). */
  get keptSettings(): readonly KeptSetting[] {
    return this.context.keptSettings;
  }

  /** Bounds of a shared store whose value differs from what is set on this machine (R16.6). */
  get differingSettings(): readonly DifferingSetting[] {
    return this.context.differingSettings;
  }
}
