import { GONE, type Look, type Seen, there, unknown } from '../../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../../src/core/model/processIdentity.ts';
import {
  lookIn,
  type ProcessInfo,
  type ProcessTable,
  type Sorted,
  sortByLook,
} from '../../../src/process/tables/processTable.ts';

export const BOOT = 'boot';

/** One process of a fake machine. */
export interface FakeProcess {
  readonly pid: number;
  readonly parent?: number;
  readonly group?: number;
  readonly session?: number;
  readonly started?: number;
  readonly zombie?: boolean;
  readonly args?: readonly string[];
  readonly executable?: string;
  readonly environment?: string;
  readonly outputs?: readonly string[];
  readonly cpuMs?: number;
  /** Signals that do not end it. */
  readonly survives?: readonly string[];
}

/** A machine whose processes are as the test says; it keeps what was signalled. */
export class FakeTable implements ProcessTable {
  readonly scope = { bootId: BOOT };
  /** Why no look can tell anything. */
  blind: string | undefined;
  readonly sent: string[] = [];
  readonly processes = new Map<number, FakeProcess>();

  constructor(processes: readonly FakeProcess[]) {
    for (const process of processes) this.processes.set(process.pid, process);
  }

  async list(): Promise<Seen<readonly ProcessInfo[]>> {
    return this.blind === undefined ? there([...this.processes.values()].map(info)) : unknown(this.blind);
  }

  async find(pid: number): Promise<Look<ProcessInfo>> {
    if (this.blind !== undefined) return unknown(this.blind);
    const found = this.processes.get(pid);
    return found ? there(info(found)) : GONE;
  }

  async look<T extends ProcessIdentity>(processes: readonly T[]): Promise<Sorted<T>> {
    const list = await this.list();
    return sortByLook(processes, (process) => lookIn(list, process));
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    const { there: here } = await this.look(processes);
    for (const { pid } of here) {
      this.sent.push(`${signal} ${pid}`);
      if (signal !== 'SIGCONT' && !this.processes.get(pid)?.survives?.includes(signal)) this.processes.delete(pid);
    }
    return [...here];
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    this.sent.push(`${signal} -${leader.pid}`);
    return true;
  }

  args(process: ProcessInfo): Look<readonly string[]> {
    return there(this.processes.get(process.pid)?.args ?? []);
  }

  executable(process: ProcessInfo): Look<string> {
    const { executable, args = [] } = this.processes.get(process.pid) ?? {};
    const path = executable ?? args[0];
    return path?.startsWith('/') ? there(path) : GONE;
  }

  environment(process: ProcessInfo): Look<Buffer> {
    const text = this.processes.get(process.pid)?.environment;
    return text === undefined ? GONE : there(Buffer.from(text));
  }

  outputs(process: ProcessInfo): Look<readonly string[]> {
    return there(this.processes.get(process.pid)?.outputs ?? []);
  }
}

export function identity(pid: number, started = pid): ProcessIdentity {
  return { pid, startTime: String(started), bootId: BOOT };
}

function info(process: FakeProcess): ProcessInfo {
  const {
    pid,
    parent = 1,
    group = pid,
    session = group,
    started = pid,
    zombie = false,
    args = [],
    cpuMs = 0,
  } = process;
  return {
    ...identity(pid, started),
    parent,
    group,
    session,
    zombie,
    started,
    name: args[0]?.split('/').at(-1) ?? `p${pid}`,
    cpuMs,
  };
}
