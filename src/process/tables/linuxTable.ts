import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessInfo, ProcessTable } from './processTable.ts';
import { parseStat } from './procStat.ts';

/** Linux has counted in these since ever, whatever the kernel's own tick is. */
const MS_PER_TICK = 10;
/** Processes that a polite table reads in one go: about 1 ms. */
const POLITE_BATCH = 40;
/** Key of the page size in the auxiliary vector. */
const AT_PAGESZ = 6n;

/** The process table of Linux, from `/proc`. One buffer and plain calls: 12 ms for 450 processes. */
export class LinuxTable implements ProcessTable {
  readonly bootId: string;
  readonly #polite: boolean;
  #buffer = Buffer.allocUnsafe(4096);
  readonly #pageBytes = pageBytes();

  /** `polite`: gives way to other work while it lists, for a process that must stay responsive. */
  constructor(options: { readonly polite?: boolean } = {}) {
    this.bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    this.#polite = options.polite ?? false;
  }

  async list(): Promise<ProcessInfo[]> {
    const found: ProcessInfo[] = [];
    let read = 0;
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!(pid > 0)) continue;
      const info = this.read(pid);
      if (info) found.push(info);
      read += 1;
      if (this.#polite && read % POLITE_BATCH === 0) await new Promise(setImmediate);
    }
    return found;
  }

  async find(pid: number): Promise<ProcessInfo | undefined> {
    return this.read(pid);
  }

  async alive<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]> {
    return processes.filter((process) => this.isAlive(process));
  }

  isAlive(process: ProcessIdentity): boolean {
    const now = this.read(process.pid);
    return now !== undefined && !now.zombie && now.startTime === process.startTime && this.bootId === process.bootId;
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    // Nothing may come between the look and the signal: that is as close as it gets without pidfd.
    return processes.filter((target) => this.isAlive(target) && kill(target.pid, signal));
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    return leader.pid > 1 && leader.bootId === this.bootId && kill(-leader.pid, signal);
  }

  args(process: ProcessInfo): readonly string[] {
    return this.#readFile(`/proc/${process.pid}/cmdline`)?.toString('utf8').split('\0').filter(Boolean) ?? [];
  }

  environment(process: ProcessInfo): Buffer | undefined {
    return this.#readFile(`/proc/${process.pid}/environ`);
  }

  outputs(process: ProcessInfo): readonly string[] {
    return [1, 2].flatMap((fd) => linkOf(`/proc/${process.pid}/fd/${fd}`) ?? []);
  }

  /** Reads one process; undefined when it is gone. */
  read(pid: number): ProcessInfo | undefined {
    // The kernel gives all of it at once: no second read is needed to see its end.
    const content = this.#readFile(`/proc/${pid}/stat`, true);
    const stat = content && parseStat(content);
    if (!stat) return undefined;
    return {
      pid,
      startTime: stat.startTime,
      bootId: this.bootId,
      parent: stat.parent,
      group: stat.group,
      session: stat.session,
      // The state is that of the first thread: where only that one has ended, the process goes on.
      zombie: stat.state === 'X' || (stat.state === 'Z' && stat.threads <= 1),
      started: Number(stat.startTime),
      name: stat.name,
      cpuMs: stat.cpuTicks * MS_PER_TICK,
      memoryBytes: stat.residentPages * this.#pageBytes,
    };
  }

  /**
   * Answers a piece of the one buffer: valid until the next read. Undefined when the process is gone or not ours to look at. `atOnce`: what does not
   * fill the buffer is all of it.
   */
  #readFile(path: string, atOnce = false): Buffer | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY);
    } catch {
      return undefined;
    }
    try {
      let length = 0;
      for (;;) {
        const read = readSync(fd, this.#buffer, length, this.#buffer.length - length, null);
        length += read;
        if (read === 0 || (atOnce && length < this.#buffer.length)) return this.#buffer.subarray(0, length);
        if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], length * 2);
      }
    } catch {
      return undefined;
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

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether the signal was delivered: false for who is gone or not ours to signal. */
function kill(pid: number, signal: string): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
