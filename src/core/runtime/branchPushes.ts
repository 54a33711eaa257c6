import type { Disposable } from '../model/disposable.ts';
import type { SupervisorEvent } from '../model/event.ts';
import type { Engine } from './engine.ts';
import { Timer } from './timer.ts';

/** How often (ms) to look for what hosts that are gone have left, and for pushes that are to be tried again. */
const LOOK_EVERY_MS = 5 * 60_000;

type PushParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/**
 * Has the branches of loops pushed once they are over, where this machine's settings name a remote (R16.9): after each
 * end that of the loop that ended, and from time to time all that are due.
 */
export class BranchPushes implements Disposable {
  readonly #parts: PushParts;
  readonly #timer: Timer;
  /** All are to be looked at. */
  #isAsked = false;
  /** Ids of loops that have ended since the last look. */
  readonly #ended = new Set<string>();
  #isAtWork = false;
  #disposed = false;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#timer = new Timer(parts.context.clock);
  }

  /** Looks now, and again from time to time while a remote is named. */
  readonly look = (): void => {
    if (!this.#pushes()) return;
    this.#timer.set(LOOK_EVERY_MS, this.look);
    this.#isAsked = true;
    if (!this.#isAtWork) void this.#work();
  };

  /** Looks at the loops that ended in what this host has just committed, whatever the length of the history. */
  reconcile(events: readonly SupervisorEvent[]): void {
    const ended = events.filter(isEnd);
    if (ended.length === 0 || !this.#pushes()) return;
    for (const { loopId } of ended) this.#ended.add(loopId);
    if (!this.#isAtWork) void this.#work();
  }

  #pushes(): boolean {
    const { machine, workTrees, window, settings } = this.#parts.context;
    if (!machine || !workTrees || window.role === 'caller' || settings.pushResultsTo === '') return false;
    return !this.#disposed && !this.#parts.transactions.halted;
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer.dispose();
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    try {
      const { pushBranches } = await import('./workTreeActions.ts');
      while ((this.#isAsked || this.#ended.size > 0) && !this.#disposed) {
        const which = this.#isAsked ? undefined : [...this.#ended];
        this.#isAsked = false;
        this.#ended.clear();
        await pushBranches(this.#parts, () => this.#disposed, which);
      }
    } catch (error) {
      this.#parts.context.log('The branches of loops that are over could not be pushed; the next try is soon.', error);
    } finally {
      this.#isAtWork = false;
    }
  }
}

function isEnd(
  event: SupervisorEvent,
): event is Extract<SupervisorEvent, { type: 'loop:completed' | 'loop:failed' | 'loop:cancelled' }> {
  if (event.type === 'loop:failed') return event.permanent;
  return event.type === 'loop:completed' || event.type === 'loop:cancelled';
}
