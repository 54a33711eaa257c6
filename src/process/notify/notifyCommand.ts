import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { homeFolder } from '../environment/ownUser.ts';
import { findProgram } from '../environment/programCheck.ts';

/** What a notifier is made of. */
export interface NotifyOptions {
  /** Where hosts claim events, so that one of them runs the command. */
  readonly claimsFolder: string;
  /** The environment that agents get. */
  environment(): Promise<Record<string, string>>;
  now(): number;
  log(message: string, error?: unknown): void;
}

/** How long (ms) a program may take before it is ended, with everything it has started. */
const LONGEST_RUN_MS = 30_000;
/** Claims older than this (ms) are removed: no host reports an event so late. */
const CLAIMS_KEPT_MS = 24 * 3_600_000;
/** How much of its output (characters) is read: only for the reason of a failure. */
const OUTPUT_READ = 64 * 1024;

/**
 * Runs the user's own command for an event, with the event as JSON on its standard input. Of several hosts that see the
 * same event, one runs it (R10.2). A command that fails or takes too long is logged, and changes nothing else. Resolves
 * with whether it ran here and succeeded.
 */
export function createNotifier({ claimsFolder, environment, now, log }: NotifyOptions) {
  return async (command: readonly string[], event: object): Promise<boolean> => {
    const [program, ...args] = command;
    if (program === undefined) return false;
    try {
      if (!(await claim(claimsFolder, event, now()))) return false;
      const env = await environment();
      const path = findProgram(program, env);
      if (path === undefined) {
        log(`notifications.command: ${program} was not found on the PATH. Nobody was notified.`);
        return false;
      }
      const { execa } = await import('execa');
      const { failed, timedOut, exitCode, signal, stderr } = await execa(path, args, {
        extendEnv: false,
        env,
        cwd: homeFolder(),
        input: `${JSON.stringify(event)}\n`,
        timeout: LONGEST_RUN_MS,
        killDescendants: true,
        forceKillAfterDelay: 1_000,
        maxBuffer: OUTPUT_READ,
        stripFinalNewline: true,
        reject: false,
        windowsHide: true,
      });
      if (!failed) return true;
      const how = timedOut
        ? `took longer than ${LONGEST_RUN_MS / 1000} seconds`
        : `ended with ${exitCode ?? signal ?? 'an error'}`;
      log(`notifications.command ${how}: ${stderr.split('\n').at(-1) ?? ''}`);
    } catch (error) {
      log('notifications.command could not be run.', error);
    }
    return false;
  };
}

/** Whether this host is the first to claim the event. */
async function claim(folder: string, event: object, now: number): Promise<boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeOld(folder, now);
  const name = createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 32);
  try {
    await (await open(join(folder, name), 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeOld(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const at = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (at !== undefined && now - at > CLAIMS_KEPT_MS) await rm(path, { force: true });
  }
}
