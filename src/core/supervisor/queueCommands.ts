import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { isFinished } from '../model/loop.ts';
import type { LoopEdit } from '../model/loopSpec.ts';
import { checkSpec } from '../steps/admission.ts';
import { editLoop } from '../steps/edit.ts';
import { moveBefore, moveToEnd, setPriority } from '../steps/reorder.ts';
import { undoCancel, wasStopped } from '../steps/undoCancel.ts';
import { setPaused } from '../steps/userActions.ts';
import { editedSpec } from './editedSpec.ts';
import { LoopCommands } from './loopCommands.ts';

/** What its user changes of the queue and of what waits in it. */
export abstract class QueueCommands extends LoopCommands {
  /** Queued loops wait until `resume`; running ones go on, and submits still queue (R2.4). */
  async pause(): Promise<void> {
    await this.change((unit) => setPaused(unit, true));
  }

  /** Queued loops start again as far as there is room (R2.4). */
  async resume(): Promise<void> {
    await this.change((unit) => setPaused(unit, false));
  }

  /** Gives a queued loop another priority. Resolves with its new 1-based position (R2.3). */
  async setPriority(loopId: string, priority: number): Promise<number> {
    this.lifecycle.mustBeReady();
    if (!Number.isInteger(priority))
      throw new WrongStateError(loopId, `cannot have the priority ${priority}: it must be a finite integer`);
    return this.engine.transactions.takeAndDispatch((unit) => setPriority(unit, loopId, priority));
  }

  /**
   * Puts a queued loop before another, with that one's priority; to the very front if none is named. Returns its
   * position.
   */
  async moveBefore(loopId: string, beforeLoopId: string | undefined): Promise<number> {
    return this.change((unit) => moveBefore(unit, loopId, beforeLoopId));
  }

  /** Puts a queued loop behind all others, with the priority of the last one. Returns its position. */
  async moveToEnd(loopId: string): Promise<number> {
    return this.change((unit) => moveToEnd(unit, loopId));
  }

  /**
   * Changes a queued loop that has not started (R2.6); returns its 1-based position. Rejects like `submit`, and then
   * nothing has changed.
   */
  async edit(loopId: string, changes: LoopEdit): Promise<number> {
    this.lifecycle.mustBeReady();
    const before = await this.get(loopId);
    if (!before) throw new UnknownLoopError(loopId);
    const checked = checkSpec(editedSpec(before, changes), this.context);
    return this.engine.transactions.takeAndDispatch((unit) => editLoop(unit, checked, changes));
  }

  /**
   * Puts a loop back that was cancelled a short while ago, while it held no process (R2.7). Returns its 1-based
   * position in the queue.
   */
  async undoCancel(loopId: string): Promise<number> {
    this.lifecycle.mustBeReady();
    const { store } = this.context;
    const loop = await this.find(loopId);
    if (!loop) throw new UnknownLoopError(loopId);
    if (!isFinished(loop) || wasStopped(await store.history(loop.seq)))
      throw new WrongStateError(
        loopId,
        `cannot be put back: ${isFinished(loop) ? 'its run was stopped' : 'it is not cancelled'}`,
      );
    return this.engine.transactions.takeAndDispatch((unit) => undoCancel(unit, loop));
  }
}
