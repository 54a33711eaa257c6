import * as vscode from 'vscode';
import type { SupervisorEvent } from '../../core/model/event.ts';
import { type Loop, needsUser } from '../../core/model/loop.ts';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import { asksForMore, isAtRoundBound } from '../../core/model/needs.ts';
import { openQuestions } from '../../core/model/question.ts';
import type { Config } from '../settings/config.ts';
import { lastWordsOf, proofWords } from '../text/proofWords.ts';
import { oneLine } from '../text/safeText.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { HeadlessParts } from '../window/background.ts';
import { claimEvents, EventTurns, isOwn } from '../window/eventClaims.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { whenReady } from '../window/whenReady.ts';
import { type Absent, absenceSummary } from './absence.ts';
import { answersFor, type Button, CONTINUE, NOTICE_STYLES, SHOW_FAILED, SHOW_LOOPS } from './notificationButtons.ts';
import { type Notice, type NoticeKind, noticeKind, noticeOf, type Result } from './notificationTexts.ts';
import { Presence } from './presence.ts';

/** How long (ms) notices of one kind are collected before the first is shown. */
const GATHER_MS = 1000;
/** How long (ms) until the next one, so that a busy hour does not flood the user. */
const GAP_MS = 10_000;
/** Events kept of a burst. */
const KEPT = 1000;

const OFF = 'Don’t Show Again';

/** What notifications need. */
export interface NotificationDeps extends UiDeps, Pick<ViewDeps, 'profile'> {
  headless(): Promise<Pick<HeadlessParts, 'takeAlone'>>;
}

/** Loops that are visible in a panel need no message. */
export interface VisibleLoops {
  isVisible(seq: number): boolean;
}

/**
 * Notifies the user: bursts in one message, each with buttons that lead to the loop. One window shows it for all
 * (R10.2).
 */
export class Notifications implements vscode.Disposable {
  readonly #deps: NotificationDeps;
  #hasSummarized = false;
  readonly #config: Config;
  readonly #visible: VisibleLoops;
  readonly #presence: Presence;
  readonly #gathered = new Map<NoticeKind, SupervisorEvent[]>();
  readonly #timers = new Map<NoticeKind, NodeJS.Timeout>();
  readonly #turns: EventTurns;
  readonly #subscription: { dispose(): void };

  constructor(deps: NotificationDeps, config: Config, visible: VisibleLoops) {
    this.#deps = deps;
    this.#config = config;
    this.#visible = visible;
    this.#presence = new Presence(deps.context.globalState, (since) => void this.#summarize(since, 'you were away'));
    const opened = deps.host.onDidChangeState(({ kind }) => {
      if (kind !== 'ready') return;
      opened.dispose();
      void this.#tellOfHost();
    });
    this.#turns = new EventTurns(deps.host);
    this.#subscription = deps.host.onEvent((event) => this.#take(event));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#presence.dispose();
    this.#turns.dispose();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #take(event: SupervisorEvent): void {
    const kind = noticeKind(event);
    if (!kind) return;
    if (this.#isWanted(kind)) this.#turns.take(event, () => this.#gather(kind, event));
    // What this window's user does not want to see, other windows leave out too.
    else if (isOwn(this.#deps.host, event)) void claimEvents(this.#deps.host, 'notice', [event]);
  }

  #gather(kind: NoticeKind, event: SupervisorEvent): void {
    const gathered = this.#gathered.get(kind) ?? [];
    this.#gathered.set(kind, gathered);
    if (gathered.length < KEPT) gathered.push(event);
    if (!this.#timers.has(kind)) this.#wait(kind, GATHER_MS);
  }

  #isWanted(kind: NoticeKind): boolean {
    if (!NOTICE_STYLES[kind].optional) return true;
    const when = this.#config.noticeWhen(kind);
    return when === 'always' || (when === 'unfocused' && !vscode.window.state.focused);
  }

  #wait(kind: NoticeKind, ms: number): void {
    this.#timers.set(
      kind,
      setTimeout(() => {
        this.#timers.delete(kind);
        const events = this.#gathered.get(kind);
        if (!events) return;
        this.#wait(kind, GAP_MS);
        // The user is away: it waits for the return, or for the summary.
        if (this.#presence.isAway) return;
        this.#gathered.delete(kind);
        void this.#showOf(kind, events);
      }, ms),
    );
  }

  async #showOf(kind: NoticeKind, gathered: readonly SupervisorEvent[]): Promise<void> {
    const events = await claimEvents(this.#deps.host, 'notice', gathered);
    const ids = new Set(events.flatMap((event) => ('loopId' in event && event.loopId ? [event.loopId] : [])));
    const loops = new Map(await Promise.all([...ids].map(async (id) => [id, await this.#find(id)] as const)));
    const inFront = (event: SupervisorEvent): boolean => {
      const seq = 'loopId' in event && event.loopId ? loops.get(event.loopId)?.seq : undefined;
      return (
        NOTICE_STYLES[kind].optional && seq !== undefined && vscode.window.state.focused && this.#visible.isVisible(seq)
      );
    };
    const news = events.filter((event) => !inFront(event));
    const titleOf = (loopId: string) => loops.get(loopId)?.title || loopId;
    const [only] = ids;
    const detail =
      kind === 'completion' && ids.size === 1 && only !== undefined ? await this.#detailOf(only) : undefined;
    const notice = noticeOf(kind, news, titleOf, Date.now(), () => detail && resultOf(detail));
    const [loop] = loops.values();
    const canContinue = loop !== undefined && loops.size === 1 && (asksForMore(loop) || isAtRoundBound(loop));
    const asks = kind === 'question' && only !== undefined ? answersFor(news, loop) : [];
    const more = kind === 'waiting' && canContinue ? [CONTINUE] : asks;
    if (notice) await this.#show(kind, notice, more);
  }

  async #find(loopId: string): Promise<Loop | undefined> {
    try {
      return await this.#deps.host.current?.find(loopId);
    } catch (error) {
      this.#deps.log.debug(`The title of ${loopId} could not be read: ${error}`);
      return undefined;
    }
  }

  /** Says once, in one window, what the headless host did while no window was open (R9.5, R15.1). */
  async #tellOfHost(): Promise<void> {
    try {
      const supervisor = await this.#deps.host.ready();
      const since = (await this.#deps.headless()).takeAlone();
      if (since === undefined || (await supervisor.claim([`alone ${since}`])).length === 0) return;
      // A longer absence of the user has a summary of its own.
      if (!this.#hasSummarized) await this.#summarize(since, 'no window was open');
    } catch (error) {
      this.#deps.log.debug(`What the headless host did could not be read: ${error}`);
    }
  }

  /** Shows one summary of an absence instead of the notices collected meanwhile. */
  async #summarize(since: number, absent: Absent): Promise<void> {
    this.#gathered.clear();
    this.#hasSummarized = true;
    try {
      // At the start of a window the store is still to be opened.
      const supervisor = await whenReady(this.#deps.host);
      // One window says it for all (R10.2).
      if ((await supervisor.claim([`absence ${since}`])).length === 0) return;
      const finished = await supervisor.finished({ from: since, limit: KEPT });
      const needYou = supervisor.live(0).filter(({ loop }) => needsUser(loop) || openQuestions(loop).length > 0).length;
      const isDemo = (agent: string) => this.#deps.profile(agent)?.isDemo ?? false;
      const message = absenceSummary({ finished, needYou, isDemo }, since, Date.now(), absent);
      if (message === undefined) return;
      const failed = finished.some(({ state }) => state === 'failed');
      const buttons = [...(failed ? [SHOW_FAILED] : []), SHOW_LOOPS];
      const answer = await vscode.window.showInformationMessage(message, ...buttons.map(({ title }) => title));
      const button = buttons.find(({ title }) => title === answer);
      if (button) await vscode.commands.executeCommand(button.command);
    } catch (error) {
      this.#deps.log.debug(`What happened during the absence could not be read: ${error}`);
    }
  }

  async #detailOf(loopId: string): Promise<LoopDetail | undefined> {
    try {
      return await this.#deps.host.current?.get(loopId);
    } catch (error) {
      this.#deps.log.debug(`The result of ${loopId} could not be read: ${error}`);
      return undefined;
    }
  }

  async #show(kind: NoticeKind, { message, loopIds }: Notice, more: readonly Button[]): Promise<void> {
    const { show, one, many, optional } = NOTICE_STYLES[kind];
    const buttons = [...more, ...(loopIds.length === 1 && one.length > 0 ? one : many)];
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
        ...(button.arg === undefined ? [] : [button.arg]),
        ...(button.onLoops ? [loopIds.length === 1 ? loopIds[0] : loopIds] : []),
        ...(button.given ? [button.given] : []),
      );
  }
}

/** What a loop's check has shown, and what its agent said last. */
function resultOf(detail: LoopDetail): Result {
  const proof = proofWords(detail);
  const words = lastWordsOf(detail);
  return { ...(proof && { proof }), ...(words && { words: oneLine(words, 120) }) };
}
