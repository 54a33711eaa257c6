import type { FinishedLoop, LoopState } from '../../core/model/loop.ts';
import type { LiveView, Status } from '../../core/model/status.ts';
import type { FinishedQuery } from '../../core/ports/store.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import { baseName, count, formatNumber } from '../text/format.ts';
import { describeFinished, describeLive, join } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import { attemptRows } from './attemptRows.ts';
import type { GroupName, TreeRow } from './treeRow.ts';

/** What the tree reads. */
export type TreeSource = Pick<
  Supervisor,
  'status' | 'live' | 'queueLength' | 'finished' | 'finishedCount' | 'get' | 'isAlive'
>;

/** What more a row shows of a running attempt, named by its token, such as the memory of its processes; empty for nothing. */
export type AttemptExtra = (token: string) => string;

/** Which finished loops are listed: what the user has searched for. */
export interface FinishedFilter {
  readonly isOn: boolean;
  /** In words, for the group. */
  readonly words: string;
  page(limit: number): FinishedQuery;
}

const EVERYTHING: FinishedFilter = { isOn: false, words: '', page: (limit) => ({ limit }) };

/** Loops of one group shown at first, and added by each *more* row. */
export const PAGE = { queued: 200, finished: 100 } as const;
type Paged = keyof typeof PAGE;

interface Snapshot {
  readonly status: Status;
  /** Live loops of this window by group, and of other windows by folder. */
  readonly groups: ReadonlyMap<string, readonly LiveView[]>;
  /** Queued loops of all windows. */
  readonly queueLength: number;
  /** Those of them that were not read. */
  readonly unread: number;
  /** The finished loops that are shown. Read when they are first needed. */
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
 * The tree as rows, without VS Code: groups of this window's loops, other windows' loops by folder, finished loops in pages. It
 * reads once after each `refresh`, and of the finished loops only what is shown.
 */
export class LoopTreeModel {
  readonly #source: () => TreeSource | undefined;
  readonly #now: () => number;
  readonly #extra: AttemptExtra;
  readonly #filter: FinishedFilter;
  readonly #shown = new Map<Paged, number>();
  #snapshot: Snapshot | undefined;

  constructor(
    source: () => TreeSource | undefined,
    now: () => number,
    extra: AttemptExtra = () => '',
    filter = EVERYTHING,
  ) {
    this.#source = source;
    this.#now = now;
    this.#extra = extra;
    this.#filter = filter;
  }

  /** Forgets what was read. */
  refresh(): void {
    this.#snapshot = undefined;
  }

  /** Shows one page more of a group. */
  showMore(parent: Paged): void {
    this.#shown.set(parent, this.#limit(parent) + PAGE[parent]);
    this.refresh();
  }

  /** Whether a row shows a time that runs. */
  get hasRunningTimes(): boolean {
    const { groups } = this.#read() ?? {};
    return [...(groups?.values() ?? [])].some((views) => views.some(({ loop }) => isLiveRow(loop.state)));
  }

  /**
   * Rows under `parent`; without one, the groups. Nothing at all when there is no loop, so that the welcome view shows.
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
      case 'loop': {
        const source = this.#source();
        const detail = await source?.get(subject.loopId, subject.seq);
        return source && detail ? attemptRows(detail, this.#now(), (process) => source.isAlive(process)) : [];
      }
      default:
        return [];
    }
  }

  /** The row of a loop (the first of that id, or with `seq` that very one), and of the group above it: for showing it in the tree. */
  async find(loopId: string, seq?: number): Promise<{ readonly row: TreeRow; readonly parent: TreeRow } | undefined> {
    const snapshot = this.#read();
    if (!snapshot) return undefined;
    for (const parent of await this.#groups(snapshot)) {
      const isIt = ({ subject }: TreeRow) =>
        subject.kind === 'loop' && subject.loopId === loopId && (seq ?? subject.seq) === subject.seq;
      const row = (await this.children(parent)).find(isIt);
      if (row) return { row, parent };
    }
    return undefined;
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
    const returned = queueLength - status.queueDepth;
    const rows = [
      groupRow(
        'running',
        `Running ${status.concurrencyUsed}/${status.concurrencyMax}`,
        elsewhere > 0 ? `${elsewhere} in other windows` : '',
        size('running'),
      ),
      groupRow(
        'queued',
        `Queued ${formatNumber(status.queueDepth)}/${formatNumber(status.queueMax)}`,
        join([status.paused ? 'paused' : '', returned > 0 ? `${returned} came back` : '']),
        size('queued'),
        status.paused ? ' paused' : '',
      ),
    ];
    if (size('backingOff') > 0)
      rows.push(groupRow('backingOff', 'Waiting to restart', formatNumber(size('backingOff')), size('backingOff')));
    if (size('waiting') > 0)
      rows.push(groupRow('waiting', 'Waiting for a limit', formatNumber(size('waiting')), size('waiting')));
    for (const [id, views] of groups) if (id.startsWith('folder:')) rows.push(folderRow(id, views));
    if (finished.total > 0) {
      const { isOn, words } = this.#filter;
      const all = join([
        formatNumber(finished.total),
        finished.failed > 0 ? `${formatNumber(finished.failed)} failed` : '',
      ]);
      const matches = isOn ? (await snapshot.finished()).length : finished.total;
      const some = `${formatNumber(matches)}${matches === this.#limit('finished') ? ' or more' : ''} of ${formatNumber(finished.total)}: ${oneLine(words, 60)}`;
      rows.push(groupRow('finished', 'Finished', isOn ? some : all, matches, isOn ? ' filtered' : ''));
    }
    return rows;
  }

  #live({ groups, unread }: Snapshot, id: string): TreeRow[] {
    const rows = (groups.get(id) ?? []).map((view) => liveRow(view, this.#now(), this.#extra));
    return id === 'queued' && unread > 0
      ? [...rows, moreRow(id, `… and ${formatNumber(unread)} more`, PAGE.queued)]
      : rows;
  }

  async #finished(snapshot: Snapshot): Promise<TreeRow[]> {
    const rows = (await snapshot.finished()).map((loop) => finishedRow(loop, this.#now()));
    const isFull = rows.length === this.#limit('finished');
    return this.#finishedCount().total > rows.length && isFull
      ? [...rows, moreRow('finished', 'Show more…', PAGE.finished)]
      : rows;
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
    const id = view.host === 'here' ? STATE_GROUPS[view.loop.state] : `folder:${view.loop.folder ?? view.loop.cwd}`;
    const group = groups.get(id);
    if (group) group.push(view);
    else groups.set(id, [view]);
  }
  return groups;
}

function groupRow(group: GroupName, label: string, description: string, size: number, extraContext = ''): TreeRow {
  return {
    id: group,
    subject: { kind: 'group', group },
    label,
    description,
    spoken: join([label.replace(/(\d)\/(\d)/, '$1 of $2'), description]).replaceAll(' · ', ', '),
    context: `group ${group}${size === 0 ? ' empty' : ''}${extraContext}`,
    // A group without rows has no twistie: there is nothing to open.
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

function liveRow(view: LiveView, now: number, extra: AttemptExtra): TreeRow {
  const { loop, host, activity } = view;
  const { description, spoken } = describeLive(view, now);
  const silent = activity?.silentForMs !== undefined && loop.state === 'running';
  const more = loop.state === 'running' ? extra(loop.attempt.token) : '';
  const label = oneLine(loop.title, 80) || loop.loopId;
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description: join([description, more]),
    spoken: `${label}, ${spoken}${more ? `, ${more}` : ''}`,
    icon: silent ? { id: 'warning', color: 'list.warningForeground' } : LIVE_ICONS[loop.state],
    context: `loop ${loop.state} live ${host}${silent ? ' silent' : ''}`,
    children: loop.attempts > 0 ? 'collapsed' : 'none',
    isLive: isLiveRow(loop.state),
  };
}

/** Whether the row of a loop in that state shows a time that runs. */
function isLiveRow(state: LoopState): boolean {
  return state === 'running' || state === 'stopping' || state === 'backingOff';
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

function finishedRow(loop: FinishedLoop, now: number): TreeRow {
  const { description, spoken } = describeFinished(loop, now);
  const label = oneLine(loop.title, 80) || loop.loopId;
  const failed = loop.state === 'failed' ? (loop.cleared ? ' cleared' : ' permanent') : '';
  return {
    id: `loop:${loop.seq}`,
    subject: { kind: 'loop', loopId: loop.loopId, seq: loop.seq },
    label,
    description,
    spoken: `${label}, ${spoken}`,
    icon: FINISHED_ICONS[loop.state],
    context: `loop ${loop.state} final${failed}`,
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
