import { rmSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { createOnce, writeJson } from '../runFolder/atomicFile.ts';
import {
  type ClaimRecord,
  type CutRecord,
  type EndedRecord,
  type ExitRecord,
  FORMAT,
  type SeenRecord,
  type SilentRecord,
  type StartedRecord,
} from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { ReservedFile } from './reservedFile.ts';

/** Room for the records of an end. One that names more processes than fit needs free disk, or names fewer. */
const EXIT_BYTES = 1024;
const ENDED_BYTES = 32 * 1024;
/** How many of each list are named if there is no room for more. */
const NAMED_WITHOUT_ROOM = 20;

/**
 * How long (ms) records that cannot be written are tried again before the guardian leaves. The window that started it
 * learns the end from its exit code, so where that waits it leaves soon.
 */
const PATIENCE_MS = 60_000;
const PATIENCE_OF_CHILD_MS = 1_000;
const AGAIN_MS = 250;

type RunRecord = StartedRecord | ExitRecord | EndedRecord | SilentRecord | CutRecord;

/**
 * What a guardian writes about its run. The space for the end is taken at the beginning (R8.3); what cannot be written
 * is kept and tried again.
 */
export class RunRecords {
  readonly #files: RunFiles;
  readonly #log: (message: string, error?: unknown) => void;
  readonly #reserved: ReadonlyMap<string, ReservedFile>;
  readonly #unwritten = new Map<string, RunRecord>();
  #claim: ClaimRecord | undefined;
  #started: StartedRecord | undefined;

  /** @throws the error of the file system when there is no room for the records. */
  constructor(files: RunFiles, log: (message: string, error?: unknown) => void) {
    this.#files = files;
    this.#log = log;
    const exit = new ReservedFile(files.exit, EXIT_BYTES);
    try {
      this.#reserved = new Map([
        [files.exit, exit],
        [files.ended, new ReservedFile(files.ended, ENDED_BYTES)],
      ]);
    } catch (error) {
      exit.release();
      throw error;
    }
  }

  /** Claims the run; returns whether it was free. @throws the error of the file system. */
  claim(guardian: ProcessIdentity, beatMs: number): boolean {
    this.#claim = { format: FORMAT, by: 'guardian', guardian, beatMs };
    return createOnce(this.#files.claim, this.#claim);
  }

  started(record: StartedRecord): void {
    this.#started = record;
    this.#write(this.#files.started, record);
  }

  exited(record: ExitRecord): void {
    this.#write(this.#files.exit, record);
  }

  ended(record: EndedRecord): void {
    this.#write(this.#files.ended, record);
  }

  /** `undefined`: it is no longer silent. */
  silent(record: SilentRecord | undefined): void {
    if (record) this.#write(this.#files.silent, record);
    else rmSync(this.#files.silent, { force: true });
  }

  /** It only helps those who come later: what cannot be written is not tried again. */
  seen(record: SeenRecord): void {
    try {
      writeJson(this.#files.seen, record);
    } catch (error) {
      this.#log(`${this.#files.seen} could not be written.`, error);
    }
  }

  cut(record: CutRecord): void {
    this.#write(this.#files.cut, record);
  }

  /**
   * Tries for a while to write what is not written yet. `isChild`: whether the window that started us is still there.
   * Resolves with whether all is written.
   */
  async complete(isChild: () => boolean): Promise<boolean> {
    const began = performance.now();
    const patience = () => (isChild() ? PATIENCE_OF_CHILD_MS : PATIENCE_MS);
    while (this.#unwritten.size > 0 && performance.now() - began < patience()) {
      await sleep(AGAIN_MS);
      this.retry();
    }
    return this.#unwritten.size === 0;
  }

  /** Tries again what could not be written. */
  retry(): void {
    for (const [path, record] of this.#unwritten) this.#write(path, record);
  }

  /**
   * Shows that the guardian works: the claim gets a new time. Where somebody has removed the run folder, claim and
   * start are written again, so that windows still find their way to us.
   */
  beat(): void {
    const now = new Date();
    try {
      utimesSync(this.#files.claim, now, now);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !this.#claim) return;
      this.#log('The run folder was removed; it is made again.');
      writeJson(this.#files.claim, this.#claim);
      if (this.#started) writeJson(this.#files.started, this.#started);
    }
  }

  /** Gives back what was reserved and not needed. */
  release(): void {
    for (const reserved of this.#reserved.values()) reserved.release();
  }

  #write(path: string, record: RunRecord): void {
    try {
      this.#put(path, record);
      this.#unwritten.delete(path);
    } catch (error) {
      if (!this.#unwritten.has(path)) this.#log(`${path} could not be written; it is tried again.`, error);
      this.#unwritten.set(path, record);
    }
  }

  #put(path: string, record: RunRecord): void {
    const reserved = this.#reserved.get(path);
    try {
      if (reserved) reserved.write(record);
      else writeJson(path, record);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Its folder is gone: it is made again. Or the record needs more room than there is.
      if (reserved && code === 'ENOENT') writeJson(path, record);
      else if (reserved && code === 'ENOSPC' && 'swept' in record) reserved.write(shortened(record));
      else throw error;
    }
  }
}

function shortened(record: EndedRecord): EndedRecord {
  const some = (list: EndedRecord['swept']) => list.slice(0, NAMED_WITHOUT_ROOM);
  return { ...record, swept: some(record.swept), kept: some(record.kept), remaining: some(record.remaining) };
}
