import { readFileSync } from 'node:fs';

/**
 * Linux numbers processes upwards and starts over at the highest number. As long as that cannot have happened since
 * this was made, whoever was started after a process has a higher number than it, and nobody below has to be looked at.
 */
export class PidOrder {
  readonly #highest: number | undefined;
  readonly #forks: number | undefined;

  constructor() {
    this.#highest = numberIn('/proc/sys/kernel/pid_max', /^(\d+)/);
    this.#forks = forksSoFar();
  }

  /** Whether all that were started after `pid`, which was itself started after this was made, have higher numbers. */
  holdsSince(pid: number): boolean {
    const forks = forksSoFar();
    if (this.#highest === undefined || this.#forks === undefined || forks === undefined) return false;
    // Every new process and thread takes a number, of all containers together; half is left for those that came to
    // nothing.
    return forks - this.#forks < (this.#highest - pid) / 2;
  }
}

function forksSoFar(): number | undefined {
  return numberIn('/proc/stat', /^processes (\d+)/m);
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  try {
    const found = Number(pattern.exec(readFileSync(path, 'latin1'))?.[1]);
    return Number.isSafeInteger(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
