import { type FinishedLoop, needsUser } from '../../core/model/loop.ts';
import { openQuestions } from '../../core/model/question.ts';
import type { LiveView, Status, WaitingFor } from '../../core/model/status.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import type { GroupName } from './treeRow.ts';

/** What the tree reads. */
export type TreeSource = Pick<
  Supervisor,
  'status' | 'live' | 'queueLength' | 'finished' | 'finishedCount' | 'get' | 'isAlive'
>;

/** What the tree shows at one moment. */
export interface Snapshot {
  readonly status: Status;
  /** Live loops of this window by group, and of other windows by folder. */
  readonly groups: ReadonlyMap<string, readonly LiveView[]>;
  /** Queued loops of all windows. */
  readonly queueLength: number;
  /** How many of them were not read. */
  readonly unread: number;
  readonly finishedCount: { readonly total: number; readonly failed: number };
  /** The finished loops shown; read on demand. */
  finished(): Promise<readonly FinishedLoop[]>;
}

/** The group of each live state. */
export const STATE_GROUPS = {
  preparing: 'running',
  running: 'running',
  stopping: 'running',
  checking: 'running',
  queued: 'queued',
  backingOff: 'backingOff',
  waiting: 'waiting',
} as const;

/** Whether a running loop waits for the answer of its user (R17.1). */
export function isAsking(loop: LiveView['loop']): boolean {
  return loop.state === 'running' && openQuestions(loop).length > 0;
}

/** Reads what the tree shows: the first `maxQueued` queued loops, and the finished loops that `query` lists. */
export function takeSnapshot(source: TreeSource, maxQueued: number, query: FinishedQuery): Snapshot {
  const views = source.live(maxQueued);
  const queued = views.reduce((n, { loop }) => (loop.state === 'queued' ? n + 1 : n), 0);
  const { queueLength } = source;
  let page: Promise<readonly FinishedLoop[]> | undefined;
  return {
    status: source.status(0),
    groups: byGroup(views),
    queueLength,
    unread: queueLength - queued,
    finishedCount: source.finishedCount(),
    finished: () => {
      page ??= source.finished(query);
      return page;
    },
  };
}

function byGroup(views: readonly LiveView[]): Map<string, LiveView[]> {
  const groups = new Map<string, LiveView[]>();
  for (const view of views) {
    const id =
      view.host === 'here' ? groupOf(view) : `folder:${view.machine ?? ''}\n${view.loop.folder ?? view.loop.cwd}`;
    const group = groups.get(id);
    if (group) group.push(view);
    else groups.set(id, [view]);
  }
  return groups;
}

function groupOf({ loop, waitingFor }: LiveView): GroupName {
  if (needsUser(loop) || isAsking(loop)) return 'needsYou';
  return waitingFor === undefined ? STATE_GROUPS[loop.state] : QUEUED_GROUPS[waitingFor];
}

/** Where a queued loop is listed: what holds it alone parks it, for others pass it while it keeps its place (R2.2). */
const QUEUED_GROUPS: { readonly [reason in WaitingFor]: 'queued' | 'parked' } = {
  ...{ slot: 'queued', circuit: 'queued', paused: 'queued', settings: 'queued', disk: 'queued', store: 'queued' },
  ...{ budget: 'queued', memory: 'queued', window: 'queued' },
  ...{ folder: 'parked', profile: 'parked', limit: 'parked', login: 'parked', billing: 'parked', program: 'parked' },
  ...{ config: 'parked', machine: 'parked', user: 'parked', absence: 'parked' },
};
