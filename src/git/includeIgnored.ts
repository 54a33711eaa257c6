import { constants, existsSync } from 'node:fs';
import { copyFile, lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Git } from './git.ts';

/** Names ignored files that a new work tree needs, in gitignore syntax, as other tools read it too. */
const FILE = '.worktreeinclude';

/**
 * Copies what `.worktreeinclude` names into a new work tree: ignored files only, and nothing from outside the
 * repository (R12.2).
 */
export async function includeIgnored(git: Git, root: string, path: string): Promise<void> {
  const list = join(root, FILE);
  if (!existsSync(list)) return;
  const listed = ['ls-files', '--others', '--ignored', '-z'];
  const [named, ignored] = await Promise.all([
    git.run([...listed, `--exclude-from=${list}`], { cwd: root }),
    git.run([...listed, '--exclude-standard'], { cwd: root }),
  ]);
  const isIgnored = new Set(ignored.split('\0'));
  const top = await realpath(root);
  for (const file of named.split('\0')) {
    if (file !== '' && isIgnored.has(file)) await copyWithin(top, file, path);
  }
}

async function copyWithin(top: string, file: string, path: string): Promise<void> {
  const from = join(top, file);
  const facts = await lstat(from).catch(() => undefined);
  // A link could lead out of the repository, and so could a folder on the way.
  if (!facts?.isFile() || !(await realpath(from)).startsWith(top + sep)) return;
  const to = join(path, file);
  if (existsSync(to)) return;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
