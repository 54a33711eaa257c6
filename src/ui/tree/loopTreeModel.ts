import type { FinishedLoop } from '../../core/model/loop.ts';
import { formatNumber } from '../text/format.ts';
import { NO_CONTEXT, type TextContext } from '../text/loopText.ts';
import { attemptRows } from './attemptRows.ts';
import { EVERYTHING, type FinishedFilter } from './finishedFilter.ts';
import { finishedSections, type Section, sectionRow } from './finishedSections.ts';
import { groupRows } from './groupRows.ts';
import { type AttemptExtra, finishedRow, isLiveRow, liveRow } from './loopRow.ts';
import { moreRow, PAGE, type Paged } from './moreRow.ts';
import type { TreeRow } from './treeRow.ts';
import { type Snapshot, type TreeSource, takeSnapshot } from './treeSnapshot.ts';

/** A row and its ancestors, nearest first. */
export interface FoundRow {
  readonly row: TreeRow;
  readonly parents: readonly TreeRow[];
}

/**
 * The tree as rows, independent of VS Code: groups of this window's loops, other windows' loops by folder, finished
 * loops in pages. Reads once after each `refresh`, and only the finished loops that are shown.
 */
export class LoopTreeModel {
  readonly #source: () => TreeSource | undefined;
  readonly #now: () => number;
  readonly #extra: AttemptExtra;
  readonly #filter: FinishedFilter;
  readonly #context: () => TextContext;
  readonly #shown = new Map<Paged, number>();
  #snapshot: Snapshot | undefined;

  constructor(
    source: () => TreeSource | undefined,
    now: () => number,
    extra: AttemptExtra = () => '',
    filter = EVERYTHING,
    context = () => NO_CONTEXT,
  ) {
    this.#source = source;
    this.#now = now;
    this.#extra = extra;
    this.#filter = filter;
    this.#context = context;
  }

  /** Drops cached data. */
  refresh(): void {
    this.#snapshot = undefined;
  }

  /** Shows another page of a group. */
  showMore(parent: Paged): void {
    this.#shown.set(parent, this.#limit(parent) + PAGE[parent]);
    this.refresh();
  }

  /** Whether a row shows a running time. */
  get hasRunningTimes(): boolean {
    const { groups } = this.#read() ?? {};
    return [...(groups?.values() ?? [])].some((views) => views.some(({ loop }) => isLiveRow(loop.state)));
  }

  /**
   * Rows under `parent`, or the groups without one. Empty if there are no loops, so that the welcome view shows.
   * @throws StoreError while the store cannot be read
   */
  async children(parent?: TreeRow): Promise<TreeRow[]> {
    const snapshot = this.#read();
    if (!snapshot) return [];
    if (!parent) return groupRows(snapshot, this.#filter, this.#limit('finished'));
    const { subject } = parent;
    switch (subject.kind) {
      case 'group':
        return subject.group === 'finished' ? this.#finished(snapshot) : this.#live(snapshot, parent.id);
      case 'folder':
        return this.#live(snapshot, parent.id);
      case 'section': {
        const section = (await this.#sections(snapshot)).find(({ id }) => id === subject.section);
        return this.#finishedRows(section?.loops ?? []);
      }
      case 'loop': {
        const source = this.#source();
        const detail = await source?.get(subject.loopId, subject.seq);
        return source && detail ? attemptRows(detail, this.#now(), (process) => source.isAlive(process)) : [];
      }
      default:
        return [];
    }
  }

  /** The row of a loop (the first with that id, or the one with `seq`) and its ancestors, nearest first. */
  async find(loopId: string, seq?: number): Promise<FoundRow | undefined> {
    const isIt = ({ subject }: TreeRow) =>
      subject.kind === 'loop' && subject.loopId === loopId && (seq ?? subject.seq) === subject.seq;
    const among = async (parents: readonly TreeRow[]): Promise<FoundRow | undefined> => {
      const rows = await this.children(parents[0]);
      const row = rows.find(isIt);
      if (row) return { row, parents };
      for (const inner of rows) {
        if (inner.subject.kind === 'loop' || inner.children === 'none') continue;
        const found = await among([inner, ...parents]);
        if (found) return found;
      }
      return undefined;
    };
    return among([]);
  }

  #read(): Snapshot | undefined {
    const source = this.#source();
    if (!source) return undefined;
    this.#snapshot ??= takeSnapshot(source, this.#limit('queued'), this.#filter.page(this.#limit('finished')));
    return this.#snapshot;
  }

  #live({ groups, unread }: Snapshot, id: string): TreeRow[] {
    const rows = (groups.get(id) ?? []).map((view) => liveRow(view, this.#now(), this.#extra, this.#context()));
    return id === 'queued' && unread > 0
      ? [...rows, moreRow(id, `… and ${formatNumber(unread)} more`, PAGE.queued)]
      : rows;
  }

  /** Sections if there are several, otherwise the loops themselves. */
  async #finished(snapshot: Snapshot): Promise<TreeRow[]> {
    const loops = await snapshot.finished();
    const isFull = loops.length === this.#limit('finished') && snapshot.finishedCount.total > loops.length;
    const sections = await this.#sections(snapshot);
    const rows =
      sections.length < 2 || this.#filter.grouping === 'none'
        ? sections.flatMap((section) => this.#finishedRows(section.loops))
        : sections.map((section, place) => sectionRow(section, isFull && place === sections.length - 1));
    return isFull ? [...rows, moreRow('finished', 'Show more…', PAGE.finished)] : rows;
  }

  async #sections(snapshot: Snapshot): Promise<Section[]> {
    const { grouping } = this.#filter;
    const isUnread = (loop: FinishedLoop) => this.#filter.isUnread(loop);
    return finishedSections(await snapshot.finished(), grouping, isUnread, this.#now());
  }

  #finishedRows(loops: readonly FinishedLoop[]): TreeRow[] {
    return loops.map((loop) => finishedRow(loop, this.#now(), this.#context(), this.#filter.isUnread(loop)));
  }

  #limit(parent: Paged): number {
    return this.#shown.get(parent) ?? PAGE[parent];
  }
}
