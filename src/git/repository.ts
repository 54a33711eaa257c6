import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { NoRepositoryReason } from '../core/model/workTree.ts';
import type { RepositoryLook } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';

/** The oldest Git whose work trees and indexes we rely on. */
const OLDEST = [2, 35] as const;

/**
 * Looks for the repository that `cwd` is in, and for what keeps it from having work trees of its own (R12.1). Never
 * rejects.
 */
export async function lookForRepository(git: Git, cwd: string): Promise<RepositoryLook> {
  if (!(await isFolder(cwd))) return none('unknown', `The folder ${cwd} cannot be looked at.`);
  const version = await git.try(['--version'], { cwd });
  if (version.code === undefined) {
    return none('git-missing', 'Git was not found: install it, or submit the loop to run in the folder itself.');
  }
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version.stdout) ?? []).slice(1).map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return none(
      'git-too-old',
      `Git ${major}.${minor} is too old for work trees of loops: ${OLDEST.join('.')} or later is needed.`,
    );
  }
  const facts = await git.try(
    ['rev-parse', '--is-bare-repository', '--is-inside-work-tree', '--git-common-dir', '--show-prefix'],
    { cwd },
  );
  if (facts.code !== 0) {
    const said = facts.stderr.trim();
    if (/not a git repository/i.test(said)) {
      return none(
        'not-a-repository',
        `${cwd} is not in a Git repository: run "git init" and commit, or submit the loop to run in the folder itself.`,
      );
    }
    if (/dubious ownership/.test(said)) {
      return none(
        'unknown',
        `The repository of ${cwd} belongs to another user: add it to safe.directory in your Git settings.`,
      );
    }
    return none('unknown', `Git could not look at ${cwd}: ${said}`);
  }
  const [bare, inside, common = '', prefix = ''] = facts.stdout.split('\n');
  if (bare === 'true' || inside !== 'true') {
    return none('bare', `${cwd} is in a bare repository, which has no files to work on: choose a folder of a clone.`);
  }
  const [root, head, branch] = await Promise.all([
    git.run(['rev-parse', '--show-toplevel'], { cwd }),
    git.try(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd }),
    git.try(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd }),
  ]).catch(
    (error: unknown) => [error instanceof Error ? error : new Error(String(error)), undefined, undefined] as const,
  );
  if (root instanceof Error) return none('unknown', root.message);
  if (head?.code !== 0) {
    return none('unborn', `The repository of ${cwd} has no commit yet: commit something first.`);
  }
  return {
    kind: 'repository',
    repository: {
      root: resolve(root),
      commonFolder: resolve(cwd, common),
      head: head.stdout.trim(),
      ...(branch?.code === 0 && { branch: branch.stdout.trim() }),
      prefix: prefix.replace(/\/$/, ''),
    },
  };
}

function none(reason: NoRepositoryReason, message: string): RepositoryLook {
  return { kind: 'none', reason, message };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
