import { readdirSync, readFileSync } from 'node:fs';

/** A live process as Linux shows it. Elsewhere the lists here are empty. */
export interface Seen {
  readonly pid: number;
  readonly ppid: number;
  /** Process group. */
  readonly pgid: number;
  /** Session. */
  readonly sid: number;
  /** Since boot, in clock ticks; with the pid it says which process this is. */
  readonly start: number;
  readonly command: string;
}

/** The live process of that pid; a zombie is none. */
export function look(pid: number): Seen | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // A command name may hold anything, so the fields are counted from its last bracket.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const [, ppid, pgid, sid] = fields.map(Number);
  return {
    pid,
    ppid: ppid!,
    pgid: pgid!,
    sid: sid!,
    start: Number(fields[19]),
    command: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim(),
  };
}

/** All that runs with this variable in its environment. */
export function carrying(name: string, value: string): Seen[] {
  return all().filter(({ pid }) => environmentOf(pid).includes(`${name}=${value}`));
}

/** The environment of a process at its start, as `NAME=value`; empty for what is gone or not ours to read. */
export function environmentOf(pid: number): string[] {
  return (read(`/proc/${pid}/environ`) ?? '').split('\0');
}

/** All whose command line holds this text: one of the test's own, such as the path of a folder. */
export function running(text: string): Seen[] {
  return all().filter(({ command }) => command.includes(text));
}

/** The children of a process. */
export function childrenOf(pid: number): Seen[] {
  return all().filter((process) => process.ppid === pid);
}

/** Whether that very process is still there. */
export function alive(process: Seen): boolean {
  return look(process.pid)?.start === process.start;
}

/** Signals that very process, if it is still there. */
export function signal(target: Seen, name: NodeJS.Signals): void {
  if (!alive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function all(): Seen[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => look(Number(name)))
    .filter((seen) => seen !== undefined);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended, or it is not ours to read.
    return undefined;
  }
}
