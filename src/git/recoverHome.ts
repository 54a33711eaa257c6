import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { untilIdle } from './atWork.ts';
import { removeDeadLocks } from './deadLocks.ts';
import type { Git } from './git.ts';
import type { HomeStep, LeftHome } from './homeClaims.ts';
import { patchFile, whatCame, whatComes } from './homeComing.ts';
import { isGone, type Processes } from './processes.ts';
import { type HalfWay, isWhole, rollBack, stagedIn } from './rollBack.ts';
import type { CheckoutFolders } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** A checkout, and the Git folder that all work trees of its repository share. */
export interface Checkout extends CheckoutFolders {
  readonly commonFolder: string;
}

export interface RecoverParts {
  readonly git: Git;
  readonly processes: Processes;
  readonly store: SnapshotStore;
  readonly checkout: Checkout;
}

/**
 * What stands in a checkout after bringing work home was cut off there. `home`: the work is in. `conflicts`: Git has
 * come to its conflicts, and the rest is the user's. `before`: the checkout is as it was, or its user has gone on
 * since. `kept`: as before, but for files that were changed since. `left`: it could not be settled now.
 */
export type Recovered =
  | { readonly kind: 'home'; readonly commit: string }
  | { readonly kind: 'conflicts'; readonly paths: readonly string[] }
  | { readonly kind: 'before'; readonly found?: string }
  | { readonly kind: 'kept'; readonly message: string }
  | { readonly kind: 'left'; readonly message: string };

/**
 * Settles what was cut off in a checkout (R12.4). It waits for a Git that is still at work, never writes where one is,
 * and rolls back only while the commit is checked out that was so before. `hasFailed`: Git is known to have ended by
 * itself, with neither its work done nor conflicts.
 */
export async function recoverHome(
  parts: RecoverParts,
  note: Pick<LeftHome, 'git' | 'step' | 'name' | 'workTree'>,
  hasFailed = false,
): Promise<Recovered> {
  const { git, processes, checkout } = parts;
  const { root } = checkout;
  if (note.git) {
    const atWork = note.git;
    const isIdle = await untilIdle(async () => !(await isGone(processes, atWork)));
    const where = note.step ? root : note.workTree;
    const left = `A Git process that a closed window left behind (${atWork.pid}) still works in ${where}`;
    const message = `${left}: wait for it to finish.`;
    if (!isIdle) return { kind: 'left', message };
    await unlockWorkTree(parts, note.workTree);
  }
  if (!note.step) return { kind: 'before' };
  const ref = await git.try(['symbolic-ref', '--quiet', 'HEAD'], { cwd: root });
  const locked = await removeDeadLocks(processes, checkout, ref.stdout.trim());
  if (locked !== undefined) return { kind: 'left', message: locked };
  await rm(patchFile(parts.store, note.step.tip), { force: true });
  return settle(parts, note.step, note.name, hasFailed);
}

/** What is killed while it commits the rest leaves the index of the loop's work tree locked. */
async function unlockWorkTree({ git, processes }: RecoverParts, path: string): Promise<void> {
  if (!existsSync(path)) return;
  const asked = ['rev-parse', '--path-format=absolute', '--absolute-git-dir', '--git-common-dir'];
  const folders = await git.try(asked, { cwd: path });
  const ref = await git.try(['symbolic-ref', '--quiet', 'HEAD'], { cwd: path });
  const [gitFolder = '', commonFolder = ''] = folders.stdout.split('\n');
  if (folders.code === 0) await removeDeadLocks(processes, { root: path, gitFolder, commonFolder }, ref.stdout.trim());
}

async function settle(parts: RecoverParts, step: HomeStep, name: string, hasFailed: boolean): Promise<Recovered> {
  const { git, store, checkout } = parts;
  const { root } = checkout;
  const head = await git.run(['rev-parse', 'HEAD'], { cwd: root });
  if (await isHome(git, root, step, head)) {
    await forgetMerge(git, checkout, step, false);
    return { kind: 'home', commit: head };
  }
  // Its user has gone on: what stands there is theirs.
  if (head !== step.head) return { kind: 'before' };
  try {
    const coming = await whatCame(git, checkout, step, await whatComes(git, store, root, step.way, step));
    const half = { folders: checkout, step, name, coming };
    if (!hasFailed) {
      if (step.way === 'apply' && (await isWhole(git, store, half))) return { kind: 'home', commit: head };
      if (await hasStopped(git, store, checkout, half)) {
        const paths = await unmergedIn(git, root);
        return paths.length > 0 ? { kind: 'conflicts', paths } : { kind: 'before' };
      }
    }
    const { kept, found } = await rollBack(git, store, half);
    await forgetMerge(git, checkout, step, found !== undefined);
    if (kept.length > 0) return { kind: 'kept', message: keptText(root, kept) };
    return { kind: 'before', ...(found !== undefined && { found }) };
  } catch (error) {
    return { kind: 'left', message: leftText(store, root, step, error) };
  }
}

/** Whether the work is among what is committed. */
async function isHome(git: Git, root: string, { way, head, tip, loopId }: HomeStep, now: string): Promise<boolean> {
  if (now === head) return false;
  if (way === 'merge') return (await git.try(['merge-base', '--is-ancestor', tip, now], { cwd: root })).code === 0;
  const format = '--format=%(trailers:key=Loop-Id,valueonly)';
  const since = await git.try(['log', '--first-parent', format, `${head}..${now}`], { cwd: root });
  return way === 'squash' && since.stdout.split('\n').includes(loopId);
}

/**
 * Whether Git came to its end at conflicts, which its user may have resolved since. Where nobody can tell beforehand
 * that there will be any, it is taken to have, because what is staged may be somebody's work.
 */
async function hasStopped(git: Git, store: SnapshotStore, checkout: Checkout, half: HalfWay): Promise<boolean> {
  const { step, coming } = half;
  if (coming.conflicts === false) return false;
  if (step.way === 'merge') return isMerging(checkout, step);
  const { ofGit, changed } = await stagedIn(git, store, half);
  return ofGit.length + changed.length > 0;
}

/** Paths at conflicts. `git diff` would write the index, for which there may be no space. */
export async function unmergedIn(git: Git, root: string): Promise<string[]> {
  const unmerged = await git.run(['ls-files', '--unmerged', '-z'], { cwd: root });
  return [...new Set(unmerged.split('\0').flatMap((entry) => entry.split('\t')[1] ?? []))];
}

/** Whether the merge that is under way in a checkout is this one. */
async function isMerging({ gitFolder }: Checkout, { tip }: HomeStep): Promise<boolean> {
  return (await readFile(join(gitFolder, 'MERGE_HEAD'), 'utf8').catch(() => '')).trim() === tip;
}

/** Has Git forget a merge or squash of ours; files and index stay. `hasBegun`: what Git left of one is ours. */
export async function forgetMerge(git: Git, checkout: Checkout, step: HomeStep, hasBegun: boolean): Promise<void> {
  const { root, gitFolder } = checkout;
  if (step.way === 'apply') return;
  const isUnderWay = existsSync(join(gitFolder, 'MERGE_HEAD'));
  if (isUnderWay ? await isMerging(checkout, step) : hasBegun) await git.run(['merge', '--quit'], { cwd: root });
  const message = join(gitFolder, 'SQUASH_MSG');
  if ((await readFile(message, 'utf8').catch(() => '')).includes(step.tip)) await rm(message, { force: true });
}

function keptText(root: string, kept: readonly string[]): string {
  const named = kept.length > 3 ? `${kept.slice(0, 3).join(', ')} and ${kept.length - 3} more` : kept.join(', ');
  return (
    `Bringing work into ${root} was cut off half-way. It was rolled back, except for files changed since (${named}): ` +
    'look at them, commit or discard them, then try again.'
  );
}

function leftText(store: SnapshotStore, root: string, { commit }: HomeStep, error: unknown): string {
  const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  const from = commit === undefined ? 'git' : `git --git-dir="${store.folder}" --work-tree="${root}"`;
  return (
    `${root} is not as it was, and could not be rolled back (${why}). Free some space and try again, ` +
    `or run there: ${from} checkout ${commit ?? 'HEAD'} -- .`
  );
}
