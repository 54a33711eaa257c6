import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { lookAt } from '../../core/model/looks.ts';
import { readJson } from '../runFolder/atomicFile.ts';
import type { RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';

/**
 * The folders that a loop works in, by their real paths: its working folder, or the repository around it, and its run
 * folder. A program in them is the project's, whatever it is called.
 */
export function ownFoldersOf(cwd: string, runFolder: string): readonly string[] {
  return [repositoryOf(realPath(cwd)), realPath(runFolder)];
}

/** The same of a run by its folder; undefined where its request cannot be read. */
export function ownFoldersOfRun({ request, folder }: RunFiles): readonly string[] | undefined {
  const { cwd } = (readJson(request) ?? {}) as Partial<RunRequest>;
  return typeof cwd === 'string' ? ownFoldersOf(cwd, folder) : undefined;
}

/**
 * Whether a file lies in one of a loop's own folders. What the user's home keeps in hidden folders is never a
 * project's.
 */
export function isOwn(path: string, ownFolders: readonly string[], home = homedir()): boolean {
  return ownFolders.some((folder) => {
    if (!isWithin(path, folder)) return false;
    const isAround = isWithin(home, folder);
    return !isAround || (isWithin(path, home) && !relative(home, path).startsWith('.'));
  });
}

function repositoryOf(folder: string): string {
  for (let at = folder; at !== homedir() && at !== dirname(at); at = dirname(at)) if (isRepository(at)) return at;
  return folder;
}

/** In a work tree `.git` is a file. */
function isRepository(folder: string): boolean {
  const git = lookAt(() => statSync(join(folder, '.git')));
  return git.state === 'there' && (git.value.isFile() || existsSync(join(folder, '.git', 'HEAD')));
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!/^\.\.([/\\]|$)/.test(way) && !isAbsolute(way));
}

function realPath(path: string): string {
  const look = lookAt(() => realpathSync(path));
  return look.state === 'there' ? look.value : path;
}
