import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, truncateSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { findUserScope, hostScopeCommand, THIS_SYSTEM } from '../contain/userScope.ts';
import { cleanEnvironment } from '../environment/shellEnvironment.ts';
import { FILE_MODE, FOLDER_MODE, sizeOf } from '../runFolder/atomicFile.ts';

export interface HostCommand {
  /** A Node, or the Electron that runs as one. */
  readonly nodePath: string;
  /** The host's bundle. */
  readonly program: string;
  /** The folder that holds the store. */
  readonly storage: string;
  /** Where it logs. */
  readonly logPath: string;
}

/** A log longer than this (bytes) is started over. */
const LONGEST_LOG_BYTES = 1024 * 1024;

/**
 * Starts the headless host in a session of its own, so that it outlives us, and in a scope of the user's systemd where
 * that goes on after the last logout (R15.1). It gets the environment of a terminal, without what VS Code and our own
 * runs add. Rejects with the error of the file system.
 */
export async function startHost({ nodePath, program, storage, logPath }: HostCommand): Promise<void> {
  const found = await findUserScope(THIS_SYSTEM);
  const scope = 'systemdRun' in found ? hostScopeCommand(found.systemdRun) : [];
  const [command = nodePath, ...args] = [...scope, nodePath, '--max-semi-space-size=1', program, storage];
  mkdirSync(dirname(logPath), { recursive: true, mode: FOLDER_MODE });
  if ((sizeOf(logPath) ?? 0) > LONGEST_LOG_BYTES) truncateSync(logPath);
  const log = openSync(logPath, 'a', FILE_MODE);
  try {
    const child = spawn(command, args, {
      detached: true,
      env: { ...cleanEnvironment(process.env), ELECTRON_RUN_AS_NODE: '1' },
      // Not in a working folder: it would keep that from being removed or unmounted.
      cwd: parse(storage).root,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    // The next time will show what came of it.
    child.on('error', () => undefined);
    child.unref();
  } finally {
    closeSync(log);
  }
}
