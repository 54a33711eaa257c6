import { type ChildProcess, spawn } from 'node:child_process';
import type { Disposable } from '../../core/model/disposable.ts';
import { findProgram } from '../environment/programCheck.ts';
import { isOnMains } from './mains.ts';

export interface KeepAwakeOptions {
  readonly platform: NodeJS.Platform;
  /** Where to look for its program. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (message: string, error?: unknown) => void;
  /** Whether the machine is on mains power; the system is asked if absent. */
  readonly onMains?: () => boolean;
}

/** Keeps the machine from going to sleep while it is idle. */
export interface KeepAwake extends Disposable {
  /** Called again and again with whether loops run here. Throws nothing. */
  set(isNeeded: boolean): void;
}

const WHY = 'Loops are running';

/** The platform's own means. Each ends by itself when its standard input closes, or with our process. */
const MEANS: { readonly [platform in NodeJS.Platform]?: readonly string[] } = {
  linux: ['systemd-inhibit', '--what=idle', '--mode=block', '--who=Loop Supervisor', `--why=${WHY}`, 'cat'],
  // Only while on mains power.
  darwin: ['caffeinate', '-s', '-w', String(process.pid)],
  win32: [
    'powershell.exe',
    '-NoProfile',
    '-NonInteractive',
    '-Command',
    "$t = Add-Type -PassThru -Name Power -Namespace Loops -MemberDefinition '" +
      '[DllImport("kernel32.dll")] public static extern uint SetThreadExecutionState(uint state);' +
      "'; [void]$t::SetThreadExecutionState(2147483649); [void][Console]::In.ReadToEnd()",
  ],
};

/** Makes it for this process (R15.2). Where the platform offers no means, that is logged once, and nothing is kept. */
export function createKeepAwake({ platform, environment, log, onMains }: KeepAwakeOptions): KeepAwake {
  const [name, ...args] = MEANS[platform] ?? [];
  const hasMains = onMains ?? (() => isOnMains(platform));
  let child: ChildProcess | undefined;
  let isHopeless = name === undefined;
  const end = () => {
    child?.stdin?.end();
    child?.kill();
    child = undefined;
  };
  const begin = (program: string) => {
    const started = spawn(program, args, {
      env: environment,
      cwd: platform === 'win32' ? undefined : '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    });
    child = started;
    started.unref();
    started.stdin?.on('error', () => undefined);
    started.once('error', (error) => fail('could not be started', error));
    started.once('exit', (code) => {
      if (child === started) fail(`ended with ${code}`);
    });
  };
  const fail = (what: string, error?: unknown) => {
    child = undefined;
    isHopeless = true;
    log(`${name} ${what}: the machine may go to sleep while loops run.`, error);
  };
  return {
    set: (isNeeded) => {
      if (!isNeeded || !hasMains()) end();
      else if (!child && !isHopeless && name !== undefined) {
        const program = findProgram(name, environment);
        if (program === undefined) fail('was not found');
        else begin(program);
      }
    },
    dispose: end,
  };
}
