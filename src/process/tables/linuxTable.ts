import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { GONE, type Look, lookAt, lookOf, type Seen, there, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { linuxScope } from './linuxScope.ts';
import { PidOrder } from './pidOrder.ts';
import { lookByScope, type ProcessScope } from './processScope.ts';
import { lookAgain, type ProcessInfo, type ProcessTable, type Sorted, sortByLook } from './processTable.ts';
import { parseStat } from './procStat.ts';

/** Linux counts in these steps for programs, whatever its own tick is. */
const MS_PER_TICK = 10;
/** Processes that a polite table reads in one go: about 1 ms. */
const POLITE_BATCH = 40;
/** Key of the page size in the auxiliary vector. */
const AT_PAGESZ = 6n;

/** The process table of Linux, from `/proc`. One buffer and plain calls: 12 ms for 450 processes. */
export class LinuxTable implements ProcessTable {
  readonly scope: ProcessScope;
  readonly #polite: boolean;
  readonly #order = new PidOrder();
  #buffer = Buffer.allocUnsafe(4096);
  readonly #pageBytes = pageBytes();

  /**
   * `polite`: gives way to other work while it lists, for a process that must stay responsive.
   *
   * @throws Error when `/proc` cannot be used at all.
   */
  constructor(options: { readonly polite?: boolean } = {}) {
    this.scope = linuxScope();
    this.#polite = options.polite ?? false;
  }

  async list(since?: ProcessIdentity): Promise<Seen<readonly ProcessInfo[]>> {
    const names = lookAt(() => readdirSync('/proc'));
    if (names.state === 'unknown') return names;
    const pids = names.state === 'there' ? names.value.map(Number) : [];
    // We are in it ourselves.
    if (!pids.includes(process.pid)) return unknown('/proc is not mounted');
    const from = since && this.#order.holdsSince(since.pid) ? since.pid : 1;
    const found: ProcessInfo[] = [];
    let read = 0;
    for (const pid of pids) {
      if (!(pid >= from)) continue;
      const look = this.read(pid);
      if (look.state === 'there') found.push(look.value);
      // One that is missing in the list would be taken for gone.
      if (look.state === 'unknown' && !isHidden(pid)) return look;
      read += 1;
      if (this.#polite && read % POLITE_BATCH === 0) await new Promise(setImmediate);
    }
    return there(found);
  }

  async find(pid: number): Promise<Look<ProcessInfo>> {
    return this.read(pid);
  }

  async look<T extends ProcessIdentity>(processes: readonly T[]): Promise<Sorted<T>> {
    return sortByLook(processes, (process) => this.lookNow(process));
  }

  /** Whether a process lives, at once. */
  lookNow(process: ProcessIdentity): Look {
    return lookByScope(process, this.scope) ?? lookAgain(process, this.read(process.pid));
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    // Nothing may come between the look and the signal: that is as close as it gets without pidfd.
    return processes.filter((target) => this.lookNow(target).state === 'there' && kill(target.pid, signal));
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    return leader.pid > 1 && !lookByScope(leader, this.scope) && kill(-leader.pid, signal);
  }

  args(process: ProcessInfo): Look<readonly string[]> {
    const content = lookAt(() => this.#readFile(`/proc/${process.pid}/cmdline`));
    return content.state === 'there' ? there(content.value.toString('utf8').split('\0').filter(Boolean)) : content;
  }

  executable(process: ProcessInfo): Look<string> {
    const link = lookInside(() => readlinkSync(`/proc/${process.pid}/exe`));
    // One that was updated runs on.
    return link.state === 'there' ? there(link.value.replace(/ \(deleted\)$/, '')) : link;
  }

  environment(process: ProcessInfo): Look<Buffer> {
    return lookInside(() => this.#readFile(`/proc/${process.pid}/environ`, true));
  }

  outputs(process: ProcessInfo): Look<readonly string[]> {
    const links: string[] = [];
    for (const fd of [1, 2]) {
      const link = lookInside(() => readlinkSync(`/proc/${process.pid}/fd/${fd}`));
      if (link.state === 'unknown') return link;
      if (link.state === 'there') links.push(link.value);
    }
    return there(links);
  }

  /** Reads one process. */
  read(pid: number): Look<ProcessInfo> {
    const content = lookAt(() => this.#readFile(`/proc/${pid}/stat`, true));
    if (content.state !== 'there') return content;
    const stat = parseStat(content.value);
    if (!stat) return unknown(`/proc/${pid}/stat makes no sense`);
    return there({
      ...this.scope,
      pid,
      startTime: stat.startTime,
      parent: stat.parent,
      group: stat.group,
      session: stat.session,
      // The state is that of the first thread: where only that one has ended, the process goes on.
      zombie: stat.state === 'X' || (stat.state === 'Z' && stat.threads <= 1),
      started: Number(stat.startTime),
      name: stat.name,
      cpuMs: stat.cpuTicks * MS_PER_TICK,
      memoryBytes: stat.residentPages * this.#pageBytes,
    });
  }

  /**
   * Returns a piece of the one buffer, valid until the next read. `atOnce`: the kernel gives all of it at once, so no
   * second read is needed to see its end.
   */
  #readFile(path: string, atOnce = false): Buffer {
    const fd = openSync(path, constants.O_RDONLY);
    try {
      let length = 0;
      for (;;) {
        const read = readSync(fd, this.#buffer, length, this.#buffer.length - length, null);
        length += read;
        if (read === 0 || (atOnce && length < this.#buffer.length)) return this.#buffer.subarray(0, length);
        if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], length * 2);
      }
    } finally {
      closeSync(fd);
    }
  }
}

/** Not the same on all machines: 4 KiB, 16 KiB or 64 KiB. */
function pageBytes(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
}

/** Like `lookAt`, for what a process shows to its owner only: one that does not show it has none for us. */
function lookInside<T>(look: () => T): Look<T> {
  try {
    return there(look());
  } catch (error) {
    return isRefusal(error) ? GONE : lookOf(error);
  }
}

/** Whether the machine hides the process from us since it is somebody else's (the mount option `hidepid`). */
function isHidden(pid: number): boolean {
  const folder = lookAt(() => statSync(`/proc/${pid}`));
  if (folder.state !== 'there' || folder.value.uid === process.getuid?.()) return false;
  try {
    accessSync(`/proc/${pid}/stat`, constants.R_OK);
    return false;
  } catch (error) {
    return isRefusal(error);
  }
}

function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}

/** Whether the signal was delivered: false for one that is gone or not ours to signal. */
function kill(pid: number, signal: string): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
