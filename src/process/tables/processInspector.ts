import { type Look, lookAt, type Seen, there } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import { LinuxTable } from './linuxTable.ts';
import { askScope } from './platformTable.ts';
import { lookByScope, type ProcessScope } from './processScope.ts';
import { identityOf, keyOf, lookIn, onlyOne, type ProcessInfo, UNKNOWN_START } from './processTable.ts';
import { PS_ONE, readPsOf } from './psTable.ts';
import { runCommandNow } from './runCommand.ts';
import { CIM_ONE, readCim } from './windowsTable.ts';

/**
 * Where asking the system starts a program, a process whose pid is in use is asked for its start time only so often
 * (ms).
 */
const TRUSTED_FOR_MS = 60_000;

/**
 * Looks at processes by identity (R7.5). On Linux a look is one small read; elsewhere it may start a program of the
 * system.
 */
export function createInspector(): ProcessInspector {
  if (process.platform !== 'linux') return new AskingInspector(askScope(), askSystem, lookAtPid);
  const table = new LinuxTable();
  const self = table.read(process.pid);
  if (self.state !== 'there') throw new Error('This process cannot be found in /proc. Mount /proc to run agents.');
  return { self: identityOf(self.value), look: (one) => table.lookNow(one) };
}

/** Looks at one process by its pid, at once: at what the system lists of it. */
export type Ask = (pid: number, scope: ProcessScope) => Seen<readonly ProcessInfo[]>;

/** An inspector for platforms without `/proc`. */
export class AskingInspector implements ProcessInspector {
  readonly #scope: ProcessScope;
  readonly #ask: Ask;
  readonly #lookAtPid: (pid: number) => Look;
  readonly #verifiedAt = new Map<string, number>();
  #self: ProcessIdentity | undefined;

  /** `lookAtPid`: whether any process has the pid, by signal 0, which costs nothing. */
  constructor(scope: ProcessScope, ask: Ask, lookAtPid: (pid: number) => Look) {
    this.#scope = scope;
    this.#ask = ask;
    this.#lookAtPid = lookAtPid;
  }

  get self(): ProcessIdentity {
    if (this.#self) return this.#self;
    const look = onlyOne(this.#ask(process.pid, this.#scope), process.pid);
    if (look.state === 'there') this.#self = identityOf(look.value);
    return this.#self ?? { pid: process.pid, startTime: UNKNOWN_START, ...this.#scope };
  }

  look(one: ProcessIdentity): Look {
    const key = keyOf(one);
    const look = lookByScope(one, this.#scope) ?? this.#lookHere(one, key);
    if (look.state !== 'there') this.#verifiedAt.delete(key);
    return look;
  }

  #lookHere(one: ProcessIdentity, key: string): Look {
    const pid = this.#lookAtPid(one.pid);
    if (pid.state !== 'there') return pid;
    const verified = this.#verifiedAt.get(key);
    if (verified !== undefined && performance.now() - verified < TRUSTED_FOR_MS) return pid;
    const look = lookIn(this.#ask(one.pid, this.#scope), one);
    if (look.state === 'there') this.#verifiedAt.set(key, performance.now());
    return look;
  }
}

function askSystem(pid: number, scope: ProcessScope): Seen<readonly ProcessInfo[]> {
  if (process.platform === 'win32') return readCim(runCommandNow('powershell.exe', CIM_ONE(pid)), scope);
  return readPsOf(runCommandNow('ps', PS_ONE(pid, process.pid)), scope);
}

function lookAtPid(pid: number): Look {
  const look = lookAt(() => process.kill(pid, 0));
  // A refusal says that somebody has the pid, and only a look at the process shows who.
  return look.state === 'unknown' ? there(pid) : look;
}
