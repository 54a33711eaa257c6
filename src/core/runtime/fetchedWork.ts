import { isSupervisorError, WrongStateError } from '../model/errors.ts';
import { isActive, type Loop } from '../model/loop.ts';
import type { RepositoryRef } from '../model/repository.ts';
import type { Transfer } from '../model/transfer.ts';
import type { MadeWorkTree, OwnWorkTree, WorkTreeCopy } from '../model/workTree.ts';
import { pushedBranch } from '../policy/branchPush.ts';
import { copyOn, inCopy } from '../policy/workTreeCopy.ts';
import type { WorkTrees } from '../ports/workTrees.ts';
import { askForWork, endTransfer, takeCopy, takeSent } from '../steps/transfers.ts';
import type { Engine } from './engine.ts';
import { findLoop } from './statusView.ts';
import { whereItWent } from './whereItWent.ts';

type FetchParts = Pick<Engine, 'context' | 'liveState' | 'machines' | 'transactions'>;
type Ready = Extract<Transfer, { state: 'ready' }>;
type Place = Pick<MadeWorkTree, 'branch' | 'path'>;

/** Work, and where it is to come. */
interface Coming {
  readonly loop: Loop;
  readonly own: OwnWorkTree;
  readonly clone: { readonly root: string; readonly commonFolder: string };
  readonly repository: RepositoryRef;
}

/** Work that lies in the store. `id`: of the transfer. */
interface Sent extends Coming {
  readonly ready: Ready;
  readonly id: string;
}

/** How long (ms) a host of the other machine may take to say that it has heard, and to pack the work then. */
const ANSWERS_WITHIN_MS = 30_000;
const PACKS_WITHIN_MS = 10 * 60_000;
/** How often (ms) to look whether it has. */
const LOOK_EVERY_MS = 200;

/**
 * The work of loops that ran on other machines, as copies of their work trees in a clone on this one (R16.7). A host of
 * the other machine packs the commits when it is asked, and they come through the store in pieces; or it has pushed
 * them to a remote, from which they come (R16.9).
 */
export class FetchedWork {
  readonly #engine: FetchParts;

  constructor(engine: FetchParts) {
    this.#engine = engine;
  }

  /** What people call the machine that a loop's work must be fetched from first; undefined where it is here. */
  awayAt(loop: Loop): string | undefined {
    const { machines } = this.#engine;
    return machines.isHere(loop) || this.#copyOf(loop) ? undefined : machines.nameOf(loop.machine ?? '');
  }

  /**
   * A loop as this machine has it: as it is, or with the copy of its work tree, which is fetched where it is not here.
   *
   * @throws WrongStateError with the reason where it cannot be had.
   */
  async here(loop: Loop): Promise<Loop> {
    if (this.#engine.machines.isHere(loop)) return loop;
    const copy = this.#copyOf(loop);
    return inCopy(loop, copy ?? (await this.#fetch(loop)));
  }

  /** The copy that is here, unless the loop has worked on since, or somebody has removed it. */
  #copyOf(loop: Loop): WorkTreeCopy | undefined {
    const { machine, folders } = this.#engine.context;
    const copy = copyOn(loop, machine?.id);
    return copy?.attempts === loop.attempts && folders.look(copy.path).state !== 'gone' ? copy : undefined;
  }

  async #fetch(loop: Loop): Promise<WorkTreeCopy> {
    const { context, machines, transactions } = this.#engine;
    const { loopId, seq, workTree: own, repository, machine: from = '' } = loop;
    const { workTrees, machine } = context;
    const refuse = (why: string) => new WrongStateError(loopId, why);
    const name = machines.nameOf(from);
    if (!own || !repository || !machine)
      throw refuse(
        `works on ${name}: do this there. Only loops that were submitted for another machine can be fetched`,
      );
    if (isActive(loop) || loop.state === 'preparing') throw refuse('is still at work: wait for its end');
    if (!own.made) throw refuse(`has no work tree any more: ${whereItWent(own)}`);
    if (!workTrees) throw refuse('cannot be fetched: Git cannot be used here');
    const clone = await this.#cloneOf(workTrees, loop, repository);
    if (!clone)
      throw refuse(
        `works on ${name}, and no clone of ${repository.address} is open here: open its folder, then try again`,
      );
    const pushed = await this.#fromRemote(workTrees, { loop, own, clone, repository });
    if (pushed) return pushed;
    if (!machines.answers(from))
      throw refuse(`works on ${name}, which is offline: try again once a window or a host runs there`);
    const facts = { seq, from, to: machine.id };
    const id = await transactions.take((unit) => askForWork(unit, context.newId(), loopId, facts));
    try {
      const ready = await this.#ready(loop, id, name);
      const got = ready && (await this.#unpack(workTrees, { loop, own, ready, id, clone, repository }));
      // Another window of this machine may have taken it.
      const copy = got ?? (await this.#takenBeside(loop));
      if (!copy) throw refuse('could not be fetched: what was asked for was given up. Try again');
      if (got) await transactions.take((unit) => takeSent(unit, id, seq, got), [['bySeq', seq]]);
      return copy;
    } catch (error) {
      await transactions.take((unit) => endTransfer(unit, id));
      if (isSupervisorError(error)) throw error;
      const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
      throw refuse(`could not be fetched from ${name}: ${why}`);
    }
  }

  async #takenBeside({ loopId, seq }: Loop): Promise<WorkTreeCopy | undefined> {
    const loop = await findLoop(this.#engine, loopId, seq);
    return loop && this.#copyOf(loop);
  }

  /** Where its work is to come: a clone that this host has open, or one that the settings name. */
  async #cloneOf(
    workTrees: WorkTrees,
    { folder }: Loop,
    { address }: RepositoryRef,
  ): Promise<{ readonly root: string; readonly commonFolder: string } | undefined> {
    const { window, clones = [] } = this.#engine.context;
    const named = clones.filter((clone) => clone.address === address).map(({ root }) => root);
    for (const path of [...window.folders, ...(folder === undefined ? [] : [folder]), ...named]) {
      const clone = await workTrees.clone(path).catch(() => undefined);
      if (!clone?.addresses.includes(address)) continue;
      const look = await workTrees.look(clone.root);
      if (look.kind === 'repository') return { root: clone.root, commonFolder: look.repository.commonFolder };
    }
    return undefined;
  }

  /** Waits until the other machine has packed it; undefined where the transfer is no more. */
  async #ready({ loopId, machine = '' }: Loop, id: string, name: string): Promise<Ready | undefined> {
    const { context, liveState, machines } = this.#engine;
    const { clock } = context;
    const refuse = (why: string) => new WrongStateError(loopId, why);
    for (let waited = 0; ; waited += LOOK_EVERY_MS) {
      const transfer = liveState.control.transfers?.[id];
      if (!transfer) return undefined;
      if (transfer.state === 'ready') return transfer;
      if (transfer.state === 'failed') throw refuse(`could not be fetched from ${name}: ${transfer.why}`);
      if (!machines.answers(machine) || (transfer.state === 'asked' && waited >= ANSWERS_WITHIN_MS))
        throw refuse(`works on ${name}, which does not answer: try again once a window or a host runs there`);
      if (waited >= PACKS_WITHIN_MS) throw refuse(`could not be fetched: ${name} takes too long to pack its work`);
      await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
    }
  }

  /** Takes the branch that its machine has pushed, also while that is offline; undefined where it cannot be had. */
  async #fromRemote(workTrees: WorkTrees, coming: Coming): Promise<WorkTreeCopy | undefined> {
    const { context, transactions } = this.#engine;
    const { loop, clone } = coming;
    const pushed = pushedBranch(loop);
    if (!pushed) return undefined;
    try {
      const fetch = (tree: Place) => workTrees.fetchBranch(clone.root, pushed, tree);
      const copy = await this.#copy(workTrees, coming, pushed.tip, fetch);
      await transactions.take((unit) => takeCopy(unit, loop.seq, copy, pushed.address), [['bySeq', loop.seq]]);
      return copy;
    } catch (error) {
      context.log(
        `The branch of loop ${loop.loopId} could not be had from ${pushed.address}: its machine is asked.`,
        error,
      );
      return undefined;
    }
  }

  #unpack(workTrees: WorkTrees, { ready, id, ...coming }: Sent): Promise<WorkTreeCopy> {
    const { tip, digest } = ready;
    const { root } = coming.clone;
    const unpack = (tree: Place) => workTrees.unpack(root, { ...tree, tip, digest }, this.#pieces(id, ready));
    return this.#copy(workTrees, coming, tip, unpack);
  }

  /** Makes the copy of its work tree. `get`: has the branch come. */
  async #copy(
    workTrees: WorkTrees,
    { loop, own, clone: { root, commonFolder }, repository }: Coming,
    tip: string,
    get: (tree: Place) => Promise<void>,
  ): Promise<WorkTreeCopy> {
    const { loopId, title } = loop;
    const { base, name, made } = own;
    const branch = made?.branch ?? '';
    const path = workTrees.pathOf(commonFolder, name);
    await workTrees.fetchCommit(root, repository.address, base);
    await get({ branch, path });
    const tree = await workTrees.create({ loopId, title, base, path, branch, cwd: root, prefix: repository.prefix });
    const machine = this.#engine.context.machine?.id ?? '';
    return { machine, root, commonFolder, path, branch: tree.branch, tip, attempts: loop.attempts };
  }

  async *#pieces(id: string, { pieces }: Ready): AsyncIterable<string> {
    for (let n = 0; n < pieces; n++) {
      const piece = await this.#engine.context.store.piece(id, n);
      if (piece === undefined) throw new Error('a piece of it is not in the store any more: try again');
      yield piece;
    }
  }
}
