import { InvalidArgumentError } from './model/errors.ts';
import type { Doubts, Settings } from './model/settings.ts';
import type { AgentCatalog } from './ports/agents.ts';
import type { StatedRead } from './ports/store.ts';
import { type SupervisorWindow, useStoredSettings } from './state/context.ts';
import { saveLease } from './steps/leases.ts';
import { tryNewProfiles } from './steps/profileHolds.ts';
import { applySettings, dropKeptSetting, shareOwnSetting } from './steps/storeSettings.ts';
import { AccountCommands } from './supervisor/accountCommands.ts';
import { quote } from './supervisor/arguments.ts';

/**
 * Governs headless agents: a bounded queue, one cap, restart intensity, a circuit breaker and a daily budget, over all
 * windows that share its store. Every method that changes something is one transaction and rejects with a
 * `SupervisorError`; then nothing has changed.
 */
export class Supervisor extends AccountCommands {
  /** Registers the window, takes over what gone windows have left, and begins to dispatch. */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /**
   * Takes new settings: what they allow starts at once (R3.3), and a limit below what is spent is acted on (R6.5).
   * `doubts`: those that could not be read or are not set, for which stored values may hold (R6.9).
   */
  configure(settings: Settings, doubts: Doubts = {}): void {
    const before = this.context.settings;
    this.context.read = { settings, doubts };
    useStoredSettings(this.context, this.engine.liveState.control.settings);
    this.engine.clones.look();
    this.engine.branchPushes.look();
    this.lifecycle.retryUntilApplied(
      (unit) => applySettings(unit, before),
      'The new settings could not be applied to the queue yet',
    );
  }

  /** The user lets such a setting go: its default holds. Returns whether it was one. */
  async dropKeptSetting(setting: string): Promise<boolean> {
    return this.change((unit) => dropKeptSetting(unit, setting));
  }

  /** The user makes this machine's value of such a bound that of all machines. Returns whether it differed. */
  async shareOwnSetting(setting: string): Promise<boolean> {
    return this.change((unit) => shareOwnSetting(unit, setting));
  }

  /** Takes new agent profiles. Running attempts keep theirs. */
  useAgents(agents: AgentCatalog): void {
    this.context.agents = agents;
    // Other accounts may stand behind the same names, with holds of their own.
    this.engine.liveState.lanes.relane();
    this.lifecycle.retryUntilApplied(tryNewProfiles, 'The new agents could not be applied to the queue yet');
  }

  /** The window's folders have changed. */
  useFolders(folders: SupervisorWindow['folders']): void {
    this.context.window = { ...this.context.window, folders };
    this.lifecycle.retryUntilApplied(saveLease, 'The change of folders could not be recorded yet');
  }

  /**
   * Claims what one host should do for all, such as showing a notice (R10.2). Resolves with those of these keys that
   * nobody has claimed within the last day.
   */
  claim(keys: readonly string[]): Promise<string[]> {
    const reads: StatedRead[] = keys.map((key) => ['claimed', key]);
    return this.context.store.write((tx) => {
      const free = keys.filter((key) => !tx.claimed(key));
      for (const key of free) tx.claim(key);
      return free;
    }, reads);
  }

  /**
   * Stops this window's work for good (R9.1): nothing new is taken or started, its running attempts are stopped within
   * `timeoutMs` (ms) and return to the queue. Resolves when that is done; the object takes no work afterwards.
   */
  async shutdown(timeoutMs = 30_000): Promise<void> {
    if (typeof timeoutMs !== 'number')
      throw new InvalidArgumentError('timeoutMs', `must be a number of ms, but is ${quote(timeoutMs)}`);
    return this.lifecycle.shutdown(timeoutMs);
  }

  /**
   * The window goes: its lease is released, its loops live on (R9.2). With `onWindowClose: stop` they end unless a
   * window with their folder comes.
   */
  release(): Promise<void> {
    return this.lifecycle.release();
  }

  /**
   * Ends this host's work if nothing goes on without a person, in one transaction with that look (R15.1). Resolves with
   * whether it has.
   */
  releaseIfIdle(): Promise<boolean> {
    return this.lifecycle.releaseIfIdle();
  }

  /** Lets go of everything without a word, as a crash would: the lease ends with the process, the runs go on. */
  dispose(): void {
    this.lifecycle.dispose();
  }
}
