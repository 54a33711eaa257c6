import assert from 'node:assert/strict';
import { CLOSED_CIRCUIT } from '../../../src/core/model/circuit.ts';
import type { SupervisorEvent } from '../../../src/core/model/event.ts';
import type { Transition } from '../../../src/core/model/history.ts';
import {
  type ActiveLoop,
  isActive,
  isFinished,
  isLive,
  type LiveLoop,
  type Loop,
  type LoopState,
  outstandingOf,
  reservedOf,
} from '../../../src/core/model/loop.ts';
import { toNano, toUsd } from '../../../src/core/model/money.ts';
import { budgetFit } from '../../../src/core/policy/budget.ts';
import { attemptsAllowed } from '../../../src/core/policy/circuitBreaker.ts';
import type { QueuedLoop } from '../../../src/core/state/liveState.ts';
import { isBefore, payerOfAgent } from './startChecks.ts';
import type { OpenWindow, World } from './world.ts';

/** From which state a loop may come into which. `new` is where it comes from on submit. */
const MAY_BECOME: { readonly [from in LoopState | 'new']: readonly LoopState[] } = {
  new: ['queued'],
  queued: ['preparing', 'running', 'checking', 'waiting', 'cancelled', 'failed'],
  preparing: ['queued', 'waiting', 'cancelled'],
  checking: ['stopping', 'queued', 'backingOff', 'waiting', 'completed', 'failed', 'cancelled'],
  running: ['checking', 'stopping', 'queued', 'backingOff', 'waiting', 'completed', 'failed', 'cancelled'],
  stopping: ['queued', 'backingOff', 'waiting', 'completed', 'failed', 'cancelled'],
  backingOff: ['queued', 'cancelled'],
  waiting: ['queued', 'cancelled'],
  completed: [],
  failed: ['queued'],
  cancelled: ['queued'],
};

/** What is told outside of transactions: a store that refuses keeps it from others. */
function isReport(event: SupervisorEvent): boolean {
  return event.type === 'loop:rejected' || event.type === 'loop:silent' || 'spentUsd' in event;
}

const LONGEST_BACKOFF_MS = 60_000;
const LONGEST_OUTAGE_PAUSE_MS = 15 * 60_000;

/** What must be true of a world when all that was set going has settled. Sees the store with its own eyes. */
export class Invariants {
  readonly #world: World;
  /** Every loop that was ever admitted, as it now is. */
  readonly #loops = new Map<number, Loop>();
  /** How many events a window had told before another began to listen, by the two of them. */
  readonly #before = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    // What is asked for first is only what is live: from now on all that changes is told.
    world.machine.books().changes();
  }

  /** Waits until nothing happens any more, then checks. */
  async check(): Promise<void> {
    await this.#world.settle();
    await this.#quiet();
    assert.deepEqual(this.#world.complaints, []);
    const live = [...this.#loops.values()].filter(isLive);
    this.#hearing();
    this.#processes(live);
    this.#overdue(live);
    await this.#slots(live);
    this.#money(live);
    await this.#statuses(live);
  }

  /** Looks at every loop's attempts, history and ledger: when a world is at its end. */
  async checkBooks(): Promise<void> {
    const books = this.#world.machine.books();
    const days = new Map<string, number>();
    for (const [seq, loop] of this.#loops) {
      assert.deepEqual(await books.bySeq(seq), loop, 'what changes is told');
      const ledger = await books.ledger(seq);
      for (const { day, agent, cost } of ledger) days.set(`${day} ${agent}`, (days.get(`${day} ${agent}`) ?? 0) + cost);
      const sum = ledger.reduce((total, row) => total + row.cost, 0);
      assert.equal(loop.cost, sum, `R6.7 the cost of ${loop.loopId} is what its ledger says`);
      if (loop.agent === 'sample')
        assert.equal(sum, this.#world.said.get(seq) ?? 0, `R6.6 all that ${loop.loopId} reported was counted, once`);
      await this.#attempts(loop);
      await this.#history(loop);
    }
    for (const { day, cost, estimated, unknown } of await books.spend('')) {
      assert.ok(
        cost >= 0 && estimated >= 0 && unknown >= 0,
        `R6.2 ${day} has a spend of ${cost}, ${estimated} of it estimated: it would open the limit wider`,
      );
    }
    const spend = (await books.spend('')).map(({ day, agent, cost }) => [`${day} ${agent}`, cost] as const);
    assert.deepEqual(
      new Map(spend.filter(([, cost]) => cost !== 0)),
      new Map([...days].filter(([, cost]) => cost !== 0)),
      'R6.7 days are sums of ledgers',
    );
  }

  /**
   * Windows look at each other's changes every half second: after a longer time without a change every window has seen
   * all.
   */
  async #quiet(): Promise<void> {
    const { machine, moved, retried, undone } = this.#world;
    this.#takeStock();
    do await machine.clock.advance(600);
    while (this.#takeStock());
    moved.clear();
    retried.clear();
    undone.clear();
  }

  /** Takes over what has changed in the store. Returns whether anything has. */
  #takeStock(): boolean {
    const { moved, retried, undone, machine } = this.#world;
    const changes = machine.books().changes();
    for (const loop of changes?.loops ?? []) {
      const before = this.#loops.get(loop.seq);
      if (before && before.place !== loop.place)
        assert.ok(
          moved.has(loop.loopId) || (before.state === 'failed' && retried.has(loop.loopId)),
          `R2.1 the place of ${loop.loopId} is another, and nobody moved it`,
        );
      if (before && isFinished(before) && before.state !== loop.state) {
        assert.ok(
          (before.state === 'failed' && retried.has(loop.loopId)) ||
            (before.state === 'cancelled' && undone.has(loop.loopId)),
          `${loop.loopId} was ${before.state}, which is final, and is ${loop.state}`,
        );
      }
      this.#loops.set(loop.seq, loop);
    }
    return changes !== undefined;
  }

  /** Every window has heard what each other one told since both were open: all of it, in its order, once (R10.2). */
  #hearing(): void {
    const { machine, windows } = this.#world;
    const told = ({ supervisor }: OpenWindow, host: string) =>
      machine.heard(supervisor).filter((event) => event.host === host && !isReport(event));
    for (const window of windows)
      for (const other of windows) {
        if (other === window) continue;
        const all = told(other, other.id);
        const heard = told(window, other.id);
        const pair = `${window.id} ${other.id}`;
        const before = this.#before.get(pair) ?? all.length - heard.length;
        this.#before.set(pair, before);
        assert.deepEqual(heard, all.slice(before), `R10.2 what ${window.id} has heard of ${other.id}`);
      }
  }

  /** Every process has its loop, every active loop its process, one at most. */
  #processes(live: readonly LiveLoop[]): void {
    const { launcher } = this.#world.machine;
    const open = new Set(this.#world.windows.map(({ id }) => id));
    const active = live.filter(isActive);
    const tokens = new Set(active.map(({ attempt }) => attempt.token));
    for (const run of launcher.alive) assert.ok(tokens.has(run.token), `R3.1 ${run.token} runs, and is on no book`);
    const ids = launcher.alive.map(({ loopId }) => loopId);
    assert.equal(new Set(ids).size, ids.length, `two attempts of a loop live: ${ids}`);
    for (const { attempt, loopId } of active) {
      const runs = launcher.runs.some(({ token, alive }) => token === attempt.token && alive);
      assert.ok(
        runs || !open.has(attempt.windowId),
        `R3.2 ${loopId} is shown as running, and no process of it is left`,
      );
    }
  }

  /** What has its time is woken by it, in whatever window (R3.3). */
  #overdue(live: readonly LiveLoop[]): void {
    const { windows, checks, machine, settings } = this.#world;
    if (windows.length === 0) return;
    const now = machine.clock.now();
    for (const account of checks.accounts.values())
      assert.ok(!account.isOverdue(now, settings.circuit), 'R4.1 the cool-down is over, and nobody has seen it');
    for (const gate of Object.values(checks.control.gates)) {
      assert.ok(gate.since <= now, `R4.5 ${gate.why} is held from a time that has not come`);
      if (gate.state === 'held' && gate.until !== undefined)
        assert.ok(gate.until > now, `R14.2 ${gate.why} is held for longer than it should`);
    }
    for (const loop of live) {
      if (!('until' in loop)) continue;
      assert.ok(loop.until > now, `R5.2 ${loop.loopId} is ${loop.state} for longer than it should`);
      const longest = loop.lastError?.cause === 'provider' ? LONGEST_OUTAGE_PAUSE_MS : LONGEST_BACKOFF_MS;
      if (loop.state === 'backingOff')
        assert.ok(loop.until - now <= longest, `R4.5 ${loop.loopId} backs off for ${loop.until - now} ms`);
    }
  }

  /** Nothing that could start waits (R3.3), and nobody else is to blame. */
  async #slots(live: readonly LiveLoop[]): Promise<void> {
    const { settings, windows, checks, machine } = this.#world;
    const { control } = checks;
    if (control.paused || windows.length === 0 || machine.launcher.free === 0) return;
    const active = live.filter(isActive);
    if (active.length >= settings.maxConcurrent) return;
    const runningReserved = active.reduce((sum, loop) => sum + reservedOf(loop), 0);
    const budget = { used: await this.#usedToday(active), runningReserved, limit: settings.budget.dailyLimit };
    const outstanding = active.reduce((sum, loop) => sum + outstandingOf(loop), 0);
    // The least share may be as much as what the agent's loops have cost.
    const dearest = Math.max(settings.budget.minAllowance, ...[...this.#loops.values()].map(({ cost }) => cost));
    const isShort = budget.limit > 0 && outstanding > 0 && budget.limit - budget.used - outstanding < dearest;
    for (const loop of inOrder(live)) {
      if (!this.#world.isHome(loop) || !this.#isLet(loop, active)) continue;
      const fit = budgetFit(budget, reservedOf(loop));
      // It may wait for what running loops were granted (R6.8).
      if (fit === 'now' && isShort) return;
      assert.notEqual(fit, 'now', `R3.3 ${loop.loopId} waits, and nothing keeps it from starting`);
      // Nobody overtakes one that waits for the money of those that run (R6.3).
      if (fit === 'later') return;
    }
  }

  /** Whether gates and circuit let one more loop like this start now (R4.1, R14.2). */
  #isLet(loop: QueuedLoop, active: readonly ActiveLoop[]): boolean {
    const { checks, settings } = this.#world;
    if (!this.#world.canStart(loop)) return false;
    const account = payerOfAgent(loop.agent);
    const circuit = checks.control.circuits[account] ?? CLOSED_CIRCUIT;
    const probes = active.filter(
      ({ attempt }) => attempt.account === account && attempt.probe && attempt.generation === circuit.generation,
    );
    if (attemptsAllowed(circuit, settings.circuit, probes.length) <= 0) return false;
    return checks.gatesBefore(loop).every((gate) => gate.state === 'trial' && !checks.isTried(gate, active));
  }

  /** Nobody who is watched goes on beyond what was granted: spend passes grants by turns in flight alone (R6.8). */
  #money(live: readonly LiveLoop[]): void {
    const { settings, windows } = this.#world;
    if (settings.budget.dailyLimit === 0) return;
    for (const { state, attempt, loopId } of live.filter(isActive)) {
      const { allowance, cost, accrued } = attempt;
      const isFollowed = windows.some(({ id }) => id === attempt.windowId);
      if (state !== 'running' || !isFollowed || allowance?.heldBy !== 'host') continue;
      assert.ok(cost + accrued <= allowance.amount, `R6.8 ${loopId} goes on beyond its allowance`);
    }
  }

  /** Every window shows what the books say (R10.1). */
  async #statuses(live: readonly LiveLoop[]): Promise<void> {
    const { windows, checks } = this.#world;
    const active = live.filter(isActive);
    const queue = inOrder(live);
    const endOfDay = this.#world.endOfDay();
    const failed = [...this.#loops.values()]
      .filter((loop) => loop.state === 'failed' && !loop.cleared)
      .map(({ loopId }) => loopId);
    for (const { supervisor } of windows) {
      const status = supervisor.status();
      const parked = new Set(status.parked.map(({ loopId }) => loopId));
      const isToday = (loop: LiveLoop) => !(loop.state === 'waiting' && 'until' in loop && loop.until >= endOfDay);
      const holding = live.filter((loop) => !parked.has(loop.loopId) && isToday(loop));
      const reserved = toUsd(holding.reduce((sum, loop) => sum + reservedOf(loop), 0));
      assert.deepEqual(status.running.map(({ loopId }) => loopId).sort(), active.map(({ loopId }) => loopId).sort());
      assert.deepEqual(
        status.queued.map(({ loopId, position }) => [loopId, position]),
        queue.map(({ loopId }, index) => [loopId, index + 1]),
      );
      assert.equal(status.queueDepth, queue.filter(({ fresh, wasParked }) => fresh && !wasParked).length);
      assert.deepEqual(sorted(status.backingOff), sorted(live.filter(({ state }) => state === 'backingOff')));
      assert.deepEqual(sorted(status.waiting), sorted(live.filter(({ state }) => state === 'waiting')));
      for (const { account, state } of status.circuits)
        assert.equal(state, checks.control.circuits[account]?.state, `R4.3 the circuit of ${account}`);
      assert.equal(status.holds.length, Object.keys(checks.control.gates).length);
      assert.equal(status.paused, checks.control.paused);
      assert.equal(toNano(status.budget.spent + status.budget.unknown), Math.max(0, await this.#usedToday(active)));
      assert.equal(status.budget.reserved, reserved);
      assert.deepEqual([...status.permanentlyFailed].sort(), failed.sort());
      assert.equal(status.ready, true);
    }
  }

  /** What the ledger says of today, and what runs have accrued. */
  async #usedToday(active: readonly ActiveLoop[]): Promise<number> {
    const today = this.#world.today();
    const rows = await this.#world.machine.books().spend(today);
    const accrued = active.reduce((sum, { attempt }) => sum + attempt.accrued, 0);
    return rows.filter(({ day }) => day === today).reduce((sum, { cost }) => sum + cost, accrued);
  }

  async #attempts(loop: Loop): Promise<void> {
    const attempts = await this.#world.machine.books().attempts(loop.seq);
    assert.deepEqual(
      attempts.map(({ number }) => number),
      Array.from({ length: loop.attempts }, (_, index) => index + 1),
    );
    const unsettled = attempts.filter(({ end }) => end === undefined).map(({ id }) => id);
    assert.deepEqual(
      unsettled,
      isActive(loop) ? [loop.attempt.id] : [],
      `R3.2 every attempt of ${loop.loopId} was settled but the one that runs`,
    );
  }

  /** Every change of state has one row: the rows make a chain from the submit to the present state. */
  async #history(loop: Loop): Promise<void> {
    const rows = await this.#world.machine.books().history(loop.seq);
    let state = 'new' as Transition['from'];
    for (const { from, to, why } of rows) {
      assert.equal(from, state, `the history of ${loop.loopId} has a gap before "${why}"`);
      if (from !== to) assert.ok(MAY_BECOME[from].includes(to), `${loop.loopId} went from ${from} to ${to}: ${why}`);
      state = to;
    }
    assert.equal(state, loop.state, `the history of ${loop.loopId} does not end where it is`);
    const started = rows.filter(({ from, to }) => from === 'queued' && to === 'running').length;
    assert.equal(started, loop.attempts);
  }
}

function inOrder(live: readonly LiveLoop[]): QueuedLoop[] {
  return live.filter((loop): loop is QueuedLoop => loop.state === 'queued').sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

function sorted(loops: readonly { readonly loopId: string }[]): string[] {
  return loops.map(({ loopId }) => loopId).sort();
}
