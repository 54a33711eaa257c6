import { mkdirSync, statSync } from 'node:fs';
import type { StopBy } from '../../core/model/attempt.ts';
import { type Leftovers, NOTHING_LEFT } from '../../core/model/leftovers.ts';
import { type Look, type Seen, there, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { emptied, groupOfRun } from '../contain/runGroup.ts';
import { AgentLogs } from '../guardian/agentLogs.ts';
import type { ReportedEnd } from '../guardian/exitCodes.ts';
import type { FailedStart } from '../launch/failedStart.ts';
import { createOnce, FOLDER_MODE, readJson, sizeOf, writeJson } from '../runFolder/atomicFile.ts';
import { allOrders } from '../runFolder/orderFiles.ts';
import { lookAtClaim, lookAtEnded, lookAtExit, lookAtSeen, lookAtStarted } from '../runFolder/recordSchemas.ts';
import { type CutRecord, type EndedRecord, FORMAT, type RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { findRun } from '../sweep/findProcesses.ts';
import { ownFoldersOfRun } from '../sweep/ownFolders.ts';
import { LEAST_GRACE_MS, type SweepTime, sweep } from '../sweep/sweep.ts';
import { lookByScope } from '../tables/processScope.ts';
import type { ProcessTable } from '../tables/processTable.ts';

export interface LostRunOptions {
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  readonly files: RunFiles;
  readonly token: string;
  /** The leader as the store knows it, for when the folder does not. */
  readonly leader: ProcessIdentity | undefined;
  /** Whether its start is on record: then it is never void, whatever has become of its folder. */
  readonly begun: boolean;
  readonly graceMs: number;
  readonly keep: readonly string[];
  /** Why it was not begun, if that is how it turns out. */
  readonly failedStart?: FailedStart | undefined;
  /** How it ended, as its guardian's exit code says. */
  readonly reported?: ReportedEnd | undefined;
  readonly time?: SweepTime | undefined;
}

/** What the system says where a file is in the place of a folder. */
const NO_FOLDER: readonly (string | undefined)[] = ['EEXIST', 'ENOTDIR'];
const ENDED_FROM_OUTSIDE = 'The guardian of this run was ended from outside, so it is unknown how the agent ended.';

/**
 * Settles a run whose guardian is gone: one that was never claimed is claimed as void, so that nobody starts it late;
 * of any other the processes are ended in the guardian's place. Returns how it ended, and leaves that in the run folder
 * for others. `unknown`: nothing is settled, since nobody can see whether processes of the run are left (R3.1).
 *
 * @throws the error of the file system when the run folder cannot be used, and Error when a record cannot be read:
 * nothing is settled then either.
 */
export async function settleLostRun(options: LostRunOptions): Promise<Seen<EndedRecord>> {
  const { files, log } = options;
  // It may have written its last word just before it went.
  const before = lookAtEnded(files);
  if (before.state === 'there' && before.value.unseen !== undefined)
    return there(await sweepInItsPlace(options, before.value));
  if (before.state !== 'gone') return before;
  const isVoid = !options.begun && claimAsVoid(files);
  const end = isVoid ? await voidRun(options) : await endInItsPlace(options);
  if (end.state === 'unknown') return end;
  try {
    writeJson(files.ended, end.value);
  } catch (error) {
    log(`The end of a run could not be written to ${files.folder}.`, error);
  }
  return end;
}

/**
 * Whether nobody will ever start the run: true for whoever claims it now, and for whoever finds it claimed so.
 *
 * @throws the error of the file system when that cannot be determined.
 */
export function claimAsVoid(files: RunFiles): boolean {
  try {
    // Its window may have gone before it made the folder.
    mkdirSync(files.folder, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    // Where a file is in the way, a guardian cannot claim it either.
    if (NO_FOLDER.includes((error as NodeJS.ErrnoException).code)) return true;
    throw error;
  }
  return createOnce(files.claim, { format: FORMAT, by: 'void' }) || recordIn(lookAtClaim(files))?.by === 'void';
}

/** A guardian that could not look at what was left, for want of descriptors or memory: we may be able to. */
async function sweepInItsPlace(options: LostRunOptions, end: EndedRecord): Promise<EndedRecord> {
  const started = lookAtStarted(options.files);
  const leader = started.state === 'there' ? started.value.leader : options.leader;
  if (!leader || lookByScope(leader, options.table.scope)) return end;
  const left = await endProcesses(options, leader, end.remaining);
  if (left.unseen !== undefined) return end;
  const { unseen: _, ...seen } = end;
  return { ...seen, swept: [...end.swept, ...left.swept], kept: left.kept, remaining: left.remaining };
}

async function voidRun(options: LostRunOptions): Promise<Seen<EndedRecord>> {
  const { files, clock, failedStart = { kind: 'void' } } = options;
  // Its folder may have been removed, with the claim of a guardian that did begin.
  const left = await endProcesses(options, undefined);
  if (left.unseen !== undefined) return unknown(left.unseen);
  const nobody = left.swept.length + left.kept.length + left.remaining.length === 0;
  const facts = nobody ? failedStart : ({ kind: 'lost', error: ENDED_FROM_OUTSIDE } as const);
  const stoppedBy = stopOrdered(files);
  return there({ format: FORMAT, ...facts, exit: {}, at: clock.now(), ...(stoppedBy && { stoppedBy }), ...left });
}

async function endInItsPlace(options: LostRunOptions): Promise<Seen<EndedRecord>> {
  const { files, table, clock } = options;
  const claim = recordIn(lookAtClaim(files));
  const started = recordIn(lookAtStarted(files));
  const exit = recordIn(lookAtExit(files));
  const reported = exit ?? options.reported;
  const leader = started?.leader ?? options.leader;
  // Pids and start times of another boot mean nothing in this one: nothing is signalled by them (R7.5).
  const known = leader ?? claim?.guardian;
  const byScope = known && lookByScope(known, table.scope);
  if (byScope?.state === 'unknown') return byScope;
  const sameBoot = byScope === undefined;
  const before = sameBoot && leader ? await table.look([leader]) : undefined;
  const wasAlive = before !== undefined && before.there.length + before.unknown.length > 0;
  const left = sameBoot ? await endProcesses(options, leader) : NOTHING_LEFT;
  if (left.unseen !== undefined) return unknown(left.unseen);
  const stoppedBy = reported?.stoppedBy ?? stopOrdered(files);
  const error = sameBoot
    ? ENDED_FROM_OUTSIDE
    : 'The machine was restarted while the agent ran, so it is unknown how it ended.';
  return there({
    format: FORMAT,
    kind: reported?.exit ? 'exited' : 'lost',
    exit: reported?.exit ?? {},
    at: exit?.at ?? (wasAlive ? clock.now() : lastSign(files, started?.at ?? clock.now())),
    ...(stoppedBy && { stoppedBy }),
    ...(exit?.foreignSignal && { foreignSignal: exit.foreignSignal }),
    ...(exit?.trouble && { trouble: exit.trouble }),
    ...(!reported?.exit && { error }),
    ...left,
  });
}

/**
 * The record that a look found, if there is one.
 *
 * @throws Error when the look failed: nothing may be decided without it.
 */
function recordIn<T>(look: Look<T>): T | undefined {
  if (look.state === 'unknown') throw new Error(look.why);
  return look.state === 'there' ? look.value : undefined;
}

async function endProcesses(
  { table, token, files, graceMs, keep, time }: LostRunOptions,
  leader: ProcessIdentity | undefined,
  known: readonly ProcessIdentity[] = [],
): Promise<Leftovers> {
  const request = readJson(files.request) as Partial<RunRequest> | undefined;
  const ownFolders = ownFoldersOfRun(files);
  const started = lookAtStarted(files);
  const group = groupOfRun(started.state === 'there' ? started.value.group : undefined, token);
  const marks = { token, leader, folder: files.folder, ownFolders, group, trustGroup: false };
  const before = recordIn(lookAtSeen(files))?.processes ?? [];
  const find = (found: readonly ProcessIdentity[]) =>
    findRun(table, { ...marks, seen: [...known, ...before, ...found] }, { keep, deep: true });
  // Past the log limit (R8.3) nobody gets a grace period.
  const maxBytes = request?.limits?.maxLogBytes ?? 0;
  const isUrgent = () => maxBytes > 0 && (sizeOf(files.stdout) ?? 0) + (sizeOf(files.stderr) ?? 0) > maxBytes;
  const left = await sweep(table, find, { graceMs: Math.max(graceMs, LEAST_GRACE_MS), isUrgent }, time);
  if (isUrgent()) cutLogs(files, maxBytes);
  return group ? emptied(group, left) : left;
}

function cutLogs(files: RunFiles, maxBytes: number): void {
  const logs = new AgentLogs(files.stdout, files.stderr);
  const cut: CutRecord = { format: FORMAT, bytes: logs.bytes(), at: Date.now() };
  logs.cutTo(maxBytes);
  logs.close();
  // After the cut: the flood may have taken the last space on the disk.
  writeJson(files.cut, cut);
}

/** Who had ordered a stop: the orders stay in the folder. */
function stopOrdered(files: RunFiles): StopBy | undefined {
  const stops = allOrders(files).flatMap((order) =>
    order.kind === 'stop' || order.kind === 'signal' ? (order.by ?? []) : [],
  );
  return stops.includes('user') ? 'user' : stops[0];
}

/** When the run last wrote something: the best guess of when it ended. Wall time, ms. */
function lastSign(files: RunFiles, started: number): number {
  const times = [files.stdout, files.stderr].map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && stat.size > 0 ? stat.mtimeMs : 0;
  });
  return Math.round(Math.max(started, ...times));
}
