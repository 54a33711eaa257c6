import * as vscode from 'vscode';
import type { Config } from '../settings/config.ts';

/** First steps of a new user. The walkthrough ticks them off wherever they were done. */
export type Milestone = 'sampled' | 'agentChosen' | 'submitted' | 'budgetSet';

const KEY = 'milestones';
/** The tab of VS Code that shows walkthroughs. */
const TAB = 'Welcome';

/**
 * Remembers reached milestones and exposes them to the walkthrough as context keys `loopSupervisor.done.…`, once it is
 * shown: VS Code never ticks off a step whose key was set before it had read the walkthrough.
 */
export class Milestones implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #listeners: readonly { dispose(): void }[];

  constructor(state: vscode.Memento, config: Config) {
    this.#state = state;
    const look = () => {
      if (config.hasDefaultAgent) this.reach('agentChosen');
      if (config.settings.budget.dailyLimit > 0) this.reach('budgetSet');
    };
    look();
    this.tell();
    this.#listeners = [config.onDidChange(look), vscode.window.tabGroups.onDidChangeTabs(() => this.tell())];
  }

  readonly reach = (milestone: Milestone): void => {
    const reached = this.#reached();
    if (reached.includes(milestone)) return;
    void this.#state.update(KEY, [...reached, milestone]);
    this.tell();
  };

  /** Sets the keys while the walkthrough is shown. */
  tell(): void {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    if (!tabs.some(({ label, isActive }) => isActive && label === TAB)) return;
    for (const milestone of this.#reached())
      void vscode.commands.executeCommand('setContext', `loopSupervisor.done.${milestone}`, true);
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
  }

  #reached(): readonly Milestone[] {
    return this.#state.get<readonly Milestone[]>(KEY) ?? [];
  }
}
