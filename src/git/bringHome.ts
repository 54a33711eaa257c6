import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BringHomeResult, BringHomeWay, WorkTree } from '../core/ports/workTrees.ts';
import { guardCheckout, lackOfSpace } from './checkoutGuard.ts';
import { enterCheckout, type HomeParts } from './enterCheckout.ts';
import { adviceFor, type Git, type GitResult } from './git.ts';
import { whatBlocks, whatIsGone } from './homeBlockers.ts';
import { forgetLeft, type HomeClaim, type HomeStep } from './homeClaims.ts';
import { notedTree, patchFile, patchOf, whatComes } from './homeComing.ts';
import { bringBranchAlong } from './ownBranch.ts';
import { type Checkout, forgetMerge, recoverHome, unmergedIn } from './recoverHome.ts';

/** The loop whose work is brought home. */
export interface LoopName {
  readonly loopId: string;
  readonly title: string;
}

/**
 * Brings the work of a work tree into the checkout at `root`. Refuses with a sentence before anything changes; if Git
 * fails half-way, the checkout is restored (R12.4). What a host that was cut off has brought counts.
 */
export async function bringHome(
  parts: HomeParts,
  root: string,
  workTree: WorkTree,
  way: BringHomeWay,
  loop: LoopName & { readonly seq: number },
): Promise<BringHomeResult> {
  const gone = await whatIsGone(parts.git, root, workTree);
  if (gone !== undefined) return { kind: 'refused', message: gone };
  const checkout = await parts.checkoutOf(root);
  const details = { workTree: workTree.path, name: `${loop.seq}/home` };
  const entered = await enterCheckout(parts, checkout, loop.loopId, details);
  if (entered.kind === 'refused') return entered;
  const { claim, found } = entered;
  // Until Git is known to have come to its end, what it does is to be settled by whoever comes next.
  let isSettled = true;
  try {
    if (found) {
      await forgetLeft(found.note);
      return found.what.kind === 'home' ? { ...found.what, kind: 'done' } : found.what;
    }
    const ready = await prepare(parts, checkout, workTree, way, loop, claim);
    if (ready.kind !== 'ready') return ready;
    isSettled = false;
    await claim.note({ step: ready.step });
    const patch = way === 'apply' ? await writePatch(parts, checkout, ready.step) : '';
    const result = await bringIn({ ...parts, checkout, claim, patch }, way, workTree.branch, messageOf(loop));
    if (patch) await rm(patch, { force: true });
    if (result.kind === 'nothing') await forgetMerge(parts.git, checkout, ready.step, true);
    if (result.kind !== 'refused') {
      isSettled = true;
      return result;
    }
    const store = parts.storeOf(checkout.commonFolder);
    const recovered = await recoverHome({ ...parts, store, checkout }, claim.details, true);
    isSettled = recovered.kind !== 'left';
    if (recovered.kind === 'home') return { kind: 'done', commit: recovered.commit };
    return 'message' in recovered ? { kind: 'refused', message: `${result.message} ${recovered.message}` } : result;
  } finally {
    await claim.release(isSettled);
  }
}

/** Sees whether it may be, commits what the agent left, and notes what stands in the checkout. */
async function prepare(
  { git, storeOf }: HomeParts,
  checkout: Checkout,
  workTree: WorkTree,
  way: BringHomeWay,
  loop: LoopName,
  claim: HomeClaim,
): Promise<{ readonly kind: 'ready'; readonly step: HomeStep } | BringHomeResult> {
  const { root } = checkout;
  const { branch } = workTree;
  const blocked = await whatBlocks(git, checkout, workTree, way);
  if (blocked !== undefined) return { kind: 'refused', message: blocked };
  await commitRest(git, workTree, loop, true, claim.noteGit);
  const tip = await git.run(['rev-parse', `refs/heads/${branch}`], { cwd: root });
  const head = await git.run(['rev-parse', 'HEAD'], { cwd: root });
  const ahead = await git.run(['rev-list', '--count', `${head}..${tip}`], { cwd: root });
  if (ahead === '0') return { kind: 'nothing' };
  const lacks = await lackOfSpace(git, root, branch);
  if (lacks !== undefined) return { kind: 'refused', message: lacks };
  const store = storeOf(checkout.commonFolder);
  const { paths } = await whatComes(git, store, root, way, { head, tip, branch });
  const guard = await guardCheckout(git, store, checkout, claim.details.name, paths);
  const noted = await notedTree(checkout);
  const step = { way, loopId: loop.loopId, branch, tip, head, ...guard, ...(noted !== undefined && { noted }) };
  return { kind: 'ready', step };
}

/** What Git is begun with in a user's checkout. */
interface Bringing {
  readonly git: Git;
  readonly checkout: Checkout;
  readonly claim: HomeClaim;
  /** The file of the patch that is applied. */
  readonly patch: string;
}

/** What Git does for each way. `refused`: it failed, perhaps half-way. */
async function bringIn(
  { git, checkout, claim, patch }: Bringing,
  way: BringHomeWay,
  branch: string,
  message: string,
): Promise<BringHomeResult> {
  const { root } = checkout;
  const user = { cwd: root, asUser: true, before: claim.noteGit } as const;
  // Its user's own changes are in other files, and stay where they are.
  const merge = ['merge', '--no-autostash'];
  if (way === 'merge') {
    return ended(git, root, await git.try([...merge, '--no-ff', '--no-edit', '-m', message, branch], user));
  }
  if (way === 'apply') return apply(git, root, patch, claim);
  const squashed = await git.try([...merge, '--squash', '--ff', branch], user);
  const result = await ended(git, root, squashed);
  if (result.kind !== 'done') return result;
  const nothing = await git.try(['diff', '--cached', '--quiet'], { cwd: root });
  if (nothing.code === 0) return { kind: 'nothing' };
  return ended(git, root, await git.try(['commit', '--quiet', '-m', message], user));
}

/** Whether bringing work home has stopped at conflicts in a checkout. Rejects if that cannot be determined. */
export async function isStopped(git: Git, root: string, way: BringHomeWay): Promise<boolean> {
  const gitFolder = await git.run(['rev-parse', '--absolute-git-dir'], { cwd: root });
  if (way === 'merge') return existsSync(join(gitFolder, 'MERGE_HEAD'));
  return (await git.run(['ls-files', '--unmerged'], { cwd: root })) !== '';
}

/** Undoes a merge that stopped at conflicts. The user's uncommitted work stays. */
export async function abortBringHome(git: Git, root: string, way: BringHomeWay): Promise<void> {
  // `reset --merge` would discard what the user has staged since.
  if (!(await isStopped(git, root, way)))
    throw new Error(`No merge is under way in ${root} any more: there is nothing to abort.`);
  // A squash, or an apply, has no MERGE_HEAD to abort: `reset --merge` puts back what it changed and keeps the rest.
  await git.run(way === 'merge' ? ['merge', '--abort'] : ['reset', '--merge'], { cwd: root, asUser: true });
}

/**
 * Commits what the agent left uncommitted to the branch of the loop, with its title and a trailer that names it.
 * Returns whether there was anything to commit. `asUser`: with the user's hooks.
 */
export async function commitRest(
  git: Git,
  tree: WorkTree,
  loop: LoopName,
  asUser = true,
  before?: (pid: number) => Promise<void>,
): Promise<boolean> {
  const { path } = tree;
  const how = { cwd: path, asUser, ...(before && { before }) };
  await bringBranchAlong(git, tree);
  const rest = await git.run(['status', '--porcelain', '-z'], { cwd: path });
  if (rest === '') return false;
  await git.run(['add', '--all'], how);
  await git.run(['commit', '--quiet', '-m', messageOf(loop)], how);
  return true;
}

export function messageOf({ title, loopId }: LoopName): string {
  const subject = title.replace(/\s+/g, ' ').trim();
  return `${subject.length > 72 ? `${subject.slice(0, 71).trimEnd()}…` : subject}\n\nLoop-Id: ${loopId}`;
}

/** The merge of the branch as uncommitted changes, on top of the user's own. */
async function apply(git: Git, root: string, patch: string, claim: HomeClaim): Promise<BringHomeResult> {
  const user = { cwd: root, asUser: true, before: claim.noteGit } as const;
  const check = await git.try(['apply', '--check', patch], { cwd: root });
  if (check.code === 0) {
    const applied = await git.try(['apply', '--whitespace=nowarn', patch], user);
    return applied.code === 0 ? { kind: 'done' } : failed(root, applied);
  }
  return ended(git, root, await git.try(['apply', '--3way', '--whitespace=nowarn', patch], user));
}

/** A file, and not a pipe: Git would take the end of a dead host's for the end of the patch. */
async function writePatch({ git, storeOf }: HomeParts, checkout: Checkout, step: HomeStep): Promise<string> {
  const file = patchFile(storeOf(checkout.commonFolder), step.tip);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await patchOf(git, checkout.root, step.head, step.tip));
  return file;
}

async function ended(git: Git, root: string, result: GitResult): Promise<BringHomeResult> {
  if (result.code === 0) {
    return { kind: 'done', commit: await git.run(['rev-parse', 'HEAD'], { cwd: root }) };
  }
  const paths = await unmergedIn(git, root);
  return paths.length > 0 ? { kind: 'conflicts', paths } : failed(root, result);
}

function failed(root: string, { stderr, stdout }: GitResult): BringHomeResult {
  const said = (stderr || stdout).trim().split('\n').slice(0, 6).join(' ');
  return { kind: 'refused', message: `Git did not bring the changes in: ${said}${adviceFor(stderr, root)}.` };
}
