import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Event } from '../../core/model/event.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { formatUsage } from '../text/format.ts';
import type { TextContext } from '../text/loopText.ts';
import type { Pulse } from '../window/pulse.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import { badgeOf } from './badge.ts';
import type { FinishedFilter } from './finishedFilter.ts';
import { LoopTreeDrag } from './loopTreeDrag.ts';
import { loopTooltip, treeItemOf } from './loopTreeItem.ts';
import { LoopTreeModel } from './loopTreeModel.ts';
import { problemsMessage } from './problemsMessage.ts';
import { rowsUnderKeyboard } from './rowsUnderKeyboard.ts';
import { ShownRows } from './shownRows.ts';
import type { TreeRow } from './treeRow.ts';
import { type Usage, UsageWatch } from './usageWatch.ts';

export const VIEW_ID = 'loopSupervisor.loops';

/**
 * How often (ms) running times are refreshed while the view is visible. Each refresh closes a hover that has just
 * opened.
 */
const WORDS_EVERY_MS = 3000;
/** While VS Code reads all rows anew, it knows none of them: so often, so far apart (ms), is one looked for. */
const LOOKS_FOR_ROW = 100;
const BETWEEN_LOOKS_MS = 50;

/** Current problems of the settings. */
export interface SettingsProblems {
  readonly problems: readonly string[];
  readonly onDidChangeProblems: Event<void>;
}

/** The view of loops. Refreshes changed rows with the pulse, and running times every three seconds while visible. */
export class LoopTree implements vscode.TreeDataProvider<TreeRow>, vscode.Disposable {
  readonly #deps: UiDeps;
  readonly #model: LoopTreeModel;
  readonly #view: vscode.TreeView<TreeRow>;
  readonly #changed = new vscode.EventEmitter<TreeRow | TreeRow[] | undefined>();
  readonly #shown = new ShownRows();
  /** Parents of rows requested by `reveal`. */
  readonly #parents = new Map<string, TreeRow>();
  #tick: NodeJS.Timeout | undefined;
  /** A pending refresh. */
  #wanted: { readonly words: boolean } | undefined;
  #refreshing = false;
  readonly #usage: UsageWatch;
  readonly #disposables: { dispose(): void }[] = [];
  readonly onDidChangeTreeData = this.#changed.event;

  /** `sampleUsage` returns the usage of running attempts by token; `filter` says which finished loops are listed. */
  constructor(
    deps: UiDeps,
    pulse: Pulse,
    clock: Clock,
    sampleUsage: () => Promise<ReadonlyMap<string, Usage>>,
    filter?: FinishedFilter,
    context?: () => TextContext,
    problems?: SettingsProblems,
  ) {
    this.#deps = deps;
    this.#usage = new UsageWatch(
      sampleUsage,
      () => this.#view.visible,
      clock,
      (error) => deps.log.warn(`The processes of loops could not be listed: ${error}`),
    );
    const extra = (token: string) => {
      const usage = this.#usage.of(token);
      return usage ? formatUsage(usage) : '';
    };
    this.#model = new LoopTreeModel(() => deps.host.current, clock.now, extra, filter, context);
    this.#view = vscode.window.createTreeView(VIEW_ID, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
      dragAndDropController: new LoopTreeDrag(deps),
    });
    this.#disposables.push(
      this.#view,
      this.#changed,
      this.#usage,
      pulse.onBeat((status) => {
        this.#refresh(false);
        const running = status.concurrencyUsed;
        if (running > 0) this.#usage.wake();
        this.#view.badge = badgeOf(status);
      }),
      this.#view.onDidChangeVisibility(() => this.#setTicking()),
      this.#view.onDidCollapseElement(({ element }) => this.#shown.foldUp(element)),
      // VS Code expands its cached rows, which may be outdated.
      this.#view.onDidExpandElement(({ element }) => {
        if (!this.#shown.follows(element)) this.#changed.fire(element);
      }),
    );
    if (problems) {
      const show = () => {
        this.#view.message = problemsMessage(problems.problems) ?? '';
      };
      show();
      this.#disposables.push(problems.onDidChangeProblems(show));
    }
    this.#setTicking();
  }

  /** The rows that a key pressed in the view applies to. */
  underKeyboard(): Promise<readonly TreeRow[]> {
    return rowsUnderKeyboard(() => this.#view.selection);
  }

  /** The row that a click or Enter has just opened: the one that is selected. */
  async openedRow(): Promise<TreeRow | undefined> {
    for (let look = 0; look < LOOKS_FOR_ROW && this.#view.selection.length === 0; look++) await sleep(BETWEEN_LOOKS_MS);
    const [row] = this.#view.selection;
    return row && this.#shown.latest(row);
  }

  showMore({ subject }: TreeRow): void {
    if (subject.kind !== 'more') return;
    this.#model.showMore(subject.parent);
    this.#refresh(false);
  }

  async reveal(loopId: string, seq?: number): Promise<void> {
    const found = await this.#model.find(loopId, seq);
    await vscode.commands.executeCommand(`${VIEW_ID}.focus`);
    if (!found) return;
    const path = [found.row, ...found.parents];
    for (const [place, row] of path.entries()) {
      const parent = path[place + 1];
      if (parent) this.#parents.set(row.id, this.#shown.holder(parent));
    }
    await this.#view.reveal(found.row, { select: true, focus: true });
  }

  async getChildren(parent?: TreeRow): Promise<TreeRow[]> {
    // While the store opens, the view shows progress instead of the welcome text.
    if (this.#deps.host.state.kind === 'opening') await this.#deps.host.ready().catch(() => undefined);
    const rows = await this.#readRows(parent && this.#shown.latest(parent));
    this.#shown.handOut(parent, rows);
    return [...rows];
  }

  getTreeItem(row: TreeRow): vscode.TreeItem {
    return treeItemOf(this.#shown.latest(row));
  }

  getParent(row: TreeRow): TreeRow | undefined {
    return this.#parents.get(row.id);
  }

  async resolveTreeItem(item: vscode.TreeItem, row: TreeRow): Promise<vscode.TreeItem> {
    this.#shown.pointAt(row, Date.now());
    const { subject } = row;
    const { current } = this.#deps.host;
    const detail = subject.kind === 'loop' ? await current?.get(subject.loopId, subject.seq) : undefined;
    if (detail) item.tooltip = loopTooltip(detail, Date.now());
    return item;
  }

  dispose(): void {
    clearInterval(this.#tick);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #setTicking(): void {
    clearInterval(this.#tick);
    if (!this.#view.visible) return;
    this.#usage.wake();
    this.#refresh(true);
    this.#tick = setInterval(() => {
      if (this.#model.hasRunningTimes) this.#refresh(true);
    }, WORDS_EVERY_MS);
  }

  /** While the store cannot be read, rows stay as they were; the problem is reported once, not per row. */
  async #readRows(parent: TreeRow | undefined): Promise<readonly TreeRow[]> {
    try {
      return await this.#model.children(parent);
    } catch (error) {
      this.#deps.log.debug(`The loops could not be read: ${error}`);
      return this.#shown.rowsOf(parent);
    }
  }

  #refresh(words: boolean): void {
    this.#model.refresh();
    if (!this.#view.visible) return;
    this.#wanted = { words: words || (this.#wanted?.words ?? false) };
    if (!this.#refreshing) void this.#refreshShown();
  }

  /** Refreshes run one at a time, so that older rows never replace newer ones; requests in between are merged. */
  async #refreshShown(): Promise<void> {
    this.#refreshing = true;
    for (let wanted = this.#wanted; wanted; wanted = this.#wanted) {
      this.#wanted = undefined;
      const { words } = wanted;
      const changed = await this.#shown.changes((parent) => this.#readRows(parent), words, Date.now());
      if (changed.includes(undefined)) this.#changed.fire(undefined);
      else if (changed.length > 0) this.#changed.fire(changed as TreeRow[]);
    }
    this.#refreshing = false;
  }
}
