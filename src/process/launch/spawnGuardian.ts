import { closeSync, openSync } from 'node:fs';
import { parse } from 'node:path';
import type { Options } from 'execa';
import { type Environment, guardianEnvironment } from '../environment/carriedEnvironment.ts';
import { FILE_MODE } from '../runFolder/atomicFile.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import type { StartFailure } from './failedStart.ts';

export interface GuardianCommand {
  /** A Node, or the Electron that runs as one. */
  readonly nodePath: string;
  /** The guardian's bundle. */
  readonly guardianProgram: string;
}

/** Fewer threads and a small young generation: it does little and lives long. Other flags cost more at the start than they save. */
const NODE_FLAGS = ['--v8-pool-size=0', '--max-semi-space-size=1'];

/** The exit code of a Node that does not know a flag. */
const BAD_OPTION = 9;

/** Starts the guardian of a run, in a session of its own: it outlives us. Resolves when it has gone, with what went wrong if it could not start. */
export async function spawnGuardian(
  command: GuardianCommand,
  files: RunFiles,
  environment: Environment,
): Promise<StartFailure | undefined> {
  const result = await run(NODE_FLAGS, command, files, environment);
  // An Electron of another age may not know them; nothing has begun then.
  const {
    failed,
    shortMessage = '',
    code,
    signal,
  } = result.exitCode === BAD_OPTION ? await run([], command, files, environment) : result;
  return failed ? { message: shortMessage, code, signal } : undefined;
}

async function run(flags: readonly string[], command: GuardianCommand, files: RunFiles, environment: Environment) {
  const { execa } = await import('execa');
  // What Node itself says when it can not begin.
  const log = openSync(files.guardianLog, 'a', FILE_MODE);
  const guardian = execa(
    command.nodePath,
    [...flags, command.guardianProgram, files.folder],
    spawnOptions(files, environment, log),
  );
  closeSync(log);
  guardian.nodeChildProcess.unref();
  return guardian;
}

function spawnOptions(files: RunFiles, environment: Environment, log: number) {
  return {
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
  } as const satisfies Options;
}
