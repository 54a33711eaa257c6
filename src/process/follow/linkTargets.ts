import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { lookAt, lookOf } from '../../core/model/looks.ts';
import type { PermissionRequest } from '../../core/model/question.ts';

/** So many links may lead to each other, as in the kernel. */
const MOST_LINKS = 40;

/**
 * Where links lead the files of a request (R17.2): those that are not where the agent says. `unknown` where that cannot
 * be seen; none where all are what they seem.
 *
 * @param folder in which the agent works; undefined where nobody knows
 */
export function linkTargets(
  { kind, paths = [] }: PermissionRequest,
  folder: string | undefined,
): PermissionRequest['targets'] {
  if (kind === 'command' || kind === 'fetch' || paths.length === 0) return undefined;
  if (folder === undefined || paths.some(isNetworkPath)) return 'unknown';
  const found = lookAt(() => {
    const base = targetOf(folder);
    return paths.flatMap((path) => {
      const inFolder = asNamed(targetOf(isAbsolute(path) ? path : folder + sep + path), base, folder);
      return inFolder === resolve(folder, path) ? [] : [inFolder];
    });
  });
  if (found.state !== 'there') return 'unknown';
  return found.value.length > 0 ? found.value : undefined;
}

/** Windows logs in wherever such a path leads: it is not looked at. */
function isNetworkPath(path: string): boolean {
  return process.platform === 'win32' && /^[\\/]{2}/.test(path);
}

/** A path within the folder, as it is written from there: the folder itself may have been reached through a link. */
function asNamed(target: string, base: string, folder: string): string {
  const inside = relative(base, target);
  return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? target : resolve(folder, inside);
}

/**
 * The path without links, as the system goes it: `..` leads out of where a link has led. What is not there yet is where
 * its folder is, and what a link names that leads to nothing is where it would be made.
 *
 * @throws the error of the file system where that cannot be seen.
 */
function targetOf(path: string, links = 0): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (lookOf(error).state !== 'gone' || links > MOST_LINKS || dirname(path) === path) throw error;
  }
  const folder = targetOf(dirname(path), links);
  const link = lookAt(() => readlinkSync(path));
  if (link.state !== 'there') return join(folder, basename(path));
  return targetOf(isAbsolute(link.value) ? link.value : folder + sep + link.value, links + 1);
}
