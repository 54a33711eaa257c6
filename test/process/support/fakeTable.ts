import type { ProcessIdentity } from '../../../src/core/model/loop.ts';
import type { ProcessInfo, ProcessTable } from '../../../src/process/tables/processTable.ts';

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
  readonly environment?: string;
  readonly outputs?: readonly string[];
  readonly cpuMs?: number;
  /** Signals that do not end it. */
  readonly survives?: readonly string[];
}

/** A machine whose processes are as the test says; it keeps what was signalled. */
export class FakeTable implements ProcessTable {
  readonly bootId = BOOT;
  readonly sent: string[] = [];
  readonly processes = new Map<number, FakeProcess>();

  constructor(processes: readonly FakeProcess[]) {
    for (const process of processes) this.processes.set(process.pid, process);
  }

  async list(): Promise<ProcessInfo[]> {
    return [...this.processes.values()].map(info);
  }

  async find(pid: number): Promise<ProcessInfo | undefined> {
    const found = this.processes.get(pid);
    return found && info(found);
  }

  async alive<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]> {
    return processes.filter(({ pid, startTime }) => {
      const now = this.processes.get(pid);
      return now !== undefined && !now.zombie && info(now).startTime === startTime;
    });
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    const here = await this.alive(processes);
    for (const { pid } of here) {
      this.sent.push(`${signal} ${pid}`);
      if (signal !== 'SIGCONT' && !this.processes.get(pid)?.survives?.includes(signal)) this.processes.delete(pid);
    }
    return here;
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    this.sent.push(`${signal} -${leader.pid}`);
    return true;
  }

  args(process: ProcessInfo): readonly string[] {
    return this.processes.get(process.pid)?.args ?? [];
  }

  environment(process: ProcessInfo): Buffer | undefined {
    const text = this.processes.get(process.pid)?.environment;
    return text === undefined ? undefined : Buffer.from(text);
  }

  outputs(process: ProcessInfo): readonly string[] {
    return this.processes.get(process.pid)?.outputs ?? [];
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
