import type { ChildProcess } from 'node:child_process';
import { startPrograms } from './startPrograms.ts';

/** What a command of the system has printed. */
export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

/**
 * Runs a command of the system without a shell, such as `ps` or `taskkill`. Never rejects: a command that could not
 * be run, or took too long, has the code null.
 */
export type RunCommand = (file: string, args: readonly string[]) => Promise<CommandResult>;

/** Longest time (ms) that a command of the system may take. */
const PATIENCE_MS = 15_000;
const options = { windowsHide: true, env: { ...process.env, LC_ALL: 'C' } } as const;

export const runCommand: RunCommand = (file, args) =>
  new Promise((resolve) => {
    const pieces: Buffer[] = [];
    // Where no descriptor is free, it has no streams, and says so in an event.
    const child: ChildProcess = startPrograms().spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
    // Not the option of `spawn`: its timer outlives a command that could not be started, and keeps this process alive.
    const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    const settle = (result: CommandResult) => {
      clearTimeout(patience);
      resolve(result);
    };
    child.on('error', () => settle({ code: null, output: '' }));
    child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('close', (code) => settle({ code, output: Buffer.concat(pieces).toString('utf8') }));
  });

/** The same without a promise, for the few places that cannot wait. */
export function runCommandNow(file: string, args: readonly string[]): CommandResult {
  const { status, stdout } = startPrograms().spawnSync(file, args, {
    ...options,
    timeout: PATIENCE_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return { code: status, output: stdout ?? '' };
}
