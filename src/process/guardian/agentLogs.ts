import { closeSync, fstatSync, ftruncateSync, openSync, watch } from 'node:fs';
import { FILE_MODE } from '../runFolder/atomicFile.ts';

/**
 * The two logs that an agent writes to, standard output and standard error, held open: they stay ours even if their
 * files are removed.
 */
export class AgentLogs {
  /** Their descriptors, for the agent to inherit. */
  readonly descriptors: readonly [stdout: number, stderr: number];
  readonly #paths: readonly string[];

  /** @throws the error of the file system when a log cannot be opened. */
  constructor(stdout: string, stderr: string) {
    const first = openSync(stdout, 'a', FILE_MODE);
    try {
      this.descriptors = [first, openSync(stderr, 'a', FILE_MODE)];
    } catch (error) {
      closeSync(first);
      throw error;
    }
    // Linux can watch an open file that no longer has a name.
    const isLinux = process.platform === 'linux';
    this.#paths = isLinux ? this.descriptors.map((descriptor) => `/proc/self/fd/${descriptor}`) : [stdout, stderr];
  }

  /** Bytes in both logs. */
  bytes(): number {
    const [out, err] = this.#sizes();
    return out + err;
  }

  /** Cuts the logs so that both together hold at most `maxBytes`; the longer one loses the most. */
  cutTo(maxBytes: number): void {
    const [out, err] = this.#sizes();
    const shorter = Math.min(out, err, Math.floor(maxBytes / 2));
    const longer = maxBytes - shorter;
    if (out > longer || err > longer) ftruncateSync(this.descriptors[out > err ? 0 : 1], longer);
    if (Math.min(out, err) > shorter) ftruncateSync(this.descriptors[out > err ? 1 : 0], shorter);
  }

  /**
   * Calls `onWrite` when something is written, until the function that it returns is called. Undefined where the system
   * does not report writes as they happen.
   */
  watch(onWrite: () => void): (() => void) | undefined {
    if (process.platform === 'win32') return undefined;
    const watchers: { close(): void }[] = [];
    const close = () => {
      for (const watcher of watchers) watcher.close();
    };
    try {
      for (const path of this.#paths) watchers.push(watch(path, onWrite).on('error', close));
      return close;
    } catch {
      // The user has used up what the system gives for watching, or the file was removed.
      close();
      return undefined;
    }
  }

  close(): void {
    for (const descriptor of this.descriptors) closeSync(descriptor);
  }

  #sizes(): [stdout: number, stderr: number] {
    const [stdout, stderr] = this.descriptors;
    return [fstatSync(stdout).size, fstatSync(stderr).size];
  }
}
