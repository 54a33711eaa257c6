import { type ChildProcess, spawn } from 'node:child_process';
import type { Disposable } from '../../../src/core/model/disposable.ts';
import { cpuMsOf } from './processCpu.ts';

/** A Node without anything of ours that runs `code` until it is disposed of. */
export class BareNode implements Disposable {
  readonly #child: ChildProcess;

  constructor(code: string, ...args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', code, ...args], {
      stdio: 'ignore',
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** CPU time that it has used, ms. */
  get cpuMs(): number {
    return cpuMsOf(this.pid);
  }

  dispose(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Asks a database of its own twice a second whether others have changed it, as a window does (R3.3). */
export const LOOK_AT_DATABASE = `
  const database = new (require('node:sqlite').DatabaseSync)(':memory:');
  const version = database.prepare('PRAGMA data_version');
  setInterval(() => version.get(), 500);`;

/** Looks at a file so many times, each 200 ms, as a window does for the logs of its runs. */
export const LOOK_AT_FILES = (count: number) => `
  const { statSync } = require('node:fs');
  setInterval(() => { for (let n = 0; n < ${count}; n++) statSync(process.execPath); }, 200);`;

/** Looks at a file each second, as a guardian does for orders. */
export const LOOK_FOR_ORDERS = `
  const { statSync } = require('node:fs');
  setInterval(() => statSync(process.execPath), 1_000);`;
