import { existsSync } from 'node:fs';
import type { UnsavedWork, WorkTree } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';

const MOST_PATHS = 1_000;

/** What a work tree holds that is nowhere else: it is never removed without a question while there is any (R12.6). */
export async function unsavedWork(git: Git, root: string, { path, branch, base }: WorkTree): Promise<UnsavedWork> {
  const commits = await commitsOnlyOn(git, root, branch, base);
  if (!existsSync(path)) return { uncommitted: [], ignored: [], commits };
  const [status, ignored] = await Promise.all([
    git.run(['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all'], { cwd: path }),
    git.run(['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z'], { cwd: path }),
  ]);
  return {
    uncommitted: paths(status).map((line) => line.slice(3)),
    ignored: paths(ignored),
    commits,
  };
}

function paths(text: string): string[] {
  return text.split('\0').filter(Boolean).slice(0, MOST_PATHS);
}

/** Commits that would be lost with the branch: no other branch, tag or remote has them. */
async function commitsOnlyOn(git: Git, root: string, branch: string, base: string): Promise<number> {
  const others = [`--exclude=${branch}`, '--branches', '--tags', '--remotes'];
  const count = await git.try(['rev-list', '--count', `refs/heads/${branch}`, `^${base}`, '--not', ...others], {
    cwd: root,
  });
  return count.code === 0 ? Number(count.stdout.trim()) : 0;
}
