import { type Look, type Seen, there, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { ListedFacts } from './listedFacts.ts';
import { lookByScope, type ProcessScope } from './processScope.ts';
import { lookIn, onlyOne, type ProcessInfo, type ProcessTable, type Sorted, sortByLook } from './processTable.ts';
import type { CommandResult, RunCommand } from './runCommand.ts';

/** Times are in 100 ns, and as file times, so that they do not depend on the language of the system. */
const SELECT =
  ' | Select-Object ProcessId,ParentProcessId,Name,ExecutablePath,CommandLine,' +
  'WorkingSetSize,KernelModeTime,UserModeTime,' +
  '@{n="Start";e={if($_.CreationDate){$_.CreationDate.ToFileTimeUtc().ToString()}}} | ConvertTo-Json -Compress';
/** All processes as JSON. */
export const CIM_LIST = powershell(`Get-CimInstance Win32_Process${SELECT}`);
/** One process as JSON, and the idle process, which is always there: output without it proves nothing. */
export const CIM_ONE = (pid: number) =>
  powershell(`Get-CimInstance Win32_Process -Filter "ProcessId=0 OR ProcessId=${pid}"${SELECT}`);
export const CIM_BOOT = powershell('(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()');
export const CIM_MACHINE = powershell(
  '(Get-ItemProperty HKLM:\\SOFTWARE\\Microsoft\\Cryptography -Name MachineGuid).MachineGuid',
);

/** Signals that ask to end. Windows has no signals but these and SIGKILL. */
const ASKING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * The process table of Windows: listed through CIM, ended through `taskkill` (R7.7). A group is the tree below its
 * leader; a signal that asks to end is `taskkill /T`, SIGKILL is `taskkill /T /F`, and any other is not delivered.
 */
export class WindowsTable extends ListedFacts implements ProcessTable {
  readonly scope: ProcessScope;
  readonly #run: RunCommand;

  constructor(scope: ProcessScope, run: RunCommand) {
    super();
    this.scope = scope;
    this.#run = run;
  }

  async list(): Promise<Seen<readonly ProcessInfo[]>> {
    return readCim(await this.#run('powershell.exe', CIM_LIST), this.scope);
  }

  async find(pid: number): Promise<Look<ProcessInfo>> {
    return onlyOne(readCim(await this.#run('powershell.exe', CIM_ONE(pid)), this.scope), pid);
  }

  async look<T extends ProcessIdentity>(processes: readonly T[]): Promise<Sorted<T>> {
    const isHere = (process: T) => !lookByScope(process, this.scope);
    const now = processes.some(isHere) ? await this.list() : there([]);
    return sortByLook(processes, (process) => lookByScope(process, this.scope) ?? lookIn(now, process));
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    const delivered: T[] = [];
    for (const target of (await this.look(processes)).there)
      if (await this.#taskkill(target.pid, signal, [])) delivered.push(target);
    return delivered;
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    if (!isSignal(signal)) return false;
    const { there: alive, unknown: unseen } = await this.look([leader]);
    // A look that fails stops nobody: the caller has just seen the leader, or is its parent and so holds its pid.
    const isHere = alive.length > 0 || (unseen.length > 0 && !lookByScope(leader, this.scope));
    return isHere && (await this.#taskkill(leader.pid, signal, ['/T']));
  }

  async #taskkill(pid: number, signal: string, more: readonly string[]): Promise<boolean> {
    if (!isSignal(signal)) return false;
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    return (await this.#run('taskkill.exe', ['/PID', String(pid), ...more, ...force])).code === 0;
  }
}

function isSignal(signal: string): boolean {
  return signal === 'SIGKILL' || ASKING.includes(signal);
}

/** Reads what CIM lists; rows without a start time are the system's own. */
export function readCim({ code, output }: CommandResult, scope: ProcessScope): Seen<readonly ProcessInfo[]> {
  if (code !== 0) return unknown(code === null ? 'PowerShell could not be run' : `PowerShell failed with code ${code}`);
  let rows: readonly CimRow[];
  try {
    const parsed: unknown = JSON.parse(output);
    rows = (Array.isArray(parsed) ? parsed : [parsed]).filter((row) => typeof row?.ProcessId === 'number');
  } catch {
    return unknown('the list of processes was cut off');
  }
  if (!rows.some(({ ProcessId }) => ProcessId === 0)) return unknown('the list of processes is not whole');
  return there(rows.flatMap((row) => processOf(row, scope)));
}

interface CimRow {
  readonly ProcessId: number;
  readonly [key: string]: unknown;
}

function processOf(row: CimRow, scope: ProcessScope): ProcessInfo[] {
  const startTime = row['Start'];
  if (typeof startTime !== 'string') return [];
  return [
    {
      ...{ pid: row.ProcessId, ...scope },
      startTime,
      parent: Number(row['ParentProcessId']),
      group: 0,
      session: 0,
      zombie: false,
      started: Number(startTime),
      name: String(row['Name'] ?? ''),
      ...(typeof row['ExecutablePath'] === 'string' && { executable: row['ExecutablePath'] }),
      args: splitWindows(String(row['CommandLine'] ?? '')),
      cpuMs: (Number(row['KernelModeTime']) + Number(row['UserModeTime'])) / 10_000,
      memoryBytes: Number(row['WorkingSetSize']),
    },
  ];
}

/** Words of a Windows command line, quotes taken off. Good enough to recognize programs by their names. */
function splitWindows(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function powershell(script: string): readonly string[] {
  // An error in the middle must not look like an empty list.
  const strict = `$ErrorActionPreference = 'Stop'; ${script}`;
  return ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-Command', strict];
}
