import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessInfo, ProcessTable } from './processTable.ts';
import type { RunCommand } from './runCommand.ts';

/** Asks `ps` for all it needs of a process. The start time has five words, the arguments come last for they may hold anything. */
const COLUMNS = 'pid=,ppid=,pgid=,state=,time=,rss=,lstart=,args=';
/** All processes of all users. */
export const PS_LIST = ['-A', '-ww', '-o', COLUMNS] as const;
/** The processes of these pids. */
export const PS_ONE = (...pids: readonly number[]) => ['-ww', '-o', COLUMNS, '-p', pids.join(',')];
/** Names the boot. */
export const SYSCTL_BOOT = ['-n', 'kern.bootsessionuuid'] as const;

const LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\d+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s?(.*)$/;

/** Sends a signal as `process.kill` does. */
export type Kill = (pid: number, signal: string) => boolean;

/** The process table of macOS, which has no `/proc`: from `ps`. There are no sessions and no environments to be seen. */
export class PsTable implements ProcessTable {
  readonly bootId: string;
  readonly #run: RunCommand;
  readonly #kill: Kill;

  constructor(bootId: string, run: RunCommand, kill: Kill) {
    this.bootId = bootId;
    this.#run = run;
    this.#kill = kill;
  }

  async list(): Promise<ProcessInfo[]> {
    return this.#ask(PS_LIST);
  }

  async find(pid: number): Promise<ProcessInfo | undefined> {
    return (await this.#ask(PS_ONE(pid)))[0];
  }

  async alive<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]> {
    const here = processes.filter(({ bootId }) => bootId === this.bootId);
    if (here.length === 0) return [];
    const now = await this.#ask(PS_ONE(...here.map(({ pid }) => pid)));
    const started = new Map(now.filter(({ zombie }) => !zombie).map(({ pid, startTime }) => [pid, startTime]));
    return here.filter(({ pid, startTime }) => started.get(pid) === startTime);
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    // One look for all of them: a look for each would take longer than it gains.
    return (await this.alive(processes)).filter(({ pid }) => this.#send(pid, signal));
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    return leader.pid > 1 && leader.bootId === this.bootId && this.#send(-leader.pid, signal);
  }

  args(process: ProcessInfo): readonly string[] {
    return process.args ?? [];
  }

  environment(): undefined {
    return undefined;
  }

  outputs(): readonly string[] {
    return [];
  }

  #send(pid: number, signal: string): boolean {
    try {
      return this.#kill(pid, signal);
    } catch {
      // Gone meanwhile, or not ours to signal.
      return false;
    }
  }

  async #ask(args: readonly string[]): Promise<ProcessInfo[]> {
    return parsePs((await this.#run('ps', args)).output, this.bootId);
  }
}

/** Reads what `ps` lists; lines that are none are skipped. */
export function parsePs(output: string, bootId: string): ProcessInfo[] {
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, group, state, time, memory, start, args] = LINE.exec(line) ?? [];
    if (start === undefined || state === undefined) return [];
    const words = (args ?? '').split(/\s+/).filter(Boolean);
    const startTime = start.replace(/\s+/g, ' ');
    return {
      pid: Number(pid),
      startTime,
      bootId,
      parent: Number(parent),
      group: Number(group),
      session: 0,
      zombie: state.startsWith('Z'),
      started: Date.parse(startTime),
      name: words[0]?.split('/').at(-1) ?? '',
      args: words,
      cpuMs: cpuMs(time ?? ''),
      memoryBytes: Number(memory) * 1024,
    };
  });
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, as `ps` writes CPU time. */
function cpuMs(time: string): number {
  const [, days = '0', rest = ''] = /^(?:(\d+)-)?([\d:.]+)$/.exec(time) ?? [];
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}
