import type { Disposable } from '../model/disposable.ts';
import type { Clone } from '../model/repository.ts';
import type { Engine } from './engine.ts';
import { RetryLog } from './retryLog.ts';
import { Timer } from './timer.ts';

/** How often (ms) clones are looked at again: remotes change, and disks come and go. */
const LOOK_EVERY_MS = 60_000;

type CloneParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/**
 * Looks which repositories are cloned in the folders that the settings name for loops of other machines (R16.4). The
 * machine's next renewal tells the others.
 */
export class Clones implements Disposable {
  readonly #parts: CloneParts;
  readonly #timer: Timer;
  readonly #unseen = new Map<string, RetryLog>();
  #turn = 0;
  #disposed = false;

  constructor(parts: CloneParts) {
    this.#parts = parts;
    this.#timer = new Timer(parts.context.clock);
  }

  /** Looks now, and again from time to time while folders are named. */
  readonly look = (): void => {
    const { machine, window } = this.#parts.context;
    if (!machine || window.role === 'caller' || this.#disposed) return;
    void this.#look();
  };

  dispose(): void {
    this.#disposed = true;
    this.#timer.dispose();
  }

  async #look(): Promise<void> {
    const { context, liveState, transactions } = this.#parts;
    const named = context.settings.repositories;
    const turn = ++this.#turn;
    const found = (await Promise.all(named.map((folder) => this.#clonesIn(folder)))).flat();
    // A later look knows better.
    if (this.#disposed || turn !== this.#turn) return;
    if (named.length > 0) this.#timer.set(LOOK_EVERY_MS, this.look);
    if (JSON.stringify(found) === JSON.stringify(context.clones)) return;
    const told = liveState.control.machines?.[context.machine?.id ?? '']?.takes ?? [];
    context.clones = found;
    if (found.length === 0 && told.length === 0) return;
    context.hasNewClones = true;
    // One that fails is made up for by the next renewal.
    await transactions.takeAndDispatch(() => undefined).catch(() => undefined);
  }

  /** A folder in which no clone is to be found now takes no loops, and is looked at again. */
  async #clonesIn(folder: string): Promise<readonly Clone[]> {
    const { workTrees } = this.#parts.context;
    const log = this.#unseen.get(folder) ?? new RetryLog(this.#parts.context);
    this.#unseen.set(folder, log);
    try {
      if (!workTrees) throw new Error('Git cannot be used here.');
      const { root, addresses } = await workTrees.clone(folder);
      if (addresses.length === 0) throw new Error('It has no remote, by which other machines could know it.');
      log.withdraw();
      return addresses.map((address) => ({ address, root }));
    } catch (error) {
      log.make(`No loops of other machines run in ${folder}, which loopSupervisor.repositories names`, error);
      return [];
    }
  }
}
