import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder with the loops: the one that the call names, or else the environment, or else the usual one. */
export function storageOf(named: string | undefined, environment: NodeJS.ProcessEnv, cwd: string): string {
  const folder = named ?? environment['LOOP_SUPERVISOR_STORAGE'];
  return folder === undefined || folder === '' ? join(homedir(), '.loop-supervisor') : resolve(cwd, folder);
}
