import type { ProcessIdentity } from '../../core/model/loop.ts';
import type { ProcessInfo, ProcessTable } from './processTable.ts';
import type { RunCommand } from './runCommand.ts';

/** Times are in 100 ns, and as file times, so that they do not depend on the language of the system. */
const SELECT =
  ' | Select-Object ProcessId,ParentProcessId,Name,CommandLine,WorkingSetSize,KernelModeTime,UserModeTime,' +
  '@{n="Start";e={if($_.CreationDate){$_.CreationDate.ToFileTimeUtc().ToString()}}} | ConvertTo-Json -Compress';
/** All processes as JSON. */
export const CIM_LIST = powershell(`Get-CimInstance Win32_Process${SELECT}`);
/** One process as JSON. */
export const CIM_ONE = (pid: number) => powershell(`Get-CimInstance Win32_Process -Filter "ProcessId=${pid}"${SELECT}`);
export const CIM_BOOT = powershell('(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()');

/** What asks to end, and what ends by force. There are no other signals on Windows. */
const ASKING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * The process table of Windows: listed through CIM, ended through `taskkill` (R7.7). There are no groups and no signals: a group is the tree below its
 * leader, a signal that asks to end is `taskkill /T`, SIGKILL is `taskkill /T /F`, and any other is not delivered.
 */
export class WindowsTable implements ProcessTable {
  readonly bootId: string;
  readonly #run: RunCommand;

  constructor(bootId: string, run: RunCommand) {
    this.bootId = bootId;
    this.#run = run;
  }

  async list(): Promise<ProcessInfo[]> {
    return parseCim((await this.#run('powershell.exe', CIM_LIST)).output, this.bootId);
  }

  async find(pid: number): Promise<ProcessInfo | undefined> {
    return parseCim((await this.#run('powershell.exe', CIM_ONE(pid))).output, this.bootId)[0];
  }

  async alive<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]> {
    if (!processes.some(({ bootId }) => bootId === this.bootId)) return [];
    const started = new Map((await this.list()).map(({ pid, startTime }) => [pid, startTime]));
    return processes.filter(({ pid, startTime, bootId }) => bootId === this.bootId && started.get(pid) === startTime);
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    const delivered: T[] = [];
    for (const target of await this.alive(processes))
      if (await this.#taskkill(target.pid, signal, [])) delivered.push(target);
    return delivered;
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    const [here] = await this.alive([leader]);
    return here !== undefined && (await this.#taskkill(here.pid, signal, ['/T']));
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

  async #taskkill(pid: number, signal: string, more: readonly string[]): Promise<boolean> {
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    if (force.length === 0 && !ASKING.includes(signal)) return false;
    return (await this.#run('taskkill.exe', ['/PID', String(pid), ...more, ...force])).code === 0;
  }
}

/** Reads what CIM lists; anything that is no process is skipped. */
export function parseCim(output: string, bootId: string): ProcessInfo[] {
  let rows: unknown;
  try {
    rows = JSON.parse(output);
  } catch {
    return [];
  }
  return (Array.isArray(rows) ? rows : [rows]).flatMap((row: { [key: string]: unknown }) => {
    const startTime = row?.Start;
    if (typeof startTime !== 'string' || typeof row.ProcessId !== 'number') return [];
    return {
      pid: row.ProcessId,
      startTime,
      bootId,
      parent: Number(row.ParentProcessId),
      group: 0,
      session: 0,
      zombie: false,
      started: Number(startTime),
      name: String(row.Name ?? ''),
      args: splitWindows(String(row.CommandLine ?? '')),
      cpuMs: (Number(row.KernelModeTime) + Number(row.UserModeTime)) / 10_000,
      memoryBytes: Number(row.WorkingSetSize),
    };
  });
}

/** Words of a Windows command line, quotes taken off. Good enough to tell programs by their names. */
function splitWindows(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function powershell(script: string): readonly string[] {
  return ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-Command', script];
}
