import type { Loop } from '../model/loop.ts';
import { isSameProcess } from '../model/processIdentity.ts';
import type { RepositoryRef } from '../model/repository.ts';
import type { LoopHost } from '../model/status.ts';
import type { WindowLease } from '../ports/store.ts';
import type { SupervisorContext } from './context.ts';
import type { LiveState } from './liveState.ts';
import type { Machines } from './machines.ts';
import { Patience } from './patience.ts';

/** How long (ms) the runs of a gone window are left to a window that has their folder open: a reload takes a moment. */
const ADOPT_AFTER_MS = 10_000;

/**
 * Which host a loop belongs to, now that windows come and go. Hosts are known by their leases; a lease ends with its
 * process. The headless host acts for what belongs to no window.
 */
export class LoopOwnership {
  readonly #context: SupervisorContext;
  readonly #liveState: LiveState;
  readonly #machines: Machines;
  /** Loops of other hosts (`seq`) that have stood first in line, and the folders of such loops. */
  readonly #loopsFirst: Patience<number>;
  readonly #foldersFirst: Patience<string>;
  /** Since when (ms) windows are known to be gone. */
  readonly #goneSince = new Map<string, number>();
  /** The windows that were last seen; and since when (ms) those are gone that have just been there. */
  #seen: ReadonlySet<string> = new Set();
  readonly #justGone = new Map<string, number>();

  constructor(context: SupervisorContext, liveState: LiveState, machines: Machines) {
    this.#context = context;
    this.#liveState = liveState;
    this.#machines = machines;
    const now = () => context.clock.now();
    this.#loopsFirst = new Patience(now);
    this.#foldersFirst = new Patience(now);
  }

  /** `starting`: how many other loops this host is about to start. */
  readonly hostOf = (loop: Loop, starting = 0): LoopHost => {
    const { window } = this.#context;
    if (loop.repository) return this.#ofRepository(loop, loop.repository, starting);
    if (!this.#machines.isHere(loop)) return this.#onOtherMachine(loop);
    if (window.role === 'headless') return this.#withoutWindow(loop);
    if (loop.windowId === window.id && window.role === undefined) return 'here';
    const owner = this.#liveState.windows.get(loop.windowId);
    if (owner && holds(owner, loop)) return 'elsewhere';
    if (this.#hasOpenHere(loop)) return 'here';
    if (owner) return 'elsewhere';
    for (const lease of this.hostsHere())
      if (lease.id !== window.id && (holds(lease, loop) || (lease.headless && this.isTrusted(loop))))
        return 'elsewhere';
    return 'gone';
  };

  /** Whether the loop's workspace folder was trusted when it was open (R15.1). */
  isTrusted({ folder }: Loop): boolean {
    return folder === undefined || (this.#context.window.trusts?.(folder) ?? true);
  }

  /**
   * Any host of a machine that takes loops of its repository acts for such a loop, whichever folders it has open: its
   * user has named a clone there (R16.4). What may run on any machine goes to the one with the least to do.
   */
  #ofRepository(loop: Loop, repository: RepositoryRef, starting: number): LoopHost {
    const { window } = this.#context;
    const isMine = window.role !== 'caller' && this.#machines.isHere(loop) && this.#machines.takesHere(repository);
    const isFree = loop.machine === undefined && !this.isPassedBy(loop);
    if (isMine && !(isFree && this.#machines.isAnotherFreer(repository, starting))) return 'here';
    const takers = this.#machines.takers(repository).filter((id) => id === (loop.machine ?? id));
    const answers = [...this.#liveState.windows.values()].some(({ machine }) => takers.some((id) => id === machine));
    return answers ? 'elsewhere' : 'gone';
  }

  /** Only hosts of its own machine act for a loop (R16.3). */
  #onOtherMachine(loop: Loop): LoopHost {
    const { windows } = this.#liveState;
    for (const lease of windows.values())
      if (lease.machine === loop.machine && (lease.headless || lease.id === loop.windowId || holds(lease, loop)))
        return 'elsewhere';
    return 'gone';
  }

  /** Whether a loop's folders are those that this host sees too. */
  seesFoldersOf(loop: Loop): boolean {
    return this.#machines.isHere(loop);
  }

  /** The leases of this machine's hosts. */
  hostsHere(): WindowLease[] {
    return [...this.#liveState.windows.values()].filter((lease) => this.#machines.isHere(lease));
  }

  /** The headless host acts for a loop once no window does, and the moment that a reload takes is over (R15.1). */
  #withoutWindow(loop: Loop): LoopHost {
    const owner = this.#liveState.windows.get(loop.windowId);
    if (owner && !owner.headless) return 'elsewhere';
    if (this.hostsHere().some((lease) => holds(lease, loop))) return 'elsewhere';
    // It may have gone since windows were last watched.
    if (this.#justGone.has(loop.windowId) || this.#seen.has(loop.windowId)) return 'elsewhere';
    return this.isTrusted(loop) ? 'here' : 'gone';
  }

  /**
   * Notes which windows have gone since the last call. Returns whether the time is over that a loop of one of them
   * waits for its window to come back.
   */
  watchWindows(): boolean {
    const now = this.#context.clock.now();
    const ids = new Set([...this.#liveState.windows.values()].flatMap(({ id, headless }) => (headless ? [] : [id])));
    for (const id of this.#seen) if (!ids.has(id)) this.#justGone.set(id, now);
    this.#seen = ids;
    let isOver = false;
    for (const [id, since] of this.#justGone) {
      // A clock that went back starts over.
      if (since > now) this.#justGone.set(id, now);
      if (now - since < ADOPT_AFTER_MS && !ids.has(id)) continue;
      this.#justGone.delete(id);
      isOver = true;
    }
    return isOver;
  }

  /**
   * Whether another host had its time to start this loop and has not: it was waited for with this one, or it started
   * nothing in a slot that was kept for another loop of its folder.
   */
  readonly isPassedBy = (loop: Loop): boolean => {
    if (this.#loopsFirst.isOver(loop.seq)) return true;
    const since = this.#foldersFirst.overSince(folderOf(loop));
    return since !== undefined && loop.since <= since;
  };

  /** These are all that stand first in line, and that other hosts are waited for to start. */
  readonly standFirst = (loops: readonly Loop[]): void => {
    this.#loopsFirst.waitFor(loops.map(({ seq }) => seq));
    this.#foldersFirst.waitFor(loops.map(folderOf));
  };

  /**
   * Whether some loop has now stood first in line for so long that this window looks again, or a host that was passed
   * by starts loops again: true only once. Forgets loops that are gone from the queue.
   */
  hasPassedBy(): boolean {
    let isNews = false;
    for (const [seq] of this.#loopsFirst.entries())
      if (this.#liveState.get(seq)?.state !== 'queued') this.#loopsFirst.forget(seq);
    for (const [folder, since] of this.#foldersFirst.entries()) {
      if (!this.#isStartedElsewhere(folder, since)) continue;
      const wasPassedBy = this.#foldersFirst.isOver(folder);
      if (this.#foldersFirst.forget(folder)) isNews = true;
      if (wasPassedBy) this.#liveState.lanes.relane();
    }
    if (this.#loopsFirst.hasRunOut()) isNews = true;
    return this.#foldersFirst.hasRunOut() || isNews;
  }

  /** Whether another host has started a loop of that folder since then. */
  #isStartedElsewhere(folder: string, since: number): boolean {
    const { active, preparing } = this.#liveState;
    const isLater = (loop: Loop, startedAt: number) =>
      startedAt > since && loop.windowId !== this.#context.window.id && folderOf(loop) === folder;
    for (const loop of active.values()) if (isLater(loop, loop.attempt.startedAt)) return true;
    for (const loop of preparing.values()) if (isLater(loop, loop.since)) return true;
    return false;
  }

  /** Whether this window is to take over an attempt that another window followed. */
  shouldAdopt(loop: Loop, followedBy: string): boolean {
    const { window } = this.#context;
    if (followedBy === window.id || window.role === 'caller' || !this.#machines.isHere(loop)) return false;
    const owner = this.#liveState.windows.get(followedBy);
    if (owner) return !holds(owner, loop) && this.#hasOpenHere(loop);
    if (this.#hasOpenHere(loop)) return true;
    return this.#context.clock.now() - this.#seenGone(followedBy) >= ADOPT_AFTER_MS;
  }

  /**
   * Whether this window's own lease is gone: another window took it for dead, as one may that could not look at
   * processes for a moment.
   */
  isTakenForDead(): boolean {
    const { id, role } = this.#context.window;
    return role !== 'caller' && !this.#liveState.windows.has(id);
  }

  /**
   * Leases whose process is gone, or is our own: that one had a window before this one, which could not give its lease
   * back. Those of other machines lapse with their machine.
   */
  dead(): string[] {
    const { window, inspector } = this.#context;
    const others = [...this.#liveState.windows.values()].filter(
      (lease) => lease.id !== window.id && this.#machines.isHere(lease),
    );
    return others
      .filter(({ process }) => isSameProcess(process, inspector.self) || inspector.look(process).state === 'gone')
      .map((lease) => lease.id);
  }

  #hasOpenHere(loop: Loop): boolean {
    const { role, folders } = this.#context.window;
    return role === undefined && hasOpen(folders, loop);
  }

  #seenGone(windowId: string): number {
    const now = this.#context.clock.now();
    const since = Math.min(this.#goneSince.get(windowId) ?? now, now);
    this.#goneSince.set(windowId, since);
    return since;
  }
}

/** What loops have in common that the same hosts start. */
function folderOf({ machine, repository, folder, windowId }: Loop): string {
  if (repository) return JSON.stringify([repository.address]);
  return JSON.stringify([machine, folder ?? null, folder === undefined ? windowId : null]);
}

/** Whether that host is a window with the loop's folder open. */
function holds({ headless, folders }: WindowLease, loop: Loop): boolean {
  return headless !== true && hasOpen(folders, loop);
}

/**
 * Whether a window with these folders has the loop's folder open; a loop without one belongs to windows without one.
 */
function hasOpen(folders: readonly string[], loop: Loop): boolean {
  return loop.folder === undefined ? folders.length === 0 : folders.includes(loop.folder);
}
