import { InvalidArgumentError, InvalidCostError } from '../model/errors.ts';
import { isCost, toNano } from '../model/money.ts';
import { resetCircuit } from '../policy/circuitBreaker.ts';
import { recordCost } from '../steps/charge.ts';
import { holdAccount, startStale, tryAccount } from '../steps/userActions.ts';
import { mustBeText } from './arguments.ts';
import { QueueCommands } from './queueCommands.ts';

/** Accounts, circuits and money. */
export abstract class AccountCommands extends QueueCommands {
  /**
   * Ends all that holds an account or a profile, the `machine`, or what was left alone (`absence`): one loop goes
   * first, and the others follow once it works (R14.2). Returns whether anything was held.
   */
  async tryNow(account: string): Promise<boolean> {
    mustBeText('account', account);
    return this.change((unit) => tryAccount(unit, account));
  }

  /**
   * Holds an account until *Try Now*, or until that wall time (ms): its loops are parked, those that run go on (R14.4).
   */
  async hold(account: string, until?: number): Promise<void> {
    mustBeText('account', account);
    if (until !== undefined && !Number.isFinite(until))
      throw new InvalidArgumentError('until', 'must be a wall time in ms');
    await this.change((unit) => holdAccount(unit, account, until));
  }

  /** Starts what was held after an absence (R9.5). Returns whether anything was. */
  async startStale(): Promise<boolean> {
    return this.change(startStale);
  }

  /** Closes the circuit of an account by hand, or all of them (R4.3). */
  async resetCircuit(account?: string): Promise<void> {
    await this.change((unit) => {
      for (const [name, circuit] of Object.entries(unit.control.circuits))
        if (account === undefined || account === name) unit.change(name, resetCircuit(circuit));
    });
  }

  /**
   * Counts a cost in USD against a loop, its agent and today (R6.6). The same `key` counts once per loop. Resolves with
   * whether it counted. Rejects with `InvalidCostError` or `UnknownLoopError`.
   */
  async recordCost(loopId: string, usd: number, key?: string): Promise<boolean> {
    mustBeText('loopId', loopId);
    if (key !== undefined) mustBeText('key', key);
    this.lifecycle.mustBeReady();
    if (!isCost(usd)) {
      const error = new InvalidCostError(usd);
      this.context.log(error.message);
      throw error;
    }
    return this.engine.transactions.takeAndDispatch((unit) => recordCost(unit, loopId, toNano(usd), key));
  }
}
