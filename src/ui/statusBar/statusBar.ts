import * as vscode from 'vscode';
import { type Loop, needsUser } from '../../core/model/loop.ts';
import { openQuestions } from '../../core/model/question.ts';
import type { LiveView, Status } from '../../core/model/status.ts';
import { localDay } from '../text/today.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { Pulse } from '../window/pulse.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { budgetText, circuitText, type Glance, type StatusText, type TodaySpend } from './statusBarText.ts';

/** Loops that the hover names. */
const LOOPS_NAMED = 8;
/** Of the loops that ended today, the latest that are asked whether they named all of their cost. */
const LOOPS_COUNTED = 200;

type StatusBarDeps = UiDeps & Pick<ViewDeps, 'profile'>;

/** Status-bar items for what runs and what it costs. Runs a timer only while a pause counts down. */
export class StatusBar implements vscode.Disposable {
  readonly #deps: StatusBarDeps;
  readonly #circuit = item('circuit', 'Loop Supervisor: Loops', 101, 'showCircuit');
  readonly #budget = item('budget', 'Loop Supervisor: Budget', 100, 'showBudget');
  readonly #subscription: { dispose(): void };
  #countdown: NodeJS.Timeout | undefined;
  #today: TodaySpend = { agents: [], loops: [] };
  /** The spend at which `#today` was read. */
  #todayFor = '';

  constructor(deps: StatusBarDeps, pulse: Pulse) {
    this.#deps = deps;
    this.#subscription = pulse.onBeat((status) => this.#show(status));
    this.#show(deps.host.status());
    this.#circuit.show();
    this.#budget.show();
  }

  dispose(): void {
    clearTimeout(this.#countdown);
    this.#subscription.dispose();
    this.#circuit.dispose();
    this.#budget.dispose();
  }

  #show(status: Status): void {
    const now = Date.now();
    this.#showCircuit(status, now);
    this.#paintBudget(status, now);
    this.#readToday(status, now).catch((error: unknown) =>
      this.#deps.log.debug(`Today's spend could not be read: ${error}`),
    );
  }

  #paintBudget(status: Status, now: number): void {
    paint(this.#budget, budgetText(status, this.#deps.settings().budget.warnAtPercent, this.#today, now));
  }

  #showCircuit(status: Status, now: number): void {
    paint(this.#circuit, circuitText(status, this.#glance(), now));
    clearTimeout(this.#countdown);
    if (status.ready && status.circuitState === 'open') {
      this.#countdown = setTimeout(() => this.#showCircuit(this.#deps.host.status(0), Date.now()), 1000);
    }
  }

  #glance(): Glance {
    const { current, state } = this.#deps.host;
    const views = current?.live(0) ?? [];
    const isAsking = ({ loop, activity }: LiveView) =>
      activity?.asking !== undefined ||
      openQuestions(loop).length > 0 ||
      (needsUser(loop) && (loop.need === 'question' || loop.need === 'answer'));
    const asking = views.filter(isAsking).length;
    const needing = views.filter((view) => needsUser(view.loop) && !isAsking(view)).length;
    return { host: state.kind, queued: current?.queueLength ?? 0, asking, needing };
  }

  /** Reads and shows today's spend when it has changed. */
  async #readToday(status: Status, now: number): Promise<void> {
    const { current } = this.#deps.host;
    if (!current || !status.ready) return;
    const day = localDay(now);
    const key = `${day} ${status.budget.spent} ${status.budget.unknown} ${current.finishedCount().total}`;
    if (key === this.#todayFor) return;
    this.#todayFor = key;
    try {
      const from = new Date(now).setHours(0, 0, 0, 0);
      const [agents, loops, ended] = await Promise.all([
        current.spend(day),
        current.spendToday(LOOPS_NAMED),
        current.finished({ from, limit: LOOPS_COUNTED }),
      ]);
      if (key !== this.#todayFor) return;
      // The demo agent costs play money.
      const isUnnamed = ({ costAtLeast = false, agent }: Loop) => costAtLeast && !this.#deps.profile(agent)?.isDemo;
      this.#today = { agents, loops, unnamed: ended.filter(isUnnamed).length };
    } catch (error) {
      this.#todayFor = '';
      throw error;
    }
    this.#paintBudget(this.#deps.host.status(), Date.now());
  }
}

function item(id: string, name: string, priority: number, command: string): vscode.StatusBarItem {
  const created = vscode.window.createStatusBarItem(`loopSupervisor.${id}`, vscode.StatusBarAlignment.Left, priority);
  created.name = name;
  created.command = `loopSupervisor.${command}`;
  return created;
}

const BACKGROUNDS = {
  plain: undefined,
  warning: 'statusBarItem.warningBackground',
  error: 'statusBarItem.errorBackground',
} as const;

function paint(target: vscode.StatusBarItem, { text, spoken, tooltip, level }: StatusText): void {
  const background = BACKGROUNDS[level];
  target.text = text;
  target.accessibilityInformation = { label: spoken, role: 'button' };
  target.backgroundColor = background ? new vscode.ThemeColor(background) : undefined;
  // Foreign text is escaped, and the string is untrusted, so that it cannot contain commands.
  target.tooltip = new vscode.MarkdownString(tooltip);
}
