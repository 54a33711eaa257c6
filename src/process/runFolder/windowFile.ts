import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../../core/model/disposable.ts';
import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessProbe } from '../../core/ports/launcher.ts';
import { FOLDER_MODE, readJson, writeJson } from './atomicFile.ts';

/**
 * Says in `<windowsFolder>/<windowId>.json` that this window lives, for guardians to see whether anybody is home. Disposing takes it back; a window
 * that crashed is known by its process. Takes away what windows left behind that are no more.
 */
export function writeWindowFile(windowsFolder: string, windowId: string, probe: ProcessProbe): Disposable {
  const { pid, startTime, bootId } = probe.self;
  mkdirSync(windowsFolder, { recursive: true, mode: FOLDER_MODE });
  for (const name of readdirSync(windowsFolder)) {
    const path = join(windowsFolder, name);
    const window = readJson(path) as Partial<ProcessIdentity> | undefined;
    const isWhole =
      typeof window?.pid === 'number' && typeof window.startTime === 'string' && typeof window.bootId === 'string';
    if (isWhole && !probe.isAlive(window as ProcessIdentity)) rmSync(path, { force: true });
  }
  const path = join(windowsFolder, `${windowId}.json`);
  writeJson(path, { pid, startTime, bootId });
  return { dispose: () => rmSync(path, { force: true }) };
}
