import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAt } from '../core/model/looks.ts';
import type { UnsavedWork, WorkTree } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';

const MOST_PATHS = 1_000;

/** What exists only in a work tree: while there is any, the work tree is never removed without asking (R12.6). */
export async function unsavedWork(git: Git, root: string, tree: WorkTree): Promise<UnsavedWork> {
  const { path } = tree;
  const commits = await commitsOnlyOn(git, root, tree);
  if (!isThere(path)) return { uncommitted: [], ignored: [], commits };
  const [status, ignored] = await Promise.all([
    git.run(['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all'], { cwd: path }),
    ignoredIn(git, path),
  ]);
  const fromSetUp = new Set(await ignoredBefore(git, path));
  return {
    uncommitted: paths(status).map((line) => line.slice(3)),
    ignored: ignored.filter((name) => !fromSetUp.has(name)).slice(0, MOST_PATHS),
    commits,
  };
}

/** Whether a folder is there. @throws Error where that cannot be seen: it may hold work. */
function isThere(path: string): boolean {
  const look = lookAt(() => statSync(path));
  if (look.state === 'unknown') throw new Error(`The work tree ${path} cannot be looked at: ${look.why}.`);
  return look.state === 'there';
}

/** Written into a work tree's Git folder: the ignored files that were there when its set-up was complete. */
const IGNORED = 'loop-supervisor-ignored';

/** Records which ignored files come from the set-up: they are not the loop's work. */
export async function noteIgnored(git: Git, path: string): Promise<void> {
  await writeFile(await ignoredFile(git, path), (await ignoredIn(git, path)).join('\0'));
}

async function ignoredBefore(git: Git, path: string): Promise<string[]> {
  const noted = await readFile(await ignoredFile(git, path), 'utf8').catch(() => '');
  return noted.split('\0').filter(Boolean);
}

async function ignoredFile(git: Git, path: string): Promise<string> {
  return join(await git.run(['rev-parse', '--absolute-git-dir'], { cwd: path }), IGNORED);
}

async function ignoredIn(git: Git, path: string): Promise<string[]> {
  const how = ['--others', '--ignored', '--exclude-standard', '--directory', '-z'];
  return (await git.run(['ls-files', ...how], { cwd: path })).split('\0').filter(Boolean);
}

function paths(text: string): string[] {
  return text.split('\0').filter(Boolean).slice(0, MOST_PATHS);
}

/**
 * Commits that would be lost with the work tree and its branch: no other branch, tag or remote has them. Those on a
 * detached HEAD count too.
 */
async function commitsOnlyOn(git: Git, root: string, { path, branch, base }: WorkTree): Promise<number> {
  const [own, head] = await Promise.all([
    git.try(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd: root }),
    isThere(path) ? git.try(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: path }) : undefined,
  ]);
  const tips = [own, head].flatMap((found) => (found?.code === 0 ? [found.stdout.trim()] : []));
  if (tips.length === 0) return 0;
  const others = [`--exclude=${branch}`, '--branches', '--tags', '--remotes'];
  const since = base === '' ? [] : [`^${base}`];
  return Number(await git.run(['rev-list', '--count', ...tips, ...since, '--not', ...others], { cwd: root }));
}
