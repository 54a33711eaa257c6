import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { parse } from 'node:path';
import { type Environment, guardianEnvironment } from '../environment/carriedEnvironment.ts';
import { ALL_WRITTEN } from '../guardian/exitCodes.ts';
import { FILE_MODE } from '../runFolder/atomicFile.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';

export interface GuardianCommand {
  /** A Node, or the Electron that runs as one. */
  readonly nodePath: string;
  /** The guardian's bundle. */
  readonly guardianProgram: string;
  /** The words before the command that contain the run (R13.1); none where nothing must go before it. */
  readonly wrap?: readonly string[];
}

/** How a guardian's process ended. */
export interface GuardianEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not even be started. */
  readonly error?: NodeJS.ErrnoException;
}

/** Fewer threads and a small young generation: it does little and lives long. Other flags cost more than they save. */
const NODE_FLAGS = ['--v8-pool-size=0', '--max-semi-space-size=1'];
/** Tells the guardian that it was started as its containment wants it. */
const WRAPPED = 'wrapped';
/** The exit code of a Node that does not know a flag. */
const BAD_OPTION = 9;

/** The guardian of a run that this window has started, in a session of its own: it outlives us. */
export class GuardianProcess {
  readonly ended: Promise<GuardianEnd>;
  #child: ChildProcess | undefined;

  constructor(command: GuardianCommand, files: RunFiles, environment: Environment) {
    this.ended = this.#run(command, files, environment).catch((error: NodeJS.ErrnoException) => ({
      code: null,
      signal: null,
      error,
    }));
  }

  /** Signals it without a look: it is our child, so its pid is nobody else's. Returns whether that was delivered. */
  signal(name: NodeJS.Signals): boolean {
    return this.#child?.kill(name) ?? false;
  }

  async #run(command: GuardianCommand, files: RunFiles, environment: Environment): Promise<GuardianEnd> {
    const end = await this.#runOnce(NODE_FLAGS, command, files, environment);
    // An Electron of another age may not know the flags; nothing has begun then.
    const last = end.code === BAD_OPTION ? await this.#runOnce([], command, files, environment) : end;
    // What contains runs may work no more, as after the end of the user's systemd: the run begins without it.
    const hasFailed = last.error !== undefined || (last.code !== null && last.code !== ALL_WRITTEN);
    return hasFailed && command.wrap?.length && !existsSync(files.claim)
      ? this.#run({ ...command, wrap: [] }, files, environment)
      : last;
  }

  #runOnce(
    flags: readonly string[],
    { nodePath, guardianProgram, wrap = [] }: GuardianCommand,
    files: RunFiles,
    environment: Environment,
  ): Promise<GuardianEnd> {
    // What Node itself says when it cannot begin.
    const log = openSync(files.guardianLog, 'a', FILE_MODE);
    try {
      const wrapped = wrap.length > 0 ? [WRAPPED] : [];
      const [program = nodePath, ...args] = [...wrap, nodePath, ...flags, guardianProgram, files.folder, ...wrapped];
      const child = spawn(program, args, {
        detached: true,
        env: guardianEnvironment(environment),
        // Not in the working folder: it would keep that from being removed or unmounted.
        cwd: parse(files.folder).root,
        stdio: ['ignore', 'ignore', log],
        windowsHide: true,
      });
      child.unref();
      this.#child = child;
      return new Promise((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }));
        child.once('error', (error) => {
          // Later it is about a signal that could not be sent.
          if (child.pid === undefined) resolve({ code: null, signal: null, error });
        });
      });
    } finally {
      closeSync(log);
    }
  }
}
