import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessProbe } from '../../core/ports/launcher.ts';
import { readJson } from '../runFolder/atomicFile.ts';

/** Whether any window of the installation lives, as their files in the windows' folder say. Cheap while the one last seen goes on. */
export class Attendance {
  readonly #folder: string;
  readonly #probe: ProcessProbe;
  #last: ProcessIdentity | undefined;

  constructor(folder: string, probe: ProcessProbe) {
    this.#folder = folder;
    this.#probe = probe;
  }

  anybody(): boolean {
    if (this.#last && this.#probe.isAlive(this.#last)) return true;
    this.#last = undefined;
    for (const window of this.#windows()) {
      if (!this.#probe.isAlive(window)) continue;
      this.#last = window;
      return true;
    }
    return false;
  }

  #windows(): ProcessIdentity[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      // No window has ever said that it lives, or the folder was removed.
      return [];
    }
    return names
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        const window = readJson(join(this.#folder, name)) as Partial<ProcessIdentity> | undefined;
        return typeof window?.pid === 'number' &&
          typeof window.startTime === 'string' &&
          typeof window.bootId === 'string'
          ? (window as ProcessIdentity)
          : [];
      });
  }
}
