import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../../core/model/disposable.ts';
import { type Look, lookAt, there, unknown } from '../../core/model/looks.ts';
import { isSameProcess, type ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import { RetryLog } from '../../core/runtime/retryLog.ts';
import { identityOf } from '../tables/processTable.ts';
import { FOLDER_MODE, lookAtJson, timeOf, writeJson } from './atomicFile.ts';

/** How often (ms) a window looks whether its file is still there. */
export const RENEW_MS = 5_000;

export interface WindowFileOptions {
  readonly windowsFolder: string;
  readonly windowId: string;
  readonly inspector: ProcessInspector;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * Says in `<windowsFolder>/<windowId>.json` that this window lives, so that guardians see whether any window is left,
 * and says it again whenever somebody has removed the file or its folder. Disposing takes it back; a window that
 * crashed is known by its process. Removes the files of windows that are gone.
 */
export function keepWindowFile({ windowsFolder, windowId, inspector, clock, log }: WindowFileOptions): Disposable {
  const path = join(windowsFolder, `${windowId}.json`);
  const self = identityOf(inspector.self);
  mkdirSync(windowsFolder, { recursive: true, mode: FOLDER_MODE });
  removeGone(windowsFolder, inspector, clock.now());
  writeJson(path, self);
  const retryLog = new RetryLog({ log });
  let timer: Disposable | undefined;
  const renew = () => {
    timer = clock.after(RENEW_MS, renew);
    try {
      const file = lookAtJson(path);
      if (file.state !== 'unknown' && !isAbout(file, self)) writeJson(path, self);
      retryLog.withdraw();
    } catch (error) {
      retryLog.make(`The file ${path}, by which running loops see this window, could not be written`, error);
    }
  };
  timer = clock.after(RENEW_MS, renew);
  return {
    dispose: () => {
      timer?.dispose();
      // A folder that cannot be reached is left as it is: our process is gone soon, and that counts.
      lookAt(() => rmSync(path, { force: true }));
    },
  };
}

/** The process of the window that a file is about; `unknown` where the file is damaged. */
export function lookAtWindowFile(path: string): Look<ProcessIdentity> {
  const look = lookAtJson(path);
  if (look.state !== 'there') return look;
  return isWindow(look.value) ? there(look.value) : unknown('the file of a window is damaged');
}

function isWindow(value: unknown): value is ProcessIdentity {
  const { pid, startTime, bootId } = (value ?? {}) as Partial<ProcessIdentity>;
  return typeof pid === 'number' && typeof startTime === 'string' && typeof bootId === 'string';
}

function isAbout(file: Look, window: ProcessIdentity): boolean {
  return file.state === 'there' && isWindow(file.value) && isSameProcess(file.value, window);
}

/** A window writes its own damaged file again long before this (ms). */
const LEFT_FOR_MS = 12 * RENEW_MS;

/**
 * A file that has been damaged for long, as a power cut leaves it, would pass for a window for ever. `now`: wall time,
 * ms.
 */
function removeGone(windowsFolder: string, inspector: ProcessInspector, now: number): void {
  for (const name of readdirSync(windowsFolder)) {
    const path = join(windowsFolder, name);
    const file = lookAtJson(path);
    if (file.state !== 'there') continue;
    const isLeft = isWindow(file.value)
      ? inspector.look(file.value).state === 'gone'
      : now - (timeOf(path) ?? now) >= LEFT_FOR_MS;
    if (isLeft) lookAt(() => rmSync(path, { force: true }));
  }
}
