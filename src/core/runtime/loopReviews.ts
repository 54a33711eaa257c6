import { type Attempt, isOfAgent } from '../model/attempt.ts';
import { UnknownLoopError, WrongStateError } from '../model/errors.ts';
import { isActive, isFinished, type Loop } from '../model/loop.ts';
import type { FileChange, WorkTrees } from '../ports/workTrees.ts';
import type { Engine } from './engine.ts';
import type { FetchedWork } from './fetchedWork.ts';
import { findLoop } from './statusView.ts';

type ReviewParts = Pick<Engine, 'context' | 'liveState' | 'machines'>;

/** Which changes of a loop to show: all of them if neither is given. */
export interface ReviewQuery {
  /** Selects one loop among those with the same id; the latest if absent. */
  readonly seq?: number;
  /** Those of one round, of a loop with a check. */
  readonly round?: number;
  /** Those of one attempt. */
  readonly attempt?: number;
}

/** What a loop has changed, as two snapshots and the files that differ (R12.4). */
export interface Review {
  readonly loopId: string;
  readonly seq: number;
  readonly title: string;
  /** Names the repository: `readSnapshot` takes it. */
  readonly commonFolder: string;
  /** Snapshots (commits) before and after. */
  readonly from: string;
  readonly to: string;
  readonly files: readonly FileChange[];
  /** Files that are too large for a snapshot, the first ones. */
  readonly leftOut: readonly string[];
  /** Other loops ran in the same folder: the changes may be theirs together (R12.3). */
  readonly isShared: boolean;
}

/**
 * Finds what a loop has changed: from before its first run to now, or over one round or attempt (R12.4).
 *
 * @throws WrongStateError where there is nothing to review, with the reason.
 */
export async function review(
  engine: ReviewParts,
  fetched: FetchedWork,
  loopId: string,
  query: ReviewQuery,
): Promise<Review> {
  const { workTrees, store } = engine.context;
  const loop = await findLoop(engine, loopId, query.seq);
  if (!loop) throw new UnknownLoopError(loopId);
  if (!workTrees) throw new WrongStateError(loopId, 'cannot be reviewed: Git cannot be used here');
  const { machines } = engine;
  if (!machines.isHere(loop)) {
    if (query.round !== undefined || query.attempt !== undefined)
      throw new WrongStateError(
        loopId,
        `works on ${machines.nameOf(loop.machine ?? '')}: its rounds and attempts can be reviewed there`,
      );
    return reviewCopy(workTrees, await fetched.here(loop));
  }
  const attempts = await store.attempts(loop.seq);
  const whole = query.round === undefined && query.attempt === undefined;
  const span = whole ? await spanOfLoop(workTrees, loop, attempts) : spanOfRuns(loop, runsOf(attempts, query));
  const files = span.from === span.to ? [] : await workTrees.changes(span.commonFolder, span.from, span.to);
  return {
    ...{ loopId, seq: loop.seq, title: loop.title, ...span, files },
    isShared: await sharesFolder(engine, loop, attempts),
  };
}

/** What a loop did on another machine, as far as it was fetched and changed here since (R16.7). */
async function reviewCopy(workTrees: WorkTrees, loop: Loop): Promise<Review> {
  const { loopId, seq, title, cwd, workTree } = loop;
  if (!workTree) throw nothingToReview(loop, 'it has no work tree');
  const from = workTree.base;
  const { commit: to, commonFolder, leftOut } = await workTrees.snapshot(cwd, `${seq}/now`);
  const files = await workTrees.changes(commonFolder, from, to);
  return { loopId, seq, title, commonFolder, from, to, files, leftOut, isShared: false };
}

type Span = Pick<Review, 'commonFolder' | 'from' | 'to' | 'leftOut'>;

/** From before the first run to now: for a loop that can still change something, now is this moment. */
async function spanOfLoop(workTrees: WorkTrees, loop: Loop, attempts: readonly Attempt[]): Promise<Span> {
  const from = startOf(loop, attempts);
  const { seq, cwd, changes, workTree } = loop;
  // A shared folder keeps changing after the loop has ended; its own work tree does not.
  const isNow = workTree?.made !== undefined || (!isFinished(loop) && !workTree);
  if (isNow && from !== undefined && (await workTrees.isWorkTree(cwd))) {
    const { commit: to, commonFolder, leftOut } = await workTrees.snapshot(cwd, `${seq}/now`);
    return { commonFolder, from, to, leftOut };
  }
  if (!changes) throw nothingToReview(loop, isFinished(loop) ? 'no snapshot was taken of it' : 'it has not begun');
  return { commonFolder: changes.commonFolder, from: changes.start, to: changes.now, leftOut: changes.leftOut ?? [] };
}

function startOf({ changes, workTree }: Loop, attempts: readonly Attempt[]): string | undefined {
  return changes?.start ?? attempts.find(({ treeBefore }) => treeBefore !== undefined)?.treeBefore ?? workTree?.base;
}

function spanOfRuns(loop: Loop, runs: readonly Attempt[]): Span {
  const from = runs.find(({ treeBefore }) => treeBefore !== undefined)?.treeBefore;
  const to = runs.findLast(({ treeAfter }) => treeAfter !== undefined)?.treeAfter;
  const commonFolder = loop.changes?.commonFolder ?? loop.workTree?.commonFolder;
  if (from === undefined || to === undefined || commonFolder === undefined)
    throw nothingToReview(loop, isActive(loop) ? 'that run has not ended yet' : 'no snapshots were taken of that run');
  return { commonFolder, from, to, leftOut: [] };
}

function runsOf(attempts: readonly Attempt[], { round, attempt }: ReviewQuery): readonly Attempt[] {
  if (attempt !== undefined) return attempts.filter(({ number }) => number === attempt);
  return attempts.filter((run) => run.round === round && isOfAgent(run));
}

/** How many runs are searched for others in the same folder. */
const RUNS_LOOKED_AT = 500;

/** Whether others ran in the folder of a loop while it ran. One with its own work tree never shares it. */
async function sharesFolder(
  { context }: ReviewParts,
  { seq, cwd, workTree }: Loop,
  attempts: readonly Attempt[],
): Promise<boolean> {
  const [first] = attempts;
  if (workTree || !first) return false;
  const runs = await context.store.timeline({ from: first.startedAt, limit: RUNS_LOOKED_AT });
  const beside = runs.filter((run) => run.seq !== seq && attempts.some((own) => overlap(own, run)));
  for (const other of new Set(beside.map((run) => run.seq))) {
    const loop = await context.store.bySeq(other);
    if (loop?.cwd === cwd && !loop.workTree) return true;
  }
  return false;
}

function overlap(
  { startedAt, end }: Attempt,
  other: { readonly startedAt: number; readonly endedAt?: number },
): boolean {
  const endedAt = end?.at ?? Number.POSITIVE_INFINITY;
  return other.startedAt < endedAt && startedAt < (other.endedAt ?? Number.POSITIVE_INFINITY);
}

function nothingToReview({ loopId }: Loop, why: string): WrongStateError {
  return new WrongStateError(
    loopId,
    `has no changes to review: ${why}. Changes can be reviewed where a loop runs in a Git repository`,
  );
}
