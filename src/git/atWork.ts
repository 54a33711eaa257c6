import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { lookOf } from '../core/model/looks.ts';

/** How long (ms) to wait for a Git process that a dead host has left behind. */
const BUSY_MS = 60_000;
const LOOK_AGAIN_MS = 100;

/** Beside a work tree: the id of the Git process that is at work on it. */
export const AT_WORK = '.at-work';

/**
 * Records which Git process works on a work tree. It outlives its host, and the next host must not write where it still
 * does. One that cannot be recorded is not waited for.
 */
export function noteAtWork(path: string): (pid: number) => void {
  return (pid) => {
    try {
      writeFileSync(`${path}${AT_WORK}`, String(pid));
    } catch {
      // The disk is full, or the folder is gone: Git itself will say so.
    }
  };
}

/** No Git of ours is at work on it any more. */
export async function forgetAtWork(path: string): Promise<void> {
  await rm(`${path}${AT_WORK}`, { force: true });
}

/** Whether the Git process recorded last is still at work; true if that is unknown. */
export function isAtWork(path: string): boolean {
  try {
    const pid = Number.parseInt(readFileSync(`${path}${AT_WORK}`, 'utf8'), 10);
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return lookOf(error).state === 'unknown';
  }
}

/** Waits until no Git process is at work, within the time limit. Returns whether that was so. */
export async function untilIdle(isBusy: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let waited = 0; await isBusy(); waited += LOOK_AGAIN_MS) {
    if (waited >= BUSY_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return true;
}
