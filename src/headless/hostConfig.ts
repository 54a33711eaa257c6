import * as z from 'zod/mini';
import type { Look } from '../core/model/looks.ts';
import type { Doubts, Settings } from '../core/model/settings.ts';
import { lookAtJson, readJson, sizeOf, timeOf, writeJson } from '../process/runFolder/atomicFile.ts';
import type { SettingProblem } from '../ui/settings/contradictions.ts';
import { mapSettings } from '../ui/settings/settingsMapping.ts';
import { type HostFiles, hostFiles } from './hostFiles.ts';

/** Settings as they are written, by their names without `loopSupervisor.`. */
export type WrittenSettings = { readonly [name: string]: unknown };

/** What a window stores for the time when none is open (R15.1). */
export interface StoredWindow {
  /** Of the extension. */
  readonly version: string;
  /** Wall time, ms. */
  readonly at: number;
  readonly settings: WrittenSettings;
}

const stored = z.object({ version: z.string(), at: z.number(), settings: z.record(z.string(), z.unknown()) });
const written = z.record(z.string(), z.unknown());
const PREFIX = 'loopSupervisor.';

/** Stores a window's settings. Throws the error of the file system. */
export function storeWindow(storage: string, window: StoredWindow): void {
  writeJson(hostFiles(storage).window, window);
}

/** What the last window stored; undefined where there was none, or it cannot be read. */
export function storedSettings(storage: string): WrittenSettings | undefined {
  const read = stored.safeParse(readJson(hostFiles(storage).window));
  return read.success ? read.data.settings : undefined;
}

/**
 * The settings of a host without a window: those that the last window stored or, where there never was one, those of
 * the user's `settings.json` in the storage folder, with the same names. Programs and bounds are read as strictly as in
 * a window (R6.9).
 */
export class HostConfig {
  readonly #files: HostFiles;
  #readAt = '';
  #written: WrittenSettings = {};
  #mapped = mapSettings(() => undefined);
  #window: Pick<StoredWindow, 'version' | 'at'> | undefined;

  /** @throws Error when the files are there and cannot be read: nothing may go on without the user's settings. */
  constructor(storage: string) {
    this.#files = hostFiles(storage);
    const { window, settings } = this.#files;
    this.refresh();
    if (this.#readAt === '')
      throw new Error(`The settings of Loop Supervisor (${window} or ${settings}) cannot be read now. Try again.`);
  }

  /**
   * Reads the files again if they have changed; returns whether they had. If they cannot be read now, nothing changes
   * until the next call.
   */
  refresh(): boolean {
    const readAt = [this.#files.window, this.#files.settings]
      .map((path) => `${timeOf(path)} ${sizeOf(path)}`)
      .join(' ');
    if (readAt === this.#readAt) return false;
    const looks = [lookAtJson(this.#files.window), lookAtJson(this.#files.settings)] as const;
    if (looks.some(({ state }) => state === 'unknown')) return false;
    this.#readAt = readAt;
    const [window, own] = looks.map(foundBy);
    const ofWindow = stored.safeParse(window);
    const ofUser = written.safeParse(own);
    this.#window = ofWindow.success ? ofWindow.data : undefined;
    this.#written = ofWindow.success ? ofWindow.data.settings : withoutPrefix(ofUser.success ? ofUser.data : {});
    // Settings that make no sense must not count as unset (R6.9).
    const isBroken =
      !ofWindow.success && (looks[0].state === 'there' || (looks[1].state === 'there' && !ofUser.success));
    this.#mapped = mapSettings((name) => this.#written[name], isBroken ? 'broken' : 'parse');
    return true;
  }

  get settings(): Settings {
    return this.#mapped.settings;
  }

  get doubts(): Doubts {
    return this.#mapped.doubts;
  }

  get problems(): readonly SettingProblem[] {
    return this.#mapped.problems;
  }

  /** When a window stored them (wall time, ms), and its version; undefined where the user wrote them. */
  get window(): Pick<StoredWindow, 'version' | 'at'> | undefined {
    return this.#window;
  }

  /** A setting as it is written. */
  get(name: string): unknown {
    return this.#written[name];
  }

  /** A setting that is text; empty where it is not set. */
  text(name: string): string {
    const value = this.#written[name];
    return typeof value === 'string' ? value.trim() : '';
  }

  get notifyCommand(): readonly string[] {
    const value = this.#written['notifications.command'];
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : [];
  }
}

function foundBy(look: Look): unknown {
  return look.state === 'there' ? look.value : undefined;
}

/** Settings may be written as VS Code names them. */
function withoutPrefix(settings: WrittenSettings): WrittenSettings {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name,
      value,
    ]),
  );
}
