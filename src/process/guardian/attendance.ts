import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GONE, type Look, lookAt, there, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { ProcessInspector } from '../../core/ports/launcher.ts';
import { lookAtWindowFile, RENEW_MS } from '../runFolder/windowFile.ts';
import { keyOf } from '../tables/processTable.ts';

/** How often (ms) to look for windows; more often when the time without one is short. */
const LOOK_MS = 5_000;
/** How long (ms) a living window may take to rewrite its file after somebody removed it. */
const MISSING_FOR_MS = 3 * RENEW_MS;

/**
 * Whether any window of the installation lives, as their files in the windows' folder say. Cheap while the one last
 * seen goes on. A folder or file that cannot be read proves nothing, and neither does one that has just vanished.
 */
export class Attendance {
  readonly #folder: string;
  readonly #inspector: ProcessInspector;
  readonly #now: () => number;
  /** Windows that were seen and are not known to be gone. */
  readonly #known = new Map<string, ProcessIdentity>();
  #missingSince: number | undefined;
  #wasAttended = true;
  #attendedAt = 0;

  /** `now`: time of a clock that only runs forward, ms. */
  constructor(folder: string, inspector: ProcessInspector, now = () => performance.now()) {
    this.#folder = folder;
    this.#inspector = inspector;
    this.#now = now;
  }

  /**
   * Whether a window is there, or one may be that nobody can see. Looked up every few seconds, more often when the time
   * without one is short (`graceMs`, ms; 0: unlimited). `now`: ms since the run began.
   */
  isAttended(now: number, graceMs: number): boolean {
    if (graceMs === 0) return true;
    if (now === 0 || now - this.#attendedAt >= Math.min(LOOK_MS, graceMs / 4)) {
      this.#attendedAt = now;
      this.#wasAttended = this.look().state !== 'gone';
    }
    return this.#wasAttended;
  }

  look(): Look {
    const known = this.#lookAtKnown();
    if (known.state === 'there') return known;
    const names = lookAt(() => readdirSync(this.#folder).filter((name) => name.endsWith('.json')));
    const listed = names.state === 'there' ? this.#lookAtFiles(names.value) : this.#missing(names);
    return listed.state === 'gone' ? known : listed;
  }

  #lookAtKnown(): Look {
    let seen: Look = GONE;
    for (const [key, window] of this.#known) {
      const look = this.#inspector.look(window);
      if (look.state === 'there') return look;
      if (look.state === 'gone') this.#known.delete(key);
      else seen = look;
    }
    return seen;
  }

  #lookAtFiles(names: readonly string[]): Look {
    this.#missingSince = undefined;
    let seen: Look = GONE;
    for (const name of names) {
      const file = lookAtWindowFile(join(this.#folder, name));
      if (file.state === 'unknown') seen = file;
      if (file.state !== 'there') continue;
      this.#known.set(keyOf(file.value), file.value);
      const look = this.#inspector.look(file.value);
      if (look.state === 'there') return there(file.value);
      if (look.state === 'gone') this.#known.delete(keyOf(file.value));
      else seen = look;
    }
    return seen;
  }

  /** The folder cannot be read. One that is gone was perhaps only moved: a living window makes it again. */
  #missing(look: Exclude<Look, { readonly state: 'there' }>): Look {
    if (look.state === 'unknown') return look;
    this.#missingSince ??= this.#now();
    return this.#now() - this.#missingSince >= MISSING_FOR_MS ? GONE : unknown("the windows' folder is gone");
  }
}
