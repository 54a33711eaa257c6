import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type RunCommand, runCommand } from '../tables/runCommand.ts';

/** The questions to the system, so that it can be tested where no systemd runs. */
export interface ScopeQuestions {
  readonly run: RunCommand;
  readonly exists: (path: string) => boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly userName: () => string;
}

/** This system. */
export const THIS_SYSTEM: ScopeQuestions = {
  run: runCommand,
  exists: existsSync,
  environment: process.env,
  userName: () => userInfo().username,
};

/** Where systemd notes the users whose services go on after their last logout. */
const LINGERING = '/var/lib/systemd/linger';
const SYSTEMD_RUN = ['/usr/bin/systemd-run', '/bin/systemd-run'];
/** Beside the limit of a loop a scope holds its guardian, and the kernel is only the last resort (bytes). */
const ROOM_FOR_GUARDIAN = 128 * 1024 * 1024;

/**
 * Whether runs can have scopes of the user's systemd; otherwise why not, in a few words. Without lingering the last
 * logout would end them.
 */
export async function findUserScope(
  questions: ScopeQuestions,
): Promise<{ readonly systemdRun: string } | { readonly why: string }> {
  const { exists, environment, run, userName } = questions;
  const systemdRun = SYSTEMD_RUN.find(exists);
  if (systemdRun === undefined) return { why: 'there is no systemd here' };
  const runtime = environment['XDG_RUNTIME_DIR'];
  if (runtime === undefined || !exists(join(runtime, 'systemd', 'private')))
    return { why: 'no systemd runs for this user' };
  if (!exists(join(LINGERING, userName())))
    return { why: 'lingering is off for this user (turn it on: loginctl enable-linger)' };
  const trial = await run(systemdRun, [...SCOPE, '--', '/bin/true']);
  return trial.code === 0 ? { systemdRun } : { why: 'the systemd of this user makes no scopes' };
}

const BARE_SCOPE = ['--user', '--scope', '--quiet', '--collect'];
const SCOPE = [...BARE_SCOPE, '--property=Delegate=yes'];
/** Begins the names of the scopes of headless hosts. */
export const HOST_SCOPE = 'loop-supervisor-host-';

/**
 * The words before a command that start it in a scope of its own. `maxMemoryBytes`: what the loop may use, 0 for no
 * limit.
 */
export function scopeCommand(systemdRun: string, token: string, maxMemoryBytes: number): readonly string[] {
  const limit = maxMemoryBytes > 0 ? [`--property=MemoryMax=${maxMemoryBytes + ROOM_FOR_GUARDIAN}`] : [];
  return [systemdRun, ...SCOPE, `--unit=loop-supervisor-${token}`, ...limit, '--'];
}

/** The words before the command of the headless host that start it in a scope of its own (R15.1). */
export function hostScopeCommand(systemdRun: string): readonly string[] {
  const unit = `${HOST_SCOPE}${randomBytes(6).toString('hex')}`;
  return [systemdRun, ...BARE_SCOPE, `--unit=${unit}`, '--description=Loop Supervisor, without a window', '--'];
}
