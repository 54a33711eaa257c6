import type { LiveView } from '../../core/model/status.ts';
import { baseName, formatNumber } from '../text/format.ts';
import { join, shortTitle } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import type { FinishedFilter } from './finishedFilter.ts';
import type { GroupName, TreeRow } from './treeRow.ts';
import { isAsking, type Snapshot, STATE_GROUPS } from './treeSnapshot.ts';

/**
 * The groups of the tree, in their order; none if there are no loops. A full page of finished loops has `pageSize` of
 * them.
 */
export async function groupRows(snapshot: Snapshot, filter: FinishedFilter, pageSize: number): Promise<TreeRow[]> {
  const { status, groups, queueLength, unread, finishedCount } = snapshot;
  if (groups.size === 0 && finishedCount.total === 0) return [];
  const size = (id: string) => (groups.get(id)?.length ?? 0) + (id === 'queued' ? unread : 0);
  const asking = (groups.get('needsYou') ?? []).filter(({ loop }) => isAsking(loop)).length;
  const onMachines = [...groups.values()].flat().filter(runsAway).length;
  const inWindows = status.concurrencyUsed - size('running') - asking - onMachines;
  const returned = unread > 0 ? Math.max(0, queueLength - size('parked') - status.queueDepth) : returnedIn(groups);
  const counted = (group: GroupName, label: string) =>
    size(group) > 0 ? [groupRow(group, label, formatNumber(size(group)), size(group))] : [];
  const rows = [
    ...counted('needsYou', 'Needs You'),
    groupRow(
      'running',
      `Running ${status.concurrencyUsed}/${status.concurrencyMax}`,
      // Whoever counts the rows below misses those that stand under Needs You.
      join([
        inWindows > 0 ? `${inWindows} in other windows` : '',
        onMachines > 0 ? `${onMachines} on other machines` : '',
        asking > 0 ? askingWords(asking) : '',
      ]),
      size('running'),
    ),
    groupRow(
      'queued',
      `Queued ${formatNumber(queueLength - size('parked'))}/${formatNumber(status.queueMax)}`,
      join([status.paused ? 'paused' : '', returned > 0 ? `${formatNumber(returned)} returning` : '']),
      size('queued'),
      status.paused ? ' paused' : '',
    ),
    ...counted('parked', 'Parked'),
    ...counted('backingOff', 'Waiting to restart'),
    ...counted('waiting', 'Waiting'),
  ];
  for (const [id, views] of groups) if (id.startsWith('folder:')) rows.push(folderRow(id, views));
  return finishedCount.total > 0 ? [...rows, await finishedGroup(snapshot, filter, pageSize)] : rows;
}

/** Whether it runs on another machine of a shared store. */
function runsAway({ host, machine, loop }: LiveView): boolean {
  return host !== 'here' && machine !== undefined && STATE_GROUPS[loop.state] === 'running';
}

function askingWords(asking: number): string {
  return asking === 1 ? '1 asks' : `${formatNumber(asking)} ask`;
}

/** How many queued loops have run before. What was queued until a limit recovers does not count as full either. */
function returnedIn(groups: Snapshot['groups']): number {
  const queued = [...groups].flatMap(([id, views]) => (id === 'parked' ? [] : views));
  return queued.filter(({ loop }) => loop.state === 'queued' && loop.attempts > 0).length;
}

async function finishedGroup(
  { finishedCount: { total, failed }, finished }: Snapshot,
  filter: FinishedFilter,
  pageSize: number,
): Promise<TreeRow> {
  const { isOn, words } = filter;
  const page = await finished();
  const unread = page.filter((loop) => filter.isUnread(loop)).length;
  // A full page may go on: then it is not known how many of all are listed.
  const listed = filter.hidesCancelled && page.length < pageSize ? `${formatNumber(page.length)} of ` : '';
  const all = join([
    `${listed}${formatNumber(total)}`,
    failed > 0 ? `${formatNumber(failed)} failed` : '',
    unread > 0 ? `${formatNumber(unread)} unread` : '',
    filter.hidesCancelled ? 'cancelled hidden' : '',
  ]);
  const matches = isOn ? page.length : total;
  const orMore = matches === pageSize ? ' or more' : '';
  const some = `${formatNumber(matches)}${orMore} of ${formatNumber(total)}: ${oneLine(words, 60)}`;
  const context = `${isOn ? ' filtered' : ''}${failed > 0 ? ' failures' : ''}`;
  return groupRow('finished', 'Finished', isOn ? some : all, matches, context);
}

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
  const folder = id.slice(id.indexOf('\n') + 1);
  const machine = views.find((view) => view.machine !== undefined)?.machine;
  const gone = views.every(({ host }) => host === 'gone');
  const states = join(
    (['running', 'queued', 'backingOff', 'waiting'] as const).map((state) => {
      const n = views.filter(({ loop }) => STATE_GROUPS[loop.state] === state).length;
      return n === 0 ? '' : `${formatNumber(n)} ${state === 'backingOff' ? 'to restart' : state}`;
    }),
  );
  const place = machine === undefined ? '' : `on ${oneLine(machine, 40)}`;
  const description = join([place, gone ? 'no window open' : place ? '' : 'another window', states]);
  const name = oneLine(baseName(folder), 80);
  return {
    id,
    subject: { kind: 'folder', folder },
    // Cut, so that the machine can be read in a narrow side bar.
    label: place ? shortTitle({ title: name, loopId: id }) : name,
    description,
    spoken: `Folder ${name}, ${description.replaceAll(' · ', ', ')}`,
    icon: { id: place ? 'vm' : gone ? 'folder' : 'multiple-windows' },
    // Only what is on this machine can be opened here.
    context: `folder ${place ? 'machine' : gone ? 'gone' : 'elsewhere'}`,
    children: 'expanded',
    isLive: false,
  };
}
