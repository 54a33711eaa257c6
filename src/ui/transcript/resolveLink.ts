import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';

/**
 * The path of the file that a link from agent output names, resolved against the loop's working directory. Throws an
 * error with a readable message if there is no such file. Only regular files: opening a pipe or a device could block or
 * have effects, and accessing a network share could leak credentials.
 */
export async function resolveLink(path: string, cwd: string): Promise<string> {
  if (path === '' || path.length > 1024 || path.includes('\0') || /^[\\/]{2}/.test(path))
    throw new Error('This is not the path of a file that can be opened.');
  const target = path.startsWith('~/')
    ? resolve(homedir(), path.slice(2))
    : isAbsolute(path)
      ? path
      : resolve(cwd, path);
  const found = await stat(target).catch(() => undefined);
  if (!found?.isFile())
    throw new Error(`There is no file ${target}. The agent may have meant another folder, or has removed it.`);
  return target;
}
