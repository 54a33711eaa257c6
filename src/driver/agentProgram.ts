import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { platformCommand } from '../windows/windowsCommand.ts';

/** How long (ms) an agent may take to end once its standard input is closed, and once it has got SIGTERM. */
const LEAVES_MS = 1_500;
const ENDS_MS = 3_000;

const { signals } = constants;

/** How a program ended: its exit code, 128 and the number of a signal, or 127 where it could not be started. */
export interface ProgramEnd {
  readonly code: number;
  /** In words. */
  readonly how: string;
}

/** The agent's program, in a process group of its own: the driver handles a stop of its own group itself. */
export class AgentProgram {
  readonly #child: ChildProcess;
  readonly ended: Promise<ProgramEnd>;
  readonly stdin: Writable;
  readonly stdout: Readable;

  constructor(command: string, args: readonly string[]) {
    const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
    const real = platformCommand(command, args, env);
    const child = spawn(real.command, real.args, {
      ...{ env, detached: true, windowsHide: true, windowsVerbatimArguments: real.verbatim },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => resolve({ code: 127, how: error.message }));
      child.on('exit', (code, signal) =>
        resolve(
          signal === null
            ? { code: code ?? 0, how: `exit code ${code}` }
            : { code: 128 + (signals[signal] ?? 0), how: `signal ${signal}` },
        ),
      );
    });
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined);
    this.stdin = child.stdin;
    this.stdout = child.stdout;
  }

  /** Closes its standard input, then sends SIGTERM, then SIGKILL, each only if needed. */
  async end(): Promise<void> {
    this.stdin.destroy();
    if (await this.#endsWithin(LEAVES_MS)) return;
    this.signal('SIGTERM');
    if (!(await this.#endsWithin(ENDS_MS))) this.signal('SIGKILL');
  }

  /** Signals its whole group. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // All of it has ended.
    }
  }

  async #endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const has = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return has;
  }
}
