import { ROUND_BOUNDS } from '../../core/model/check.ts';
import { type FinishedLoop, type LoopState, needsUser } from '../../core/model/loop.ts';
import type { LiveView, Status, WaitingFor } from '../../core/model/status.ts';
import type { FinishedQuery } from '../../core/ports/store.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { baseName, count, formatNumber } from '../text/format.ts';
import { describeFinished, describeLive, join, NO_CONTEXT, type TextContext } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import { attemptRows } from './attemptRows.ts';
import { finishedSections, type Grouping, type Section, sectionRow } from './finishedSections.ts';
import type { GroupName, TreeRow } from './treeRow.ts';

/** What the tree reads. */
export type TreeSource = Pick<
  Supervisor,
  'status' | 'live' | 'queueLength' | 'finished' | 'finishedCount' | 'get' | 'isAlive'
>;

/** Additional text on the row of a running attempt (by token), such as memory; may be empty. */
export type AttemptExtra = (token: string) => string;

/** Which finished loops the user chose to list, and how. */
export interface FinishedFilter {
  readonly isOn: boolean;
  /** The filter in words, for the group. */
  readonly words: string;
  readonly grouping: Grouping;
  page(limit: number): FinishedQuery;
  /** Whether the user has not seen it yet. */
  isUnread(loop: FinishedLoop): boolean;
}

const EVERYTHING: FinishedFilter = {
  isOn: false,
  words: '',
  grouping: 'none',
  page: (limit) => ({ limit }),
  isUnread: () => false,
};

/** Loops per group at first, and added by each *more* row. */
export const PAGE = { queued: 200, finished: 200 } as const;
type Paged = keyof typeof PAGE;

/** A row and its ancestors, nearest first. */
export interface FoundRow {
  readonly row: TreeRow;
  readonly parents: readonly TreeRow[];
}

interface Snapshot {
  readonly status: Status;
  /** Live loops of this window by group, and of other windows by folder. */
  readonly groups: ReadonlyMap<string, readonly LiveView[]>;
  /** Queued loops of all windows. */
  readonly queueLength: number;
  /** How many of them were not read. */
  readonly unread: number;
  /** The finished loops shown; read on demand. */
  finished(): Promise<readonly FinishedLoop[]>;
}

const STATE_GROUPS = {
  running: 'running',
  stopping: 'running',
  checking: 'running',
  queued: 'queued',
  backingOff: 'backingOff',
  waiting: 'waiting',
} as const;

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
    if (!parent) return this.#groups(snapshot);
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
    this.#snapshot ??= this.#take(source);
    return this.#snapshot;
  }

  #take(source: TreeSource): Snapshot {
    const views = source.live(this.#limit('queued'));
    const queued = views.reduce((n, { loop }) => (loop.state === 'queued' ? n + 1 : n), 0);
    const { queueLength } = source;
    let page: Promise<readonly FinishedLoop[]> | undefined;
    const finished = () => {
      page ??= source.finished(this.#filter.page(this.#limit('finished')));
      return page;
    };
    return { status: source.status(0), groups: byGroup(views), queueLength, unread: queueLength - queued, finished };
  }

  async #groups(snapshot: Snapshot): Promise<TreeRow[]> {
    const { status, groups, queueLength, unread } = snapshot;
    const finished = this.#finishedCount();
    if (groups.size === 0 && finished.total === 0) return [];
    const size = (id: string) => (groups.get(id)?.length ?? 0) + (id === 'queued' ? unread : 0);
    const elsewhere = status.concurrencyUsed - size('running');
    const returned = Math.max(0, queueLength - size('parked') - status.queueDepth);
    const needYou = size('needsYou');
    const rows = [
      ...(needYou > 0 ? [groupRow('needsYou', 'Needs You', formatNumber(needYou), needYou)] : []),
      groupRow(
        'running',
        `Running ${status.concurrencyUsed}/${status.concurrencyMax}`,
        elsewhere > 0 ? `${elsewhere} in other windows` : '',
        size('running'),
      ),
      groupRow(
        'queued',
        `Queued ${formatNumber(queueLength - size('parked'))}/${formatNumber(status.queueMax)}`,
        join([status.paused ? 'paused' : '', returned > 0 ? `${formatNumber(returned)} returning` : '']),
        size('queued'),
        status.paused ? ' paused' : '',
      ),
    ];
    if (size('parked') > 0) rows.push(groupRow('parked', 'Parked', formatNumber(size('parked')), size('parked')));
    if (size('backingOff') > 0)
      rows.push(groupRow('backingOff', 'Waiting to restart', formatNumber(size('backingOff')), size('backingOff')));
    if (size('waiting') > 0) rows.push(groupRow('waiting', 'Waiting', formatNumber(size('waiting')), size('waiting')));
    for (const [id, views] of groups) if (id.startsWith('folder:')) rows.push(folderRow(id, views));
    if (finished.total > 0) {
      const { isOn, words } = this.#filter;
      const page = await snapshot.finished();
      const unreadLoops = page.filter((loop) => this.#filter.isUnread(loop)).length;
      const all = join([
        formatNumber(finished.total),
        finished.failed > 0 ? `${formatNumber(finished.failed)} failed` : '',
        unreadLoops > 0 ? `${formatNumber(unreadLoops)} unread` : '',
      ]);
      const matches = isOn ? page.length : finished.total;
      const some = `${formatNumber(matches)}${matches === this.#limit('finished') ? ' or more' : ''} of ${formatNumber(finished.total)}: ${oneLine(words, 60)}`;
      rows.push(
        groupRow(
          'finished',
          'Finished',
          isOn ? some : all,
          matches,
          `${isOn ? ' filtered' : ''}${finished.failed > 0 ? ' failures' : ''}`,
        ),
      );
    }
    return rows;
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
    const isFull = loops.length === this.#limit('finished') && this.#finishedCount().total > loops.length;
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

  #finishedCount() {
    return this.#source()?.finishedCount() ?? { total: 0, failed: 0 };
  }

  #limit(parent: Paged): number {
    return this.#shown.get(parent) ?? PAGE[parent];
  }
}

function byGroup(views: readonly LiveView[]): Map<string, LiveView[]> {
  const groups = new Map<string, LiveView[]>();
  for (const view of views) {
    const id = view.host === 'here' ? groupOf(view) : `folder:${view.loop.folder ?? view.loop.cwd}`;
    const group = groups.get(id);
    if (group) group.push(view);
    else groups.set(id, [view]);
  }
  return groups;
}

function groupOf({ loop, waitingFor }: LiveView): GroupName {
  if (needsUser(loop)) return 'needsYou';
  return waitingFor !== undefined && PARKED.includes(waitingFor) ? 'parked' : STATE_GROUPS[loop.state];
}

/** Reasons that hold one queued loop only: it keeps its place while others pass it (R2.2). */
const PARKED: readonly WaitingFor[] = [
  ...(['folder', 'profile', 'limit', 'login', 'billing', 'program', 'config', 'machine', 'user', 'absence'] as const),
];

function groupRow(group: GroupName, label: string, description: string, size: number, extraContext = ''): TreeRow {
  return {
    id: group,
    subject: { kind: 'group', group },
    label,
    description,
    spoken: join([label.replace(/(\d)\/(\d)/, '$1 of $2'), description]).replaceAll(' · ', ', '),
    context: `group ${group}${size === 0 ? ' empty' : ''}${extraContext}`,
    // A group without rows has no twistie.
    children: size === 0 ? 'none' : 'expanded',
    isLive: false,
  };
}

function folderRow(id: string, views: readonly LiveView[]): TreeRow {
  const folder = id.slice('folder:'.length);
  const gone = views.every(({ host }) => host === 'gone');
  const states = join(
    (['running', 'queued', 'backingOff', 'waiting'] as const).map((state) => {
      const n = views.filter(({ loop }) => STATE_GROUPS[loop.state] === state).length;
      return n === 0 ? '' : `${formatNumber(n)} ${state === 'backingOff' ? 'to restart' : state}`;
    }),
  );
  const description = join([gone ? 'no window open' : 'another window', states]);
  const label = oneLine(baseName(folder), 80);
  return {
    id,
    subject: { kind: 'folder', folder },
    label,
    description,
    spoken: `Folder ${label}, ${description.replaceAll(' · ', ', ')}`,
    icon: { id: gone ? 'folder' : 'multiple-windows' },
    context: `folder ${gone ? 'gone' : 'elsewhere'}`,
    children: 'expanded',
    isLive: false,
  };
}

function liveRow(view: LiveView, now: number, extra: AttemptExtra, context: TextContext): TreeRow {
  const { loop, host, activity } = view;
  const { label, description, spoken } = describeLive(view, now, context);
  const silent = activity?.silentForMs !== undefined && loop.state === 'running';
  const more = loop.state === 'running' ? extra(loop.attempt.token) : '';
  const fresh = loop.state === 'queued' && loop.attempts === 0;
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description: join([description, more]),
    spoken: `${spoken}${more ? `, ${more}` : ''}`,
    icon: silent ? { id: 'warning', color: 'list.warningForeground' } : LIVE_ICONS[loop.state],
    context: `loop ${loop.state} live ${host}${silent ? ' silent' : ''}${fresh ? ' fresh' : ''}${needOf(loop)}`,
    children: loop.attempts > 0 ? 'collapsed' : 'none',
    isLive: isLiveRow(loop.state),
  };
}

/** What its user has to decide, as the menus ask for it. */
function needOf(loop: LiveView['loop']): string {
  if (isAtBound(loop)) return ' bound';
  const isUnconfirmed = needsUser(loop) && (loop.need === 'endUnknown' || loop.need === 'notEnded');
  return isUnconfirmed ? ' unconfirmed' : '';
}

/** Whether its rounds reached a bound, so that the user can continue or accept them (R11.3). */
function isAtBound(loop: LiveView['loop']): boolean {
  return needsUser(loop) && ROUND_BOUNDS.some((bound) => bound === loop.need);
}

/** Whether the row of a loop in that state shows a running time. */
function isLiveRow(state: LoopState): boolean {
  return state === 'running' || state === 'stopping' || state === 'checking' || state === 'backingOff';
}

const LIVE_ICONS = {
  running: { id: 'sync~spin', color: 'charts.blue' },
  stopping: { id: 'debug-stop', color: 'charts.orange' },
  checking: { id: 'checklist', color: 'charts.blue' },
  queued: { id: 'clock', color: 'descriptionForeground' },
  backingOff: { id: 'debug-restart', color: 'charts.yellow' },
  waiting: { id: 'watch', color: 'charts.yellow' },
} as const;

const FINISHED_ICONS = {
  completed: { id: 'pass', color: 'testing.iconPassed' },
  failed: { id: 'error', color: 'testing.iconFailed' },
  cancelled: { id: 'circle-slash', color: 'descriptionForeground' },
} as const;

function finishedRow(loop: FinishedLoop, now: number, context: TextContext, unread: boolean): TreeRow {
  const { label, description, spoken } = describeFinished(loop, now, context);
  const failed = loop.state === 'failed' ? (loop.cleared ? ' cleared' : ' permanent') : '';
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description,
    spoken: `${spoken}${unread ? ', unread' : ''}`,
    icon: FINISHED_ICONS[loop.state],
    context: `loop ${loop.state} final${failed}${unread ? ' unread' : ''}`,
    children: loop.attempts > 0 ? 'collapsed' : 'none',
    isLive: false,
  };
}

function moreRow(parent: Paged, label: string, page: number): TreeRow {
  return {
    id: `more:${parent}`,
    subject: { kind: 'more', parent },
    label,
    description: '',
    spoken: `${label} Shows ${count(page, 'loop')} more.`,
    icon: { id: 'ellipsis' },
    context: 'more',
    children: 'none',
    isLive: false,
  };
}
