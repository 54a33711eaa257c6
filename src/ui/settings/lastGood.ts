import type { FilesState } from './settingsMapping.ts';

/** Values of settings by their names without `loopSupervisor.`. */
export type WrittenValues = { readonly [name: string]: unknown };

/**
 * Settings that name programs, places and what pays, as they were when the settings files last parsed. While a file is
 * half typed the editor drops what it cannot read, which would exchange a profile for the built-in one, or a store for
 * another (R6.9).
 */
export class LastGood {
  readonly #values = new Map<string, unknown>();

  /** Remembers what is written while the files parse; a file that was not found spoils nothing. */
  note(names: readonly string[], written: (name: string) => unknown): void {
    for (const name of names) this.#values.set(name, written(name));
  }

  /** What an earlier window has stored, for a window that has not seen the files parse yet. */
  recall(names: readonly string[], stored: WrittenValues): void {
    for (const name of names) if (!this.#values.has(name)) this.#values.set(name, stored[name]);
  }

  /** The value in force. `read`: as the editor reads it now. */
  valueOf(name: string, read: unknown, files: FilesState): unknown {
    return files === 'broken' && this.#values.has(name) ? this.#values.get(name) : read;
  }
}
