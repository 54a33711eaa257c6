import type { Attempt } from '../../../src/core/model/attempt.ts';
import { CLOSED_CIRCUIT } from '../../../src/core/model/circuit.ts';
import { StoreError } from '../../../src/core/model/errors.ts';
import { type GateRecord, gateKey } from '../../../src/core/model/gate.ts';
import {
  type ActiveLoop,
  isActive,
  isLive,
  type LiveLoop,
  outstandingOf,
  reservedOf,
} from '../../../src/core/model/loop.ts';
import type { Settings } from '../../../src/core/model/settings.ts';
import { budgetFit } from '../../../src/core/policy/budget.ts';
import { attemptsAllowed } from '../../../src/core/policy/circuitBreaker.ts';
import type { Control, Store, StoreTransaction } from '../../../src/core/ports/store.ts';
import type { QueuedLoop } from '../../../src/core/state/liveState.ts';
import { CircuitAccount } from './circuitAccount.ts';
import { PAYERS } from './command.ts';
import { nothingWritten, spyOn, type Written } from './txSpy.ts';

/** The accounts of the world. */
const ACCOUNTS = [...new Set(Object.values(PAYERS))];

/** What a look into a transaction needs to know. */
export interface Sight {
  readonly settings: Settings;
  /** Ids that were ever submitted. */
  readonly ids: ReadonlySet<string>;
  today(): string;
  endOfDay(): number;
  now(): number;
  /** Whether that window has begun to go. */
  isLeaving(windowId: string): boolean;
  /** Whether a window is open that may start that loop. */
  isHome(loop: LiveLoop): boolean;
  /** Whether that loop's profile and folder are there. */
  canStart(loop: LiveLoop): boolean;
  /** Whether that window found a folder gone when it last looked, and is not to look again yet. */
  takesForGone(windowId: string, folder: string): boolean;
  /** Loops of these ids were to be queued even where the budget has no room for them. */
  readonly queuedIfBlocked: ReadonlySet<string>;
  /** A caller's cost was counted for that loop, 10⁻⁹ USD. */
  wasRecorded(seq: number, cost: number): void;
  /** What is wrong, for the test to find. */
  complain(what: string): void;
}

/** What a transaction leaves: live loops, those of them that are active, and what is used of the day's budget. */
interface Seen {
  readonly live: readonly LiveLoop[];
  readonly active: readonly ActiveLoop[];
  readonly used: number;
}

/**
 * Stands between the supervisors and their store, and looks at every start and every admission within its transaction,
 * before it is committed: no other window can have changed anything in between, so what is seen is what was decided on.
 */
export class StartChecks {
  readonly #sight: Sight;
  /** So many of the next writes fail, whoever asks for them. */
  failing = 0;
  /** What the circuit of each account is by the rules. */
  readonly accounts: ReadonlyMap<string, CircuitAccount> = new Map(
    ACCOUNTS.map((name) => [name, new CircuitAccount()]),
  );
  /** What was noted of each attempt, by its id. */
  readonly #noted = { followedBy: new Map<number, string>(), allowed: new Map<number, number>() };
  #control: Control = { circuits: {}, gates: {}, paused: false };
  /** The machine has slept for long, and no transaction was seen since. */
  #hasSlept = false;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  /** What all windows have agreed on. */
  get control(): Control {
    return this.#control;
  }

  /**
   * The machine has slept for so long that nothing may start by itself that lay there (R9.5), unless the clock, which
   * was set back before, knows of no absence.
   */
  haveSlept(): void {
    this.#hasSlept ||= this.#isAbsence();
  }

  wrap(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'write') return (...call: Parameters<Store['write']>) => this.#write(target, ...call);
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  async #write(store: Store, ...[work, reads, abandoned]: Parameters<Store['write']>): Promise<unknown> {
    if (this.failing > 0) {
      this.failing--;
      throw new StoreError('disk', 'The disk is full.');
    }
    return store.write((tx) => this.#watch(tx, work), reads, abandoned);
  }

  #watch(tx: StoreTransaction, work: (tx: StoreTransaction) => unknown): unknown {
    const written = nothingWritten();
    const leftAlone = this.#leftAlone(tx);
    const result = work(spyOn(tx, written, this.#noted));
    // A read may end this try, which then begins anew: nothing is kept of it before the last read.
    const needsSight = written.begun.length + written.inserted.length + written.granted.length > 0;
    const seen = needsSight ? this.#see(tx) : undefined;
    for (const [id, windowId] of written.followedBy) this.#noted.followedBy.set(id, windowId);
    for (const [id, amount] of written.allowed) this.#noted.allowed.set(id, amount);
    this.#control = written.controls.at(-1) ?? this.#control;
    for (const { seq, cost } of written.recorded) this.#sight.wasRecorded(seq, cost);
    const { begun, settled, inserted, controls } = written;
    // One that only cleans up looks at no circuit.
    if (controls.length + begun.length + settled.length + inserted.length > 0) this.#keepAccount(settled);
    for (const { windowId, token } of written.adopted) {
      if (this.#sight.isLeaving(windowId))
        this.#sight.complain(`R9.1 ${token} was taken over by a window that is going`);
    }
    if (seen && written.begun.length + written.inserted.length > 0) this.#look(seen, written);
    if (seen) this.#lookAtMoney(seen, written);
    this.#lookAtLeftAlone(leftAlone, written);
    return result;
  }

  /** The newest loop (`seq`) that nobody looked after while the machine slept for long; undefined: none. */
  #leftAlone(tx: StoreTransaction): number | undefined {
    // Where the clock went back since, nobody knows for how long none was there.
    this.#hasSlept &&= this.#isAbsence();
    if (!this.#hasSlept) return undefined;
    const alone = this.#live(tx).filter(({ state }) => state === 'queued' || state === 'backingOff');
    return alone.length === 0 ? undefined : Math.max(...alone.map(({ seq }) => seq));
  }

  /** Whether no host has been seen for long, by the clock. */
  #isAbsence(): boolean {
    const { seen } = this.#control;
    return seen !== undefined && this.#sight.now() - seen.at >= this.#sight.settings.staleAfterMs;
  }

  /** The first transaction after a long sleep holds what lay there, before anything of it starts (R9.5). */
  #lookAtLeftAlone(leftAlone: number | undefined, { begun, controls }: Written): void {
    // Others, such as those that only clean up, start nothing.
    if (!this.#hasSlept || begun.length + controls.length === 0) return;
    this.#hasSlept = false;
    const isHeld = controls.some(({ gates: { absence } }) => {
      return absence?.state === 'held' && (leftAlone ?? 0) <= (absence.lastSeq ?? 0);
    });
    if (leftAlone !== undefined && !isHeld) this.#sight.complain('R9.5 the machine has slept, and nothing is held');
  }

  #keepAccount(settled: readonly Attempt[]): void {
    const { circuit } = this.#sight.settings;
    const now = this.#sight.now();
    for (const [name, account] of this.accounts) {
      account.look(now, circuit);
      for (const attempt of settled) if (attempt.account === name) account.settle(attempt, now, circuit);
      const wrong = account.differsFrom(this.#control.circuits[name]);
      if (wrong !== undefined) this.#sight.complain(`${name}: ${wrong}`);
    }
  }

  /** What is granted never passes the limit (R6.8). */
  #lookAtMoney({ active, used }: Seen, { granted }: Written): void {
    const { dailyLimit } = this.#sight.settings.budget;
    if (dailyLimit === 0 || granted.length === 0) return;
    const outstanding = active.reduce((sum, loop) => sum + outstandingOf(loop), 0);
    if (used + outstanding > dailyLimit)
      this.#sight.complain(`R6.8 ${used} are used and ${outstanding} granted of ${dailyLimit}`);
  }

  #live(tx: StoreTransaction): LiveLoop[] {
    const loops = [...this.#sight.ids].map((id) => tx.latest(id));
    return loops.filter((loop): loop is LiveLoop => loop !== undefined && isLive(loop));
  }

  /** What the transaction leaves. */
  #see(tx: StoreTransaction): Seen {
    const live = this.#live(tx);
    const active = live.filter(isActive);
    const { spent, unknown } = tx.day(this.#sight.today());
    return { live, active, used: spent + unknown + active.reduce((sum, { attempt }) => sum + attempt.accrued, 0) };
  }

  #look({ live, active, used }: Seen, { begun, inserted }: Written): void {
    const { settings } = this.#sight;
    const complain = (what: string) => this.#sight.complain(what);
    const endOfDay = this.#sight.endOfDay();
    const { dailyLimit } = settings.budget;
    const held = (loops: readonly LiveLoop[]) => loops.reduce((sum, loop) => sum + reservedOf(loop), 0);

    const queued = live.filter((loop): loop is QueuedLoop => loop.state === 'queued');
    const isNew = (loop: LiveLoop) => inserted.includes(loop.seq);
    // One that is parked does not count, and a depth that was lowered turns nobody out.
    const counts = (loop: QueuedLoop) => loop.fresh && !loop.wasParked;
    if (queued.some((loop) => isNew(loop) && counts(loop))) {
      const depth = queued.filter(counts).length;
      if (depth > settings.maxQueueDepth)
        complain(`R2.2 ${depth} fresh loops are queued, and ${settings.maxQueueDepth} may be`);
    }
    // What is parked or waits for another day reserves nothing, and what was parked may have come on top.
    const cannotStart = (loop: LiveLoop) =>
      (loop.state === 'waiting' && 'until' in loop && loop.until >= endOfDay) ||
      (loop.state === 'queued' &&
        (loop.wasParked ||
          this.isHeld(loop) ||
          !this.#sight.isHome(loop) ||
          budgetFit({ used, runningReserved: 0, limit: dailyLimit }, reservedOf(loop)) !== 'now'));
    const reserved = held(live.filter((loop) => !cannotStart(loop)));
    if (
      live.some((loop) => isNew(loop) && !this.#sight.queuedIfBlocked.has(loop.loopId)) &&
      dailyLimit > 0 &&
      used + reserved > dailyLimit
    ) {
      complain(`R6.2 a loop was taken with ${used} used and ${reserved} reserved of ${dailyLimit}`);
    }
    if (begun.length === 0) return;

    if (active.length > settings.maxConcurrent)
      complain(`R3.1 ${active.length} loops are active, and ${settings.maxConcurrent} may be`);
    if (dailyLimit > 0 && (used >= dailyLimit || used + held(active) > dailyLimit)) {
      complain(`R6.3 a loop was started with ${used} used and ${held(active)} held of ${dailyLimit}`);
    }
    for (const attempt of begun) this.#lookAtCircuit(active, attempt);
    this.#lookAtGates(active, begun);
    if (this.#control.paused) complain('R2.4 a loop was started while dispatch is paused');
    const started = active.filter((loop) => begun.some(({ id }) => id === loop.attempt.id));
    if (started.length < begun.length) complain('R3.1 an attempt was begun of a loop that is not active afterwards');
    for (const loop of started) {
      if (this.#sight.isLeaving(loop.attempt.windowId))
        complain(`R9.1 ${loop.loopId} was started by a window that is going`);
      // Its own window would have started the other one first. What waits for another window has its slot kept.
      const passed = queued.find(
        (other) =>
          isBefore(other, loop) &&
          other.windowId === loop.attempt.windowId &&
          !this.isHeld(other) &&
          !this.#sight.takesForGone(loop.attempt.windowId, other.cwd) &&
          budgetFit({ used, runningReserved: 0, limit: dailyLimit }, reservedOf(other)) === 'now',
      );
      if (passed) complain(`R2.1 ${loop.loopId} was started before ${passed.loopId}`);
    }
  }

  #lookAtCircuit(active: readonly ActiveLoop[], { account = '', generation, probe }: Attempt): void {
    const { settings } = this.#sight;
    const complain = (what: string) => this.#sight.complain(what);
    const circuit = this.#control.circuits[account] ?? CLOSED_CIRCUIT;
    const probes = active.filter(
      ({ attempt }) => attempt.account === account && attempt.probe && attempt.generation === circuit.generation,
    ).length;
    if (circuit.state === 'open') complain('R4.1 a loop was started while the circuit is open');
    if (circuit.state === 'half-open' && probes > settings.circuit.halfOpenMaxProbes)
      complain(`R4.1 ${probes} probes run`);
    if (attemptsAllowed(circuit, settings.circuit, probes) < 0) complain('R4.1 more attempts run than may');
    if (generation !== circuit.generation)
      complain("R4.2 an attempt was begun in another generation than the circuit's");
    if (probe !== (circuit.state === 'half-open')) complain('R4.1 an attempt is a probe exactly in half-open');
  }

  /** Nothing starts behind a gate that is held, and behind one on trial only one at a time (R14.2). */
  #lookAtGates(active: readonly ActiveLoop[], begun: readonly Attempt[]): void {
    for (const gate of Object.values(this.#control.gates)) {
      const behind = active.filter((loop) => isBehind(gate, loop) && isLater(gate, loop));
      const started = behind.filter(({ attempt }) => begun.some(({ id }) => id === attempt.id));
      const key = gateKey(gate.of);
      if (gate.state === 'held' && started.length > 0) this.#sight.complain(`R14.1 ${key} is held, and a loop started`);
      if (gate.state === 'trial' && started.length > 0 && behind.length > 1)
        this.#sight.complain(`R14.2 ${key} is on trial, and ${behind.length} loops run`);
    }
  }

  gatesBefore(loop: QueuedLoop): GateRecord[] {
    return Object.values(this.#control.gates).filter((gate) => isBehind(gate, loop));
  }

  /** Whether a loop runs that went first after that hold. */
  isTried(gate: GateRecord, active: readonly ActiveLoop[]): boolean {
    return active.some((loop) => isBehind(gate, loop) && isLater(gate, loop));
  }

  /**
   * Whether a loop does not simply go in its turn: its account, profile or machine is held, or lets only some through.
   */
  isHeld(loop: QueuedLoop): boolean {
    const circuit = this.#control.circuits[payerOfAgent(loop.agent)];
    if (!this.#sight.canStart(loop) || (circuit && circuit.state !== 'closed')) return true;
    return this.gatesBefore(loop).length > 0;
  }
}

/** Whether an attempt began after that gate was put on trial. */
function isLater(gate: GateRecord, { attempt }: ActiveLoop): boolean {
  return gate.state !== 'trial' || attempt.id > gate.lastAttempt;
}

/** Who pays for an agent. */
export function payerOfAgent(agent: string): string {
  return (PAYERS as { readonly [name: string]: string })[agent] ?? agent;
}

/** Whether that gate stands before a loop. */
function isBehind(gate: GateRecord, { agent, cwd, seq }: LiveLoop): boolean {
  const { of } = gate;
  if (of.kind === 'absence') return gate.state === 'held' && seq <= (gate.lastSeq ?? 0);
  if (!('name' in of)) return true;
  const name = of.kind === 'account' ? payerOfAgent(agent) : agent;
  return of.name === name && (of.folder === undefined || of.folder === cwd);
}

/** Whether `one` stands before `other` in the order of the queue (R2.1). */
export function isBefore(one: LiveLoop, other: LiveLoop): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority;
  return one.place < other.place || (one.place === other.place && one.seq < other.seq);
}
