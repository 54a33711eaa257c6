import type { Disposable } from '../model/disposable.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { LanePlacement } from '../state/lanes.ts';
import { LiveState } from '../state/liveState.ts';
import { LoopOwnership } from '../state/loopOwnership.ts';
import { Machines } from '../state/machines.ts';
import { Placement } from '../state/placement.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { BranchPushes } from './branchPushes.ts';
import { ChangePoller } from './changePoller.ts';
import { Clones } from './clones.ts';
import { Listeners } from './listeners.ts';
import { MemoryWatch } from './memoryWatch.ts';
import { ProfileChecks } from './profileChecks.ts';
import { RunRegistry } from './runRegistry.ts';
import { RunSnapshots } from './runSnapshots.ts';
import { TransactionQueue } from './transactionQueue.ts';
import { tryOrLog } from './tryOrLog.ts';
import { WakeTimer } from './wakeTimer.ts';
import { WorkRequests } from './workRequests.ts';
import { WorkTreeSetups } from './workTreeSetups.ts';
import { WorkTreeWatch } from './workTreeWatch.ts';

/**
 * The parts that work for one host, and what follows a commit, in its order: launches, signals, events, the next
 * wake-up.
 */
export class Engine implements Disposable {
  readonly context: SupervisorContext;
  readonly liveState: LiveState;
  readonly machines: Machines;
  readonly ownership: LoopOwnership;
  readonly placement: Placement;
  readonly transactions: TransactionQueue;
  readonly listeners: Listeners;
  readonly runs: RunRegistry;
  readonly clones: Clones;
  readonly branchPushes: BranchPushes;
  readonly #changePoller: ChangePoller;
  readonly #wakeTimer: WakeTimer;
  readonly #profileChecks: ProfileChecks;
  readonly #workTreeSetups: WorkTreeSetups;
  readonly #workRequests: WorkRequests;
  readonly #memoryWatch: MemoryWatch;
  readonly #workTreeWatch: WorkTreeWatch;
  #disposed = false;

  constructor(context: SupervisorContext) {
    this.context = context;
    const placement: LanePlacement = {
      laneOf: (loop) => this.placement.laneOf(loop),
      isHeld: (lane) => this.placement.isHeld(lane),
      isSameHold: (one, other) => this.placement.isSameHold(one, other),
      refresh: () => this.placement.refresh(),
    };
    const liveState = new LiveState(placement, context.machine?.id);
    this.liveState = liveState;
    this.machines = new Machines(context, liveState);
    this.ownership = new LoopOwnership(context, liveState, this.machines);
    this.placement = new Placement(context, liveState, this.ownership);
    this.transactions = new TransactionQueue(
      context,
      liveState,
      { ownership: this.ownership, placement: this.placement, follows: (id) => this.runs.follows(id) },
      (unit) => this.#committed(unit),
    );
    this.listeners = new Listeners(context);
    const { transactions, listeners } = this;
    const snapshots = new RunSnapshots(context);
    this.runs = new RunRegistry({ context, liveState, transactions, listeners, snapshots }, this.ownership);
    this.#changePoller = new ChangePoller(this);
    this.#wakeTimer = new WakeTimer(context, liveState, this.transactions);
    this.#profileChecks = new ProfileChecks(this);
    this.#workTreeSetups = new WorkTreeSetups(this);
    this.#workRequests = new WorkRequests(this);
    this.#memoryWatch = new MemoryWatch(this);
    this.clones = new Clones(this);
    this.branchPushes = new BranchPushes(this);
    this.#workTreeWatch = new WorkTreeWatch(this);
  }

  /** Starts looking for changes of other hosts. The first transaction has set the wake-up timer. */
  begin(): void {
    this.#changePoller.begin();
    this.clones.look();
    this.branchPushes.look();
  }

  /** Stops following all runs; they go on. */
  dispose(): void {
    this.#disposed = true;
    this.#wakeTimer.dispose();
    this.#profileChecks.dispose();
    this.#workTreeSetups.dispose();
    this.#workRequests.dispose();
    this.#memoryWatch.dispose();
    this.clones.dispose();
    this.branchPushes.dispose();
    this.#workTreeWatch.dispose();
    this.#changePoller.dispose();
    this.runs.dispose();
  }

  #committed(unit: UnitOfWork): void {
    if (this.#disposed) return;
    for (const launch of unit.launches) this.runs.launch(launch);
    for (const effect of unit.effects) tryOrLog(this.context, effect, 'An order to a run could not be given.');
    this.runs.reconcile();
    this.#workTreeSetups.reconcile();
    this.#workRequests.reconcile();
    this.branchPushes.reconcile(unit.events);
    for (const event of [...unit.heard, ...unit.events]) this.listeners.tell(event);
    this.listeners.changed();
    if (this.context.window.role === 'caller') return;
    this.#wakeTimer.set(unit.waitsForDisk);
    this.#profileChecks.set();
    this.#memoryWatch.set();
    this.#workTreeWatch.set();
  }
}
