import { type Gates, gateKey } from '../model/gate.ts';
import type { Gone, Unknown } from '../model/looks.ts';
import type { NanoUsd } from '../model/money.ts';
import { isPending } from '../policy/waits.ts';
import { needsMoney, type SupervisorContext } from './context.ts';
import { accountOf, gatesBefore } from './gates.ts';
import type { LaneId, LanePlacement, ProfileLane } from './lanes.ts';
import type { LiveState, QueuedLoop } from './liveState.ts';
import type { LoopOwnership } from './loopOwnership.ts';

/** How long (ms) before a folder that was gone is looked at again: longer each time, and this at most. */
const LONGEST_LOOK_PAUSE_MS = 60_000;
const FIRST_LOOK_PAUSE_MS = 1_000;

interface AwayFolder {
  readonly found: Gone | Unknown;
  readonly looks: number;
  /** Wall time, ms. */
  readonly nextLook: number;
}

/** Where the budget stood at a moment: amounts in 10⁻⁹ USD. */
export interface BudgetMoment {
  readonly day: string;
  readonly limit: NanoUsd;
  /** Money that is gone: spent and unknown. */
  readonly used: NanoUsd;
}

/** Which loops did not fit the budget as it then stood. */
interface BudgetMark extends BudgetMoment {
  readonly loops: Map<number, 'today' | 'ever'>;
}

/**
 * Knows what this host knows beside the store: which windows have which folders open, which folders are gone, and which
 * loops do not fit the budget. It places queued loops accordingly, so that what cannot start blocks nothing (R2.2).
 */
export class Placement implements LanePlacement {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #ownership: LoopOwnership;
  /** Working directories that are gone, or could not be looked at. */
  readonly #awayFolders = new Map<string, AwayFolder>();
  #overBudget: BudgetMark | undefined;
  /** Loops (`seq`) that are parked until more memory is free. */
  readonly #shortOfMemory = new Set<number>();
  #placedFor = '';

  constructor(context: SupervisorContext, liveState: LiveState, ownership: LoopOwnership) {
    this.#context = context;
    this.#liveState = liveState;
    this.#ownership = ownership;
  }

  laneOf(loop: QueuedLoop): LaneId {
    const { gates } = this.#liveState.control;
    const { absence } = gates;
    if (absence?.state === 'held' && loop.seq <= (absence.lastSeq ?? 0)) return { parked: 'absence', of: '' };
    if (this.#awayFolders.has(loop.cwd)) return { parked: 'folder', of: loop.cwd };
    const host = this.#ownership.hostOf(loop);
    if (host === 'gone' || (host === 'elsewhere' && this.#ownership.isPassedBy(loop)))
      return { parked: 'window', of: loop.folder ?? loop.windowId };
    if (this.#lacksMemory(loop)) return { parked: 'memory', of: '' };
    const budget = this.#overBudget?.loops.get(loop.seq);
    if (budget) return { parked: 'budget', of: budget };
    const { agent, cwd } = loop;
    const isPaid = needsMoney(this.#context, agent, loop.estimate);
    return { agent, needsMoney: isPaid, ...(hasFolderGate(gates, this.#context, loop) && { folder: cwd }) };
  }

  isHeld(lane: ProfileLane): boolean {
    if (!this.#context.agents.find(lane.agent)) return true;
    return gatesBefore(this.#liveState, this.#context, lane).length > 0;
  }

  isSameHold(one: ProfileLane, other: ProfileLane): boolean {
    const [gate] = gatesBefore(this.#liveState, this.#context, one);
    return gate !== undefined && gate === gatesBefore(this.#liveState, this.#context, other)[0];
  }

  /** Places all loops again if what they are placed by has changed: windows, folders that are open here, gates. */
  refresh(): void {
    const { windows, control } = this.#liveState;
    const leases = [...windows.values()].map(({ id, folders, headless }) => [id, folders, headless]);
    const takes = Object.entries(control.machines ?? {}).map(([id, machine]) => [id, machine.takes]);
    const folderGates = Object.values(control.gates).filter(({ of }) => of.kind === 'absence' || 'folder' in of);
    const facts = JSON.stringify([
      leases,
      takes,
      this.#context.clones,
      this.#context.window.folders,
      folderGates.map((gate) => [gate.of, gate.state, 'lastSeq' in gate && gate.lastSeq]),
    ]);
    if (facts === this.#placedFor) return;
    this.#placedFor = facts;
    this.#liveState.lanes.relane();
  }

  /** These loops stood first in line for too long: another host does not start them. */
  passedBy(loops: Iterable<QueuedLoop>): void {
    this.#liveState.lanes.relane(loops);
  }

  /** A working directory was not found: its loops are parked until it is. */
  folderIsAway(path: string, found: Gone | Unknown): void {
    const nextLook = this.#context.clock.now() + FIRST_LOOK_PAUSE_MS;
    this.#awayFolders.set(path, { found, looks: 0, nextLook });
    this.#relaneIn(path);
  }

  /** What the last look at a working directory found, if its loops are parked for that. */
  awayFolder(path: string): Gone | Unknown | undefined {
    return this.#awayFolders.get(path)?.found;
  }

  /**
   * Looks again at folders that were not found, where that is due, and at memory that was short. Returns whether
   * something may start.
   */
  lookAgain(): boolean {
    const now = this.#context.clock.now();
    let isBack = this.#hasMemoryAgain();
    for (const [path, { looks, nextLook }] of [...this.#awayFolders]) {
      if (isPending(nextLook, now) && nextLook - now <= LONGEST_LOOK_PAUSE_MS) continue;
      const found = this.#context.folders.look(path);
      const pause = Math.min(FIRST_LOOK_PAUSE_MS * 2 ** (looks + 1), LONGEST_LOOK_PAUSE_MS);
      if (found.state !== 'there' && this.#hasLoopsIn(path)) {
        this.#awayFolders.set(path, { found, looks: looks + 1, nextLook: now + pause });
        continue;
      }
      this.#awayFolders.delete(path);
      this.#relaneIn(path);
      isBack ||= found.state === 'there';
    }
    return isBack;
  }

  /**
   * A loop does not fit what the day, or the limit itself, can leave even if all running loops give back what they hold
   * (R6.3).
   */
  isOverBudget(loop: QueuedLoop, what: 'today' | 'ever', budget: BudgetMoment): void {
    const before = this.#overBudget;
    // The highest counts: a loop that did not fit then may do so as soon as less is used.
    const used = Math.max(before?.used ?? 0, budget.used);
    this.#overBudget = { ...budget, used, loops: before?.loops ?? new Map() };
    this.#overBudget.loops.set(loop.seq, what);
    this.#liveState.lanes.relane([loop]);
  }

  /** That a loop did not fit was found in a transaction that was not committed: it may be another one's `seq` now. */
  forgetOverBudget(seq: number): void {
    if (this.#overBudget?.loops.delete(seq)) this.#liveState.lanes.relane(this.#queued([seq]));
  }

  /** Places loops again that did not fit the budget, if there is another limit or day, or more is left. */
  refreshBudget(budget: BudgetMoment): void {
    const before = this.#overBudget;
    if (!before) return;
    if (before.day === budget.day && before.limit === budget.limit && budget.used >= before.used) return;
    this.#overBudget = undefined;
    this.#liveState.lanes.relane(this.#queued(before.loops.keys()));
  }

  /**
   * A loop that ran out of memory once waits until as much is free as it held then (R5.7), on the machine and, while
   * others run, of what all may hold together.
   */
  #lacksMemory({ seq, neededMemory }: QueuedLoop): boolean {
    const { launcher, settings, memoryHeld } = this.#context;
    const { totalMemory } = settings.limits;
    const left = totalMemory > 0 && memoryHeld > 0 ? totalMemory - memoryHeld : Number.POSITIVE_INFINITY;
    const lacks = neededMemory !== undefined && Math.min(launcher.freeMemoryBytes(), left) < neededMemory;
    if (lacks) this.#shortOfMemory.add(seq);
    return lacks;
  }

  #hasMemoryAgain(): boolean {
    const short = [...this.#queued(this.#shortOfMemory)];
    this.#shortOfMemory.clear();
    this.#liveState.lanes.relane(short);
    return short.some(({ seq }) => !this.#shortOfMemory.has(seq));
  }

  #relaneIn(path: string): void {
    this.#liveState.lanes.relane([...this.#liveState.lanes.all].filter(({ cwd }) => cwd === path));
  }

  #hasLoopsIn(path: string): boolean {
    for (const { cwd } of this.#liveState.lanes.all) if (cwd === path) return true;
    return false;
  }

  *#queued(seqs: Iterable<number>): Iterable<QueuedLoop> {
    for (const seq of seqs) {
      const loop = this.#liveState.get(seq);
      if (loop?.state === 'queued') yield loop;
    }
  }
}

/** Whether a gate of its own stands before the loops of that profile in that working directory. */
function hasFolderGate(gates: Gates, context: SupervisorContext, { agent, cwd }: QueuedLoop): boolean {
  // Mostly there is none at all, and no key is made.
  for (const _ in gates)
    return (
      gates[gateKey({ kind: 'account', name: accountOf(context, agent), folder: cwd })] !== undefined ||
      gates[gateKey({ kind: 'profile', name: agent, folder: cwd })] !== undefined
    );
  return false;
}
