import { type Look, type Seen, there, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import { ListedFacts } from './listedFacts.ts';
import { lookByScope, type ProcessScope } from './processScope.ts';
import { lookIn, onlyOne, type ProcessInfo, type ProcessTable, type Sorted, sortByLook } from './processTable.ts';
import type { CommandResult, RunCommand } from './runCommand.ts';

/**
 * All that is needed of a process. The start time is five words; the arguments come last, as they may hold anything.
 */
const COLUMNS = 'pid=,ppid=,pgid=,state=,time=,rss=,lstart=,args=';
/** All processes of all users. */
export const PS_LIST = ['-A', '-ww', '-o', COLUMNS] as const;
/** The processes of these pids. */
export const PS_ONE = (...pids: readonly number[]) => ['-ww', '-o', COLUMNS, '-p', pids.join(',')];
/** Names the boot. */
export const SYSCTL_BOOT = ['-n', 'kern.bootsessionuuid'] as const;
/** Names the machine. */
export const SYSCTL_MACHINE = ['-n', 'kern.uuid'] as const;

const LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\d+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s?(.*)$/;
const CUT_OFF = 'the list of processes was cut off';

/** Sends a signal as `process.kill` does. */
export type Kill = (pid: number, signal: string) => boolean;

/** The process table of macOS, which has no `/proc`: from `ps`, which shows neither sessions nor environments. */
export class PsTable extends ListedFacts implements ProcessTable {
  readonly scope: ProcessScope;
  readonly #run: RunCommand;
  readonly #kill: Kill;

  constructor(scope: ProcessScope, run: RunCommand, kill: Kill) {
    super();
    this.scope = scope;
    this.#run = run;
    this.#kill = kill;
  }

  async list(): Promise<Seen<readonly ProcessInfo[]>> {
    const listed = readPs(await this.#run('ps', PS_LIST), this.scope);
    // The first process is in every whole list.
    return listed.state === 'there' && !listed.value.some(({ pid }) => pid === 1) ? unknown(CUT_OFF) : listed;
  }

  async find(pid: number): Promise<Look<ProcessInfo>> {
    return onlyOne(await this.#ask([pid]), pid);
  }

  async look<T extends ProcessIdentity>(processes: readonly T[]): Promise<Sorted<T>> {
    const here = processes.filter((process) => !lookByScope(process, this.scope));
    const now = here.length === 0 ? there([]) : await this.#ask(here.map(({ pid }) => pid));
    return sortByLook(processes, (process) => lookByScope(process, this.scope) ?? lookIn(now, process));
  }

  async signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]> {
    // One look for all of them: a look for each would take longer than it gains.
    return (await this.look(processes)).there.filter(({ pid }) => this.#send(pid, signal));
  }

  async signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean> {
    return leader.pid > 1 && !lookByScope(leader, this.scope) && this.#send(-leader.pid, signal);
  }

  #send(pid: number, signal: string): boolean {
    try {
      return this.#kill(pid, signal);
    } catch {
      // Gone meanwhile, or not ours to signal.
      return false;
    }
  }

  /** Asks for our own pid too: output without it was cut off. */
  async #ask(pids: readonly number[]): Promise<Seen<readonly ProcessInfo[]>> {
    return readPsOf(await this.#run('ps', PS_ONE(...pids, process.pid)), this.scope);
  }
}

/** What `ps` said of some pids, our own among them. */
export function readPsOf(result: CommandResult, scope: ProcessScope): Seen<readonly ProcessInfo[]> {
  const listed = readPs(result, scope);
  return listed.state === 'there' && !listed.value.some(({ pid }) => pid === process.pid) ? unknown(CUT_OFF) : listed;
}

/** Reads what `ps` lists. One that failed, or wrote a line that makes no sense, proves nothing. */
export function readPs({ code, output }: CommandResult, scope: ProcessScope): Seen<readonly ProcessInfo[]> {
  if (code !== 0) return unknown(code === null ? 'ps could not be run' : `ps failed with exit code ${code}`);
  if (!output.endsWith('\n')) return unknown(CUT_OFF);
  const found: ProcessInfo[] = [];
  for (const line of output.split('\n')) {
    if (line.trim() === '') continue;
    const info = parsePsLine(line, scope);
    if (!info) return unknown('the list of processes makes no sense');
    found.push(info);
  }
  return there(found);
}

function parsePsLine(line: string, scope: ProcessScope): ProcessInfo | undefined {
  const [, pid, parent, group, state, time, memory, start, args] = LINE.exec(line) ?? [];
  if (start === undefined || state === undefined) return undefined;
  const words = (args ?? '').split(/\s+/).filter(Boolean);
  const startTime = start.replace(/\s+/g, ' ');
  return {
    ...{ pid: Number(pid), ...scope },
    startTime,
    parent: Number(parent),
    group: Number(group),
    session: 0,
    zombie: state.startsWith('Z'),
    started: Date.parse(startTime),
    name: words[0]?.split('/').at(-1) ?? '',
    args: words,
    ...executableOf(args ?? '', words[0]),
    cpuMs: cpuMs(time ?? ''),
    memoryBytes: Number(memory) * 1024,
  };
}

/** The bundle of an app, whose path may hold spaces, as that of VS Code does; else the first word. */
function executableOf(args: string, first: string | undefined): { readonly executable?: string } {
  const executable = /^\/.+?\.app\/Contents\//.exec(args)?.[0] ?? first;
  return executable?.startsWith('/') ? { executable } : {};
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, as `ps` writes CPU time. */
function cpuMs(time: string): number {
  const [, days = '0', rest = ''] = /^(?:(\d+)-)?([\d:.]+)$/.exec(time) ?? [];
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}
