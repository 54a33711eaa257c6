import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { noteAtWork } from './atWork.ts';
import type { Git } from './git.ts';

/**
 * Sets up those submodules in a new work tree that the user's checkout has, from its own copies: no network is needed
 * (R12.1).
 */
export async function setUpSubmodules(git: Git, root: string, path: string): Promise<void> {
  if (!existsSync(join(path, '.gitmodules'))) return;
  const common = await git.run(['rev-parse', '--path-format=absolute', '--git-common-dir'], { cwd: root });
  const status = await git.try(['submodule', 'status'], { cwd: root });
  for (const line of status.stdout.split('\n')) {
    // "-" marks one that the user has not set up either.
    const folder = /^[ +U][0-9a-f]+ (.*?)(?: \(.*\))?$/.exec(line)?.[1];
    if (folder === undefined) continue;
    const name = await nameOf(git, path, folder);
    const copy = join(common, 'modules', ...(name ?? folder).split('/'));
    if (name === undefined || !existsSync(copy)) continue;
    const fromCopy = ['-c', `submodule.${name}.url=${copy}`, '-c', 'protocol.file.allow=always'];
    const setUp = [...fromCopy, 'submodule', '--quiet', 'update', '--init', '--', folder];
    await git.run(setUp, { cwd: path, onStart: noteAtWork(path) });
    await git.try(['submodule', '--quiet', 'sync', '--', folder], { cwd: path });
  }
}

async function nameOf(git: Git, path: string, folder: string): Promise<string | undefined> {
  const args = ['config', '--null', '--file', join(path, '.gitmodules'), '--get-regexp', '^submodule\\..*\\.path$'];
  const { stdout } = await git.try(args, { cwd: path });
  for (const entry of stdout.split('\0')) {
    const [key = '', value] = entry.split('\n');
    if (value === folder) return /^submodule\.(.*)\.path$/.exec(key)?.[1];
  }
  return undefined;
}
