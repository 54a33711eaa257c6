import { copyOf } from '../model/copy.ts';
import { InvalidArgumentError, InvalidLoopError } from '../model/errors.ts';
import type { Look } from '../model/looks.ts';
import { isActive, isFinished, type Loop } from '../model/loop.ts';
import type { ContinueOptions, LoopSpec, RetryOptions } from '../model/loopSpec.ts';
import { isCost, type NanoUsd, toNano } from '../model/money.ts';
import type { SweptProcess } from '../model/processIdentity.ts';
import type { GivenAnswer } from '../model/question.ts';
import { signalNamed } from '../model/signals.ts';
import type { SubmitResult } from '../model/status.ts';
import type { OwnWorkTree } from '../model/workTree.ts';
import { ruleProblem } from '../policy/permissionRules.ts';
import type { StatedRead } from '../ports/store.ts';
import { endSpared } from '../runtime/endSpared.ts';
import type { FetchedOutput, RunRef } from '../runtime/fetchedLogs.ts';
import { forgetPlan, planElsewhere, planWorkTree } from '../runtime/planWorkTree.ts';
import { cancel, cancelAll, signalGroup } from '../runtime/stopCommands.ts';
import { lookAgain, treatAsEnded } from '../runtime/unconfirmedEnds.ts';
import type { WorkTreeActions } from '../runtime/workTreeActions.ts';
import type { UnitOfWork } from '../state/unitOfWork.ts';
import { checkFollowUp, checkSpec, rejectionEvents } from '../steps/admission.ts';
import { renameLoop } from '../steps/edit.ts';
import { answer } from '../steps/questions.ts';
import { acceptAsIs, continueLoop } from '../steps/roundActions.ts';
import { admit, readmit, submitResult, type WorkPlan } from '../steps/submit.ts';
import { claimLoop, clearFailed, restartNow } from '../steps/userActions.ts';
import { mustBeText, quote } from './arguments.ts';
import { SupervisorViews } from './supervisorViews.ts';

/** What its user and its callers do with one loop, or with all of them. */
export abstract class LoopCommands extends SupervisorViews {
  /**
   * Takes a loop (R1). Rejects with the typed error of the first check that fails, fires `loop:rejected`, and leaves no
   * trace of it.
   */
  async submit(spec: LoopSpec): Promise<SubmitResult> {
    const plans: OwnWorkTree[] = [];
    const admission = () => {
      const checked = checkSpec(spec, this.context);
      const take = (plan?: WorkPlan) => (unit: UnitOfWork) => admit(unit, checked, this.engine, plan);
      if (checked.isolation === 'folder') return take();
      if (checked.machine !== undefined) return planElsewhere(this.context, checked).then(take);
      return planWorkTree(this.context, checked).then((workTree) => {
        plans.push(workTree);
        return take({ workTree });
      });
    };
    try {
      return await this.#admit(idIn(spec), admission);
    } catch (error) {
      // What was kept for it is of no use any more; should that fail, it is only disk space.
      for (const plan of plans) await forgetPlan(this.context, plan).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Admits a permanently failed loop again, its restarts cleared, with a new cap in USD if one is given (R5.5). Rejects
   * like `submit`, and then nothing has changed.
   */
  async retry(loopId: string, { maxCostUsd }: RetryOptions = {}): Promise<SubmitResult> {
    mustBeText('loopId', loopId);
    return this.#admit(loopId, () => {
      const cap = capOf(maxCostUsd);
      return (unit) => readmit(unit, loopId, this.engine.ownership, cap === undefined ? {} : { maxCost: cap });
    });
  }

  /**
   * Ends a loop for good (R7.2). Resolves, once the stop is on record and under way, with whether there was such a live
   * loop.
   */
  async cancel(loopId: string): Promise<boolean> {
    mustBeText('loopId', loopId);
    this.lifecycle.mustBeOpen();
    return cancel(this.engine, loopId);
  }

  /**
   * Sends just one signal to a loop's process group and says whether it was delivered (R7.3). One that is meant to end
   * it (SIGTERM, SIGINT, SIGKILL, SIGHUP, SIGQUIT) is the user's stop: recorded first, never restarted.
   */
  async killProcessGroup(loopId: string, signal = 'SIGTERM'): Promise<boolean> {
    mustBeText('loopId', loopId);
    const name = signalNamed(signal);
    if (name === undefined)
      throw new InvalidArgumentError('signal', `must be the name of a signal such as SIGTERM, but is ${quote(signal)}`);
    this.lifecycle.mustBeOpen();
    return signalGroup(this.engine, loopId, name);
  }

  /**
   * Ends every live loop for good. Resolves with how many. Those that run are stopped even while the store cannot be
   * written (R7.2).
   */
  async stopAll(): Promise<number> {
    this.lifecycle.mustBeOpen();
    return cancelAll(this.engine);
  }

  /**
   * Ends the present attempt, or the wait, and starts the loop anew without using up a restart. Returns whether there
   * was one.
   */
  async restartNow(loopId: string): Promise<boolean> {
    return this.change((unit) => restartNow(unit, loopId));
  }

  /** Lets a silent run have its deadlines anew. Returns whether this window follows it. */
  keepWaiting(loopId: string): boolean {
    const loop = this.engine.liveState.find(loopId);
    const run = loop && isActive(loop) ? this.engine.runs.of(loop) : undefined;
    run?.keepWaiting();
    return run !== undefined;
  }

  /**
   * Lets a loop go on although processes of its last attempt may still live (R3.1): one that failed or was interrupted
   * goes back to the queue. Rejects with `WrongStateError` if its end is not in doubt.
   */
  async treatAsEnded(loopId: string): Promise<void> {
    this.lifecycle.mustBeReady();
    return treatAsEnded(this.engine, loopId);
  }

  /**
   * Looks for the processes of such a loop again. If they are gone it goes on; otherwise nothing changes, and the
   * result names them or says why they cannot be seen. Rejects with `WrongStateError` if its end is not in doubt.
   */
  async lookAgain(loopId: string): Promise<Look<readonly SweptProcess[]>> {
    this.lifecycle.mustBeReady();
    return lookAgain(this.engine, loopId);
  }

  /**
   * Answers what a loop's agent asks, once (R17.1): the first answer stands, wherever it is given. Rejects with
   * `UnknownLoopError`, with `WrongStateError` where it does not ask that, or has been answered, and with
   * `InvalidArgumentError` for a choice that is not offered, a rule that is none, or an inquiry without a reply.
   */
  async answer(loopId: string, given: GivenAnswer): Promise<void> {
    mustBeText('loopId', loopId);
    mustBeText('choice', given?.choice);
    const problem = given.rule === undefined ? undefined : ruleProblem(given.rule);
    if (problem !== undefined) throw new InvalidArgumentError('rule', problem);
    const copied = copyOf(given);
    await this.change((unit) => answer(unit, loopId, copied));
  }

  /**
   * Lets a loop go on that has used up its own cap or has reached a bound of its rounds: with as much again, or with
   * the cap that is given (R6.8, R11.3). Rejects with a `WrongStateError` where it does not wait for that, and with an
   * `InvalidLoopError` where the cap is no more than the loop has cost.
   */
  async continueLoop(loopId: string, { maxCostUsd }: ContinueOptions = {}): Promise<void> {
    mustBeText('loopId', loopId);
    const cap = capOf(maxCostUsd);
    await this.change((unit) => continueLoop(unit, loopId, cap));
  }

  /** Completes a loop at a bound of its rounds, though its check does not pass (R11.3). Rejects like `continueLoop`. */
  async acceptAsIs(loopId: string): Promise<void> {
    await this.change((unit) => acceptAsIs(unit, loopId));
  }

  /**
   * Has a finished loop go on with a further prompt, in its session, work tree and folder (R12.5). Rejects like
   * `retry`, and then nothing has changed.
   */
  async continueWith(loopId: string, prompt: string): Promise<SubmitResult> {
    mustBeText('loopId', loopId);
    return this.#admit(loopId, () => {
      const followUp = checkFollowUp(prompt);
      return (unit) => readmit(unit, loopId, this.engine.ownership, { followUp });
    });
  }

  /** What loops have changed, and bringing it home (R12). */
  async workTrees(): Promise<WorkTreeActions> {
    this.lifecycle.mustBeReady();
    const { WorkTreeActions } = await import('../runtime/workTreeActions.ts');
    return new WorkTreeActions(this.engine);
  }

  /**
   * Brings the copy here of what a run of another machine has written up to date, by one piece (R16.8). To be called
   * again until it is complete, or for as long as somebody watches. Rejects with `WrongStateError`, which says why,
   * where it cannot be had, such as from a machine that is offline.
   */
  async fetchOutput(run: RunRef): Promise<FetchedOutput> {
    this.lifecycle.mustBeReady();
    const { fetchOutput } = await import('../runtime/workTreeActions.ts');
    return fetchOutput(this.engine, run);
  }

  /** Where the copies are that `fetchOutput` makes: absolute paths. Undefined on a store of one machine. */
  copiedOutput(token: string): { readonly out: string; readonly err: string } | undefined {
    return this.context.runLogs?.pathsOf(token);
  }

  /** Makes a waiting loop of another window this window's, which then starts it. Returns whether there was one. */
  async takeOver(loopId: string): Promise<boolean> {
    return this.change((unit) => claimLoop(unit, loopId));
  }

  /** Dismisses a permanently failed loop, so that its id may be used again. Returns whether it was one. */
  async clearFailed(loopId: string): Promise<boolean> {
    this.lifecycle.mustBeReady();
    return this.engine.transactions.take((unit) => clearFailed(unit, loopId), [['latest', loopId]]);
  }

  /**
   * Gives the latest loop of that id another title; an empty one is the first line of its prompt. With `seq`: only if
   * it is that very loop.
   */
  async rename(loopId: string, title: string, seq?: number): Promise<void> {
    this.lifecycle.mustBeReady();
    await this.engine.transactions.take((unit) => renameLoop(unit, loopId, seq, title), [['latest', loopId]]);
  }

  /** Removes all finished loops with their logs, the permanently failed ones included. Resolves with how many. */
  async clearFinished(): Promise<number> {
    this.lifecycle.mustBeReady();
    return this.retention.clear();
  }

  /**
   * Removes one finished loop with its logs: the latest of that id, or with `seq` that one. Returns whether it was
   * removed.
   */
  async removeFinished(loopId: string, seq?: number): Promise<boolean> {
    this.lifecycle.mustBeReady();
    const loop = await this.find(loopId, seq);
    if (!loop || !isFinished(loop)) return false;
    // It may have been admitted again, or been removed, just before.
    return (await this.retention.remove([loop.seq])) > 0;
  }

  /**
   * Ends a process that was kept when the latest loop of that id ended, or with `seq` that one (R7.4). Resolves with
   * whether it was there.
   */
  async endSpared(loopId: string, pid: number, seq?: number): Promise<boolean> {
    this.lifecycle.mustBeReady();
    return endSpared(this.engine, loopId, pid, seq);
  }

  /** One transaction of the user's, with what it makes room for (R3.3). */
  protected async change<T>(work: (unit: UnitOfWork) => T): Promise<T> {
    this.lifecycle.mustBeReady();
    return this.engine.transactions.takeAndDispatch(work);
  }

  /**
   * Admits a loop in one transaction; a refusal leaves no trace but its event (R1.2). `check` refuses what needs no
   * transaction.
   */
  async #admit(loopId: string, check: () => Admission | Promise<Admission>): Promise<SubmitResult> {
    const { transactions, listeners, ownership } = this.engine;
    const result = (unit: UnitOfWork, admitted: ReturnType<typeof admit>) => submitResult(unit, admitted, ownership);
    try {
      this.lifecycle.mustBeReady();
      const checked = check();
      // What needs no look at the outside keeps its place among the calls of the same moment.
      const take = checked instanceof Promise ? await checked : checked;
      this.lifecycle.mustTakeWork();
      const reads: StatedRead[] = loopId === '' ? [] : [['latest', loopId]];
      return await transactions.takeAndDispatch(take, result, reads);
    } catch (error) {
      for (const event of rejectionEvents(loopId, error, this.context)) listeners.report(event);
      throw error;
    }
  }
}

/** Takes a loop into the queue, or throws why not. */
type Admission = (unit: UnitOfWork) => Pick<Loop, 'seq' | 'loopId'>;

/** The id of a spec, as far as there is one: a rejected submit is reported with it. */
function idIn(spec: LoopSpec | undefined): string {
  return typeof spec?.loopId === 'string' ? spec.loopId : '';
}

/** A loop's own cap. Throws an `InvalidLoopError` for what is none. */
function capOf(maxCostUsd: number | undefined): NanoUsd | undefined {
  if (maxCostUsd === undefined) return undefined;
  if (isCost(maxCostUsd) && maxCostUsd > 0) return toNano(maxCostUsd);
  throw new InvalidLoopError('maxCostUsd', `must be a finite number of USD above 0, but is ${maxCostUsd}`);
}
