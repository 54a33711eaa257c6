import * as vscode from 'vscode';
import type { Config } from '../settings/config.ts';

/** First steps of a new user. The walkthrough ticks them off wherever they were done. */
export type Milestone = 'sampled' | 'agentChosen' | 'submitted' | 'budgetSet';

const KEY = 'milestones';

/** Remembers reached milestones and exposes them to the walkthrough as context keys `loopSupervisor.done.…`. */
export class Milestones implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #listener: { dispose(): void };

  constructor(state: vscode.Memento, config: Config) {
    this.#state = state;
    for (const milestone of this.#reached()) tell(milestone);
    const look = () => {
      if (config.hasDefaultAgent) this.reach('agentChosen');
      if (config.settings.budget.dailyLimit > 0) this.reach('budgetSet');
    };
    look();
    this.#listener = config.onDidChange(look);
  }

  readonly reach = (milestone: Milestone): void => {
    const reached = this.#reached();
    if (reached.includes(milestone)) return;
    void this.#state.update(KEY, [...reached, milestone]);
    tell(milestone);
  };

  dispose(): void {
    this.#listener.dispose();
  }

  #reached(): readonly Milestone[] {
    return this.#state.get<readonly Milestone[]>(KEY) ?? [];
  }
}

function tell(milestone: Milestone): void {
  void vscode.commands.executeCommand('setContext', `loopSupervisor.done.${milestone}`, true);
}
