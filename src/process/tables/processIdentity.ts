import { isSameProcess, type ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessProbe } from '../../core/ports/launcher.ts';
import { LinuxTable } from './linuxTable.ts';
import { createTable } from './platformTable.ts';
import { keyOf, type ProcessInfo } from './processTable.ts';
import { PS_ONE, parsePs } from './psTable.ts';
import { runCommandNow } from './runCommand.ts';
import { CIM_ONE, parseCim } from './windowsTable.ts';

/** Where asking the system starts a program, a process that answers to signal 0 is asked for its start time only so often (ms). */
const TRUSTED_FOR_MS = 60_000;

/** Tells whether processes live, by identity (R7.5). On Linux that is one small read; elsewhere it may start a program of the system. */
export function createProbe(): ProcessProbe {
  if (process.platform !== 'linux') return new AskingProbe(createTable().bootId, askSystem, answersToSignal);
  const table = new LinuxTable();
  const self = table.read(process.pid);
  if (!self) throw new Error('This process can not be found in /proc. Mount /proc to run agents.');
  return { self, isAlive: (one) => table.isAlive(one) };
}

/** Looks up one process at once; undefined when it is gone. */
export type Ask = (pid: number, bootId: string) => ProcessInfo | undefined;

/** A probe for platforms without `/proc`. */
export class AskingProbe implements ProcessProbe {
  readonly #bootId: string;
  readonly #ask: Ask;
  readonly #answers: (pid: number) => boolean;
  readonly #verifiedAt = new Map<string, number>();
  #self: ProcessIdentity | undefined;

  constructor(bootId: string, ask: Ask, answers: (pid: number) => boolean) {
    this.#bootId = bootId;
    this.#ask = ask;
    this.#answers = answers;
  }

  get self(): ProcessIdentity {
    const { pid } = process;
    this.#self ??= this.#ask(pid, this.#bootId) ?? { pid, startTime: 'unknown', bootId: this.#bootId };
    return this.#self;
  }

  isAlive(one: ProcessIdentity): boolean {
    const key = keyOf(one);
    if (one.bootId !== this.#bootId || !this.#answers(one.pid)) {
      this.#verifiedAt.delete(key);
      return false;
    }
    const verified = this.#verifiedAt.get(key);
    if (verified !== undefined && performance.now() - verified < TRUSTED_FOR_MS) return true;
    const now = this.#ask(one.pid, this.#bootId);
    const lives = now !== undefined && !now.zombie && isSameProcess(now, one);
    if (lives) this.#verifiedAt.set(key, performance.now());
    else this.#verifiedAt.delete(key);
    return lives;
  }
}

function askSystem(pid: number, bootId: string): ProcessInfo | undefined {
  if (process.platform === 'win32') return parseCim(runCommandNow('powershell.exe', CIM_ONE(pid)).output, bootId)[0];
  return parsePs(runCommandNow('ps', PS_ONE(pid)).output, bootId)[0];
}

function answersToSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process answers that it is not ours.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
