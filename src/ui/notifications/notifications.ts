import * as vscode from 'vscode';
import type { SupervisorEvent } from '../../core/model/event.ts';
import type { Config } from '../settings/config.ts';
import { proofWords } from '../text/proofWords.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { type Notice, type NoticeKind, noticeKind, noticeOf } from './notificationTexts.ts';

/** How long (ms) notices of one kind gather before the first is shown. */
const GATHER_MS = 1000;
/** How long (ms) they gather before the next one: a busy hour is no hail of messages. */
const GAP_MS = 10_000;
/** Events kept of a burst: what is named and counted. */
const KEPT = 1000;

const OFF = 'Don’t Show Again';

/** The button of a message and what it runs, given the loops of the message. */
interface Button {
  readonly title: string;
  readonly command: string;
  /** Whether the command takes the loops. */
  readonly onLoops?: boolean;
}

const SHOW_LOOPS: Button = { title: 'Show Loops', command: 'loopSupervisor.loops.focus' };
const SHOW_OUTPUT: Button = { title: 'Show Output', command: 'loopSupervisor.showOutput', onLoops: true };
const SHOW_LOOP: Button = { title: 'Show Loop', command: 'loopSupervisor.revealLoop', onLoops: true };

/** How a kind is shown: how loud, and with which buttons for one loop and for several. `optional`: the user can turn it off. */
const STYLES: {
  readonly [kind in NoticeKind]: {
    readonly show: 'info' | 'warn' | 'error';
    readonly one: readonly Button[];
    readonly many: readonly Button[];
    readonly optional: boolean;
  };
} = {
  completion: { show: 'info', one: [SHOW_OUTPUT, SHOW_LOOP], many: [SHOW_LOOPS], optional: true },
  failure: {
    show: 'error',
    one: [{ title: 'Retry', command: 'loopSupervisor.retry', onLoops: true }, SHOW_OUTPUT],
    many: [SHOW_LOOPS],
    optional: true,
  },
  waiting: { show: 'info', one: [SHOW_LOOP], many: [SHOW_LOOPS], optional: true },
  silence: {
    show: 'warn',
    one: [
      { title: 'Keep Waiting', command: 'loopSupervisor.keepWaiting', onLoops: true },
      SHOW_OUTPUT,
      { title: 'Restart', command: 'loopSupervisor.restart', onLoops: true },
    ],
    many: [{ title: 'Keep Waiting', command: 'loopSupervisor.keepWaiting', onLoops: true }, SHOW_LOOPS],
    optional: false,
  },
  circuit: {
    show: 'error',
    one: [],
    many: [
      { title: 'Reset Circuit', command: 'loopSupervisor.resetCircuit' },
      { title: 'Show Circuit', command: 'loopSupervisor.showCircuit' },
    ],
    optional: false,
  },
  budget: {
    show: 'warn',
    one: [],
    many: [
      { title: 'Raise Limit', command: 'loopSupervisor.setDailyBudget' },
      { title: 'Show Budget', command: 'loopSupervisor.showBudget' },
    ],
    optional: false,
  },
};

/** Tells people what they should know of this window's loops: bursts in one message, each with a way to the loop. */
export class Notifications implements vscode.Disposable {
  readonly #deps: UiDeps;
  readonly #config: Config;
  readonly #gathered = new Map<NoticeKind, SupervisorEvent[]>();
  readonly #timers = new Map<NoticeKind, NodeJS.Timeout>();
  readonly #subscription: { dispose(): void };

  constructor(deps: UiDeps, config: Config) {
    this.#deps = deps;
    this.#config = config;
    this.#subscription = deps.host.onEvent((event) => this.#take(event));
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #take(event: SupervisorEvent): void {
    const kind = noticeKind(event);
    if (!kind || !this.#isWanted(kind)) return;
    const gathered = this.#gathered.get(kind) ?? [];
    this.#gathered.set(kind, gathered);
    if (gathered.length < KEPT) gathered.push(event);
    if (!this.#timers.has(kind)) this.#wait(kind, GATHER_MS);
  }

  #isWanted(kind: NoticeKind): boolean {
    if (!STYLES[kind].optional) return true;
    const when = this.#config.noticeWhen(kind);
    return when === 'always' || (when === 'unfocused' && !vscode.window.state.focused);
  }

  #wait(kind: NoticeKind, ms: number): void {
    this.#timers.set(
      kind,
      setTimeout(() => {
        this.#timers.delete(kind);
        const events = this.#gathered.get(kind);
        this.#gathered.delete(kind);
        if (!events) return;
        this.#wait(kind, GAP_MS);
        void this.#showOf(kind, events);
      }, ms),
    );
  }

  async #showOf(kind: NoticeKind, events: readonly SupervisorEvent[]): Promise<void> {
    const loopIds = new Set(events.flatMap((event) => ('loopId' in event ? [event.loopId] : [])));
    const titles = new Map(await Promise.all([...loopIds].map(async (id) => [id, await this.#titleOf(id)] as const)));
    const [only] = loopIds;
    const proof = kind === 'completion' && loopIds.size === 1 && only !== undefined && (await this.#proofOf(only));
    const titleOf = (loopId: string) => titles.get(loopId) ?? loopId;
    const notice = noticeOf(kind, events, titleOf, Date.now(), () => proof || undefined);
    if (notice) await this.#show(kind, notice);
  }

  async #titleOf(loopId: string): Promise<string> {
    try {
      return (await this.#deps.host.current?.find(loopId))?.title || loopId;
    } catch (error) {
      this.#deps.log.debug(`The title of ${loopId} could not be read: ${error}`);
      return loopId;
    }
  }

  async #proofOf(loopId: string): Promise<string | undefined> {
    try {
      const detail = await this.#deps.host.current?.get(loopId);
      return detail && proofWords(detail);
    } catch (error) {
      this.#deps.log.debug(`The checks of ${loopId} could not be read: ${error}`);
      return undefined;
    }
  }

  async #show(kind: NoticeKind, { message, loopIds }: Notice): Promise<void> {
    const { show, one, many, optional } = STYLES[kind];
    const buttons = loopIds.length === 1 && one.length > 0 ? one : many;
    const titles = [...buttons.map(({ title }) => title), ...(optional ? [OFF] : [])];
    const { showInformationMessage, showWarningMessage, showErrorMessage } = vscode.window;
    const answer = await { info: showInformationMessage, warn: showWarningMessage, error: showErrorMessage }[show](
      message,
      ...titles,
    );
    if (answer === OFF) await this.#config.set(`notifications.${kind}`, 'off');
    const button = buttons.find(({ title }) => title === answer);
    if (button)
      await vscode.commands.executeCommand(
        button.command,
        ...(button.onLoops ? [loopIds.length === 1 ? loopIds[0] : loopIds] : []),
      );
  }
}
