import { existsSync } from 'node:fs';
import type { PushPlan, PushRemote, PushResult, WorkTree } from '../core/ports/workTrees.ts';
import { commitRest, type LoopName } from './bringHome.ts';
import {
  type Comparison,
  comparePage,
  type Hosted,
  hostedAt,
  mayBeGitHub,
  pageNamedBy,
  withoutSecret,
} from './comparePage.ts';
import type { Git } from './git.ts';
import { whatKeepsWorkTree } from './ownBranch.ts';

/** Ssh asks on the terminal even where Git does not: it is made to ask a program, and there is none. */
export const NO_QUESTIONS = { SSH_ASKPASS_REQUIRE: 'force' };
/** How long (ms) `gh` may take to print a page's address. */
const GH_MS = 20_000;

const NOT_LET_IN =
  /could not read (?:Username|Password)|Authentication failed|Permission denied|terminal prompts disabled|Host key verification failed|ssh_askpass/i;
const NOT_REACHED = /Could not resolve host|unable to access|Connection (?:refused|timed out)|Could not connect/i;
const OTHER_COMMITS = /\[rejected\]|non-fast-forward|fetch first/;

/** What pushing the branch of a work tree would do, without changing anything (R12.4). */
export async function planPush(git: Git, root: string, tree: WorkTree): Promise<PushPlan> {
  const { path, branch, base } = tree;
  const blocked = (message: string) => ({ kind: 'blocked', message }) as const;
  if (!existsSync(root)) return blocked(`The folder ${root} is gone: open the repository where it is now.`);
  if (!existsSync(path))
    return blocked(
      `The work tree ${path} is gone. Its branch ${branch} may still hold the commits: push that by hand.`,
    );
  const names = lines(await git.run(['remote'], { cwd: root }));
  if (names.length === 0)
    return blocked(
      `The repository ${root} has no remote to push to: add one with "git remote add origin <address>", ` +
        'or merge the work.',
    );
  const kept = await whatKeepsWorkTree(git, tree);
  if (kept !== undefined) return blocked(kept);
  const [commits, rest] = await Promise.all([
    git.run(['rev-list', '--count', `${base}..HEAD`], { cwd: path }),
    git.run(['status', '--porcelain', '-z', '--no-renames'], { cwd: path }),
  ]);
  const uncommitted = rest.split('\0').filter(Boolean).length;
  if (Number(commits) + uncommitted === 0) return blocked('It has changed nothing: there is nothing to push.');
  const usual = await usualRemote(git, root, names);
  const remotes = await Promise.all(
    [usual, ...names.filter((name) => name !== usual)].map((name) => lookAt(git, root, name)),
  );
  return { kind: 'ready', branch, remotes, commits: Number(commits), uncommitted };
}

/**
 * Pushes the branch of a work tree, never by force, with the user's hooks. The user has confirmed remote and branch.
 */
export async function push(
  git: Git,
  root: string,
  workTree: WorkTree,
  remote: string,
  loop: LoopName,
): Promise<PushResult> {
  const plan = await planPush(git, root, workTree);
  if (plan.kind === 'blocked') return { kind: 'refused', message: plan.message };
  await commitRest(git, workTree, loop);
  const ref = `refs/heads/${workTree.branch}`;
  const user = { cwd: root, asUser: true, env: NO_QUESTIONS };
  const pushed = await git.try(['push', '--porcelain', '--', remote, `${ref}:${ref}`], user);
  const said = `${pushed.stdout}\n${pushed.stderr}`;
  if (pushed.code !== 0) return { kind: 'refused', message: whyNotPushed(said, remote, workTree.branch, root) };
  const into = plan.remotes.find(({ name }) => name === remote)?.into;
  const page = await pageOf(git, root, remote, { branch: workTree.branch, into }, said, loop);
  return { kind: 'pushed', ...(page !== undefined && { page }) };
}

async function lookAt(git: Git, root: string, name: string): Promise<PushRemote> {
  const [address, into] = await Promise.all([addressOf(git, root, name), branchInto(git, root, name)]);
  return { name, address: withoutSecret(address), ...(into !== undefined && { into }) };
}

/** Where a remote is pushed to; a password may be in it. */
export function addressOf(git: Git, root: string, name: string): Promise<string> {
  return git.run(['remote', 'get-url', '--push', '--', name], { cwd: root });
}

/** The remote that a plain `git push` of the checked-out branch would go to. */
async function usualRemote(git: Git, root: string, names: readonly string[]): Promise<string> {
  const current = await currentBranch(git, root);
  const keys = [`branch.${current}.pushRemote`, 'remote.pushDefault', `branch.${current}.remote`];
  const set = await Promise.all(keys.map((key) => setting(git, root, key)));
  return [...set, 'origin'].find((name) => name !== undefined && names.includes(name)) ?? names[0] ?? '';
}

/**
 * The branch of a remote that the checked-out one follows, or that has its name; undefined for the remote's default
 * one, which the host knows better.
 */
async function branchInto(git: Git, root: string, remote: string): Promise<string | undefined> {
  const current = await currentBranch(git, root);
  if (current === '') return undefined;
  const [follows, merge, isThere, head] = await Promise.all([
    setting(git, root, `branch.${current}.remote`),
    setting(git, root, `branch.${current}.merge`),
    git.try(['rev-parse', '--verify', '--quiet', `refs/remotes/${remote}/${current}`], { cwd: root }),
    git.try(['symbolic-ref', '--quiet', `refs/remotes/${remote}/HEAD`], { cwd: root }),
  ]);
  const followed = follows === remote ? merge?.replace(/^refs\/heads\//, '') : undefined;
  const into = followed ?? (isThere.code === 0 ? current : undefined);
  return head.stdout.trim() === `refs/remotes/${remote}/${into}` ? undefined : into;
}

async function currentBranch(git: Git, root: string): Promise<string> {
  return (await git.try(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: root })).stdout.trim();
}

async function setting(git: Git, root: string, key: string): Promise<string | undefined> {
  const { code, stdout } = await git.try(['config', '--get', key], { cwd: root });
  return code === 0 ? stdout.trim() : undefined;
}

/** Why Git did not push, and what to do. `said`: its words. */
export function whyNotPushed(said: string, remote: string, branch: string, root: string): string {
  const text = withoutAddresses(said);
  const inTerminal = `"git push ${remote} ${branch}" in a terminal in ${root}`;
  if (OTHER_COMMITS.test(text))
    return (
      `${remote} has a branch ${branch} with other commits, which stay as they are: ` +
      'rename or delete it there first.'
    );
  if (NOT_LET_IN.test(text))
    return `${remote} did not let you in. Log in once with ${inTerminal}, then try again. Git said: ${lastOf(text)}`;
  if (NOT_REACHED.test(text))
    return `${remote} cannot be reached: check the network and its address, then try again. Git said: ${lastOf(text)}`;
  return `Git did not push ${branch} to ${remote}: ${lastOf(text)}. Try ${inTerminal}`;
}

function withoutAddresses(text: string): string {
  return text.replace(/\w+:\/\/\S+/g, withoutSecret);
}

function lastOf(text: string): string {
  const told = lines(text).filter((line) => !/^(?:To |Done$|hint:)/.test(line));
  return told.slice(-4).join(' ').replace(/\.$/, '') || 'it said nothing';
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Where the pull request can be written: as `gh` names it, as we know it of the host, or as the host named it. */
async function pageOf(
  git: Git,
  root: string,
  remote: string,
  comparison: Comparison,
  said: string,
  loop: LoopName,
): Promise<string | undefined> {
  const hosted = hostedAt(await addressOf(git, root, remote));
  if (!hosted) return undefined;
  const byGh = mayBeGitHub(hosted) ? await pageOfGh(git, root, hosted, comparison, loop) : undefined;
  return byGh ?? comparePage(hosted, comparison) ?? pageNamedBy(said, hosted);
}

/** `gh` knows forks and hosts of companies. It only names the page, because it "opens" it with `echo`. */
async function pageOfGh(
  git: Git,
  root: string,
  { host, path }: Hosted,
  { branch, into }: Comparison,
  { title, loopId }: LoopName,
): Promise<string | undefined> {
  const head = `${path.split('/')[0]}:${branch}`;
  const texts = ['--title', title, '--body', `Loop-Id: ${loopId}`];
  const how = ['pr', 'create', '--web', '--head', head, ...texts, ...(into === undefined ? [] : ['--base', into])];
  const env = { GH_BROWSER: 'echo', GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' };
  const { code, stdout } = await git.companion('gh', how, { cwd: root, env, timeoutMs: GH_MS });
  const link =
    stdout
      .split('\n')
      .find((line) => line.startsWith('https://'))
      ?.trim() ?? '';
  // It may think of another remote than the one that was pushed to.
  return code === 0 && URL.canParse(link) && new URL(link).hostname === host ? link : undefined;
}
