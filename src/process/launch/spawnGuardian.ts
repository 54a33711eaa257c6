import { closeSync, openSync } from 'node:fs';
import { parse } from 'node:path';
import { execa } from 'execa';
import { FILE_MODE } from '../atomicFile.ts';
import { type Environment, guardianEnvironment } from '../carriedEnvironment.ts';
import type { RunFiles } from '../runFiles.ts';

export interface GuardianCommand {
  /** A Node, or the Electron that runs as one. */
  readonly nodePath: string;
  /** The guardian's bundle. */
  readonly guardianProgram: string;
}

/** Fewer threads and a small young generation: it does little and lives long. Other flags cost more at the start than they save. */
const NODE_FLAGS = ['--v8-pool-size=0', '--max-semi-space-size=1'];

/** Starts the guardian of a run, in a session of its own: it outlives us. Resolves when it has gone, with what went wrong if it could not start. */
export async function spawnGuardian(command: GuardianCommand, files: RunFiles, environment: Environment): Promise<string | undefined> {
  // What Node itself says when it can not begin.
  const log = openSync(files.guardianLog, 'a', FILE_MODE);
  let guardian: ReturnType<typeof start>;
  try {
    guardian = start(command, files, environment, log);
  } finally {
    closeSync(log);
  }
  guardian.nodeChildProcess.unref();
  const result = await guardian;
  return result.failed ? result.shortMessage : undefined;
}

function start(command: GuardianCommand, files: RunFiles, environment: Environment, log: number) {
  return execa(command.nodePath, [...NODE_FLAGS, command.guardianProgram, files.folder], {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    extendEnv: false,
    env: guardianEnvironment(environment),
    // Not in the working folder: it would keep that from being removed or unmounted.
    cwd: parse(files.folder).root,
    // Its types know the standard descriptors only; it hands on any.
    stdio: ['ignore', 'ignore', log as 2],
    windowsHide: true,
  });
}
