import type { Attempt } from '../model/attempt.ts';
import type { SupervisorEvent } from '../model/event.ts';
import { type GateOf, type GateRecord, gateKey } from '../model/gate.ts';
import { type ActiveLoop, isFinished, type Loop, type LoopState } from '../model/loop.ts';
import type { NanoUsd } from '../model/money.ts';
import type { StoredSettings } from '../model/settings.ts';
import { type CircuitStep, circuitAt } from '../policy/circuitBreaker.ts';
import { isSameStored } from '../policy/settingsInForce.ts';
import type { AgentProfile, CommandPlan, SessionBefore } from '../ports/agents.ts';
import type { Control, DaySpend, StoreChanges, StoreTransaction, WindowLease } from '../ports/store.ts';
import { type SupervisorContext, useStoredSettings } from './context.ts';
import { circuitOf } from './gates.ts';
import type { LiveState } from './liveState.ts';
import { withGatesOf } from './sharedGates.ts';

/** An attempt to be started once the transaction that wrote it has been committed. */
export interface Launch {
  readonly loop: ActiveLoop;
  readonly profile: Pick<AgentProfile, 'hasCost' | 'needsReading' | 'reader'>;
  readonly plan: CommandPlan;
  /**
   * What is known of the session that it continues: read in the transaction, for after the commit nothing may fail any
   * more.
   */
  readonly before: SessionBefore | undefined;
  /** The epoch of this machine, where several share the store (R16.3). */
  readonly epoch: number | undefined;
}

type WithoutOrigin<T> = T extends unknown ? Omit<T, 'at' | 'host'> : never;

/**
 * One transaction of the supervisor: what it reads and writes, and the events and effects that follow its commit. The
 * live state is changed at once, so that later decisions of the same transaction see it, and restored if the
 * transaction fails.
 */
export class UnitOfWork {
  readonly tx: StoreTransaction;
  readonly context: SupervisorContext;
  readonly liveState: LiveState;
  /** Wall time, ms: the same throughout the transaction. */
  readonly now: number;
  readonly today: string;
  readonly events: SupervisorEvent[] = [];
  /** Events of other hosts since the last transaction (R10.2). */
  readonly heard: readonly SupervisorEvent[];
  readonly launches: Launch[] = [];
  readonly effects: (() => void)[] = [];
  /**
   * Others have written since the last one, a new day has begun or a cool-down is over: what could not start then may
   * start now.
   */
  readonly hasNews: boolean;
  /** This window has begun to end, or not yet to work: whatever may start is left to others. */
  readonly startsNothing: boolean;
  /** The loop whose next round follows: it may have its slot again before any other (R11.2). */
  goesOn: number | undefined;
  /** Whether something was not started for want of disk space; undefined where nothing was to be started. */
  waitsForDisk: boolean | undefined;
  /** The day is another than in the unit before: it has its own budget. */
  readonly isNewDay: boolean;
  /** What was held of the day's money when the unit began. */
  readonly #before: readonly NanoUsd[];
  readonly #undo: (() => void)[] = [];

  constructor(tx: StoreTransaction, context: SupervisorContext, liveState: LiveState, startsNothing: boolean) {
    this.tx = tx;
    this.startsNothing = startsNothing;
    this.context = context;
    this.liveState = liveState;
    this.now = context.clock.now();
    this.today = context.clock.day(this.now);
    const changes = tx.changes();
    if (changes) liveState.apply(changes);
    this.heard = heardIn(changes, context);
    if (context.storedSettings !== this.control.settings) useStoredSettings(context, this.control.settings);
    this.isNewDay = liveState.day.day !== this.today;
    if (this.isNewDay) this.putDay(tx.day(this.today));
    const { circuits } = this.control;
    for (const [account, circuit] of Object.entries(circuits))
      this.change(account, circuitAt(circuit, context.settings.circuit, this.now));
    this.hasNews = changes !== undefined || this.isNewDay || this.control.circuits !== circuits;
    this.#before = this.#held();
  }

  /**
   * It found or made something that may let waiting loops start, and that no other event will announce (R3.3): news, or
   * any change of the day's money. Where more is used, too: what a head waits for may be spent, and it holds up nobody.
   */
  get mayStartMore(): boolean {
    return this.hasNews || this.#held().some((amount, index) => amount !== this.#before[index]);
  }

  /** It leaves the day's budget more room than it found: what waits for money may start now (R3.3, R6.3). */
  get freesBudget(): boolean {
    return this.#held().some((amount, index) => amount < (this.#before[index] ?? 0));
  }

  #held(): readonly NanoUsd[] {
    const { runningReserved, granted } = this.liveState;
    const used = this.liveState.usedOn(this.today);
    return [used, used + runningReserved, used + granted];
  }

  /** Whose a loop is that this host starts now. */
  get hereNow(): Pick<Loop, 'windowId' | 'machine'> {
    const { machine, window } = this.context;
    return { windowId: window.id, ...(machine && { machine: machine.id }) };
  }

  /** The epoch under which this machine's runs begin, where several share the store (R16.3). */
  get epoch(): number | undefined {
    const { machine } = this.context;
    return machine && this.control.machines?.[machine.id]?.epoch;
  }

  get control(): Control {
    return this.liveState.control;
  }

  /** What the agent's loops usually cost (R6.2); undefined with too few of them, and for one without a cost. */
  readonly medianOf = (agent: string): NanoUsd | undefined => {
    if (this.context.agents.find(agent)?.spending === 'never') return undefined;
    const { costEstimator, finishedChanges } = this.liveState;
    return costEstimator.medianOf(agent, this.tx, finishedChanges);
  };

  /** The latest loop of that id, live or final: from memory if it is live. */
  latest(loopId: string): Loop | undefined {
    return this.liveState.find(loopId) ?? this.tx.latest(loopId);
  }

  /** Writes a loop as it now is. With `why`, or when its state is another than before, the history gets a row. */
  put(loop: Loop, why = '', from: LoopState | undefined = this.liveState.get(loop.seq)?.state): void {
    const noted = from !== undefined && (from !== loop.state || why !== '');
    this.tx.saveLoop(loop, noted ? { at: this.now, from, to: loop.state, why } : undefined);
    if (isFinished(loop) || !this.liveState.get(loop.seq)) this.liveState.finishedChanges++;
    this.reflect(loop);
  }

  /**
   * Writes the attempt of an active loop; returns the loop with it, or undefined if the attempt was settled already
   * (R3.2).
   */
  putAttempt(loop: ActiveLoop, attempt: Attempt): ActiveLoop | undefined {
    if (!this.tx.saveAttempt(loop.seq, attempt)) return undefined;
    const next = { ...loop, attempt };
    this.reflect(next);
    return next;
  }

  /** Shows a loop in the live state that has been written by other means. */
  reflect(loop: Loop): void {
    const before = this.liveState.put(loop);
    this.#undo.push(() => (before ? this.liveState.put(before) : this.liveState.remove(loop.seq)));
  }

  putControl(control: Control): void {
    const before = this.liveState.storedControl;
    const gates = withGatesOf(this.context.machine?.id, before.gates, control.gates);
    const stored = { ...control, gates };
    this.tx.saveControl(stored);
    this.#showControl(stored);
    this.#undo.push(() => this.#showControl(before));
  }

  /** Stores the last good values of the settings; they hold at once where this host has none of its own (R6.9). */
  putSettings(settings: StoredSettings): void {
    const { context } = this;
    const { unstoredSettings } = context;
    this.#undo.push(() => {
      // Others may have been read while this was being written.
      context.unstoredSettings = { ...unstoredSettings, ...context.unstoredSettings };
      useStoredSettings(context, this.control.settings);
    });
    context.unstoredSettings = {};
    if (!isSameStored(settings, this.control.settings ?? {})) this.putControl({ ...this.control, settings });
    useStoredSettings(context, this.control.settings);
  }

  /** The leases have been written, or ended. */
  putWindows(windows: ReadonlyMap<string, WindowLease>): void {
    const before = this.liveState.windows;
    this.#showWindows(windows);
    this.#undo.push(() => this.#showWindows(before));
  }

  /** Today's spend has changed through the ledger, or its marks are to be written. */
  putDay(day: DaySpend): void {
    const before = this.liveState.day;
    this.liveState.day = day;
    this.#undo.push(() => {
      this.liveState.day = before;
    });
  }

  /** Writes an account's circuit after a decision, and announces its change (R4.3). */
  change(account: string, { record: to, reason }: CircuitStep): void {
    const from = circuitOf(this.liveState, account);
    if (to === from) return;
    this.putControl({ ...this.control, circuits: { ...this.control.circuits, [account]: to } });
    if (reason === undefined || from.state === to.state) return;
    this.tell({ type: 'circuit:change', account, from: from.state, to: to.state, reason });
    const { cooldownMs } = this.context.settings.circuit;
    if (to.state === 'open') this.tell({ type: 'circuit:trip', account, reason, cooldownMs });
    if (to.state === 'closed') this.tell({ type: 'circuit:recover', account, reason });
  }

  /** Writes a gate as it now is; undefined: it is open. */
  putGate(of: GateOf, gate: GateRecord | undefined): void {
    const key = gateKey(of);
    if (this.control.gates[key] === gate) return;
    const { [key]: _, ...others } = this.control.gates;
    this.putControl({ ...this.control, gates: gate ? { ...others, [key]: gate } : others });
  }

  tell(event: WithoutOrigin<SupervisorEvent>): void {
    const { id: host } = this.context.window;
    this.events.push({ ...event, at: this.now, host } as SupervisorEvent);
  }

  #showControl(control: Control): void {
    this.liveState.showControl(control);
    this.liveState.lanes.refresh();
  }

  #showWindows(windows: ReadonlyMap<string, WindowLease>): void {
    this.liveState.windows = windows;
    this.liveState.lanes.refresh();
  }

  /** Has what this host keeps beside store and live state put back where the transaction is not committed. */
  onUndo(step: () => void): void {
    this.#undo.push(step);
  }

  /** Puts the live state back: the transaction was not committed, or runs again. */
  undo(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo.length = 0;
  }
}

/** The events of other hosts among the changes. */
export function heardIn(changes: StoreChanges | undefined, { window }: SupervisorContext): readonly SupervisorEvent[] {
  return changes?.events?.filter(({ host }) => host !== window.id) ?? [];
}
