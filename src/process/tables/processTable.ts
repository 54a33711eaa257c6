import { GONE, type Look, type Seen, there, unknown } from '../../core/model/looks.ts';
import { isSameProcess, type ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { ProcessScope } from './processScope.ts';

/** One process as the system lists it. */
export interface ProcessInfo extends ProcessIdentity {
  readonly parent: number;
  /** Process group; 0 where the platform has none. */
  readonly group: number;
  /** Session; 0 where the platform has none. */
  readonly session: number;
  /** It has ended and only waits for its parent to collect it. */
  readonly zombie: boolean;
  /** The start time as a number that grows with time, in the platform's own unit. */
  readonly started: number;
  /** Name of the program, as the system cuts it. */
  readonly name: string;
  /** Its arguments, where the list has them already. */
  readonly args?: readonly string[];
  /** The path of its executable, where the list has it already. */
  readonly executable?: string;
  /** CPU time used so far, ms. */
  readonly cpuMs?: number;
  /** Resident memory, bytes. */
  readonly memoryBytes?: number;
}

/** The start time of a process that was never seen in a list. */
export const UNKNOWN_START = 'unknown';

/** What one look said of several processes. Those in neither list are gone. */
export interface Sorted<T> {
  readonly there: readonly T[];
  /** Those that the look could not see. */
  readonly unknown: readonly T[];
  /** Why it could not. */
  readonly why?: string;
}

/**
 * The processes of this machine. A signal goes only to a process that is still the one that was seen (R7.5). The
 * implementations differ by platform: `/proc`, `ps`, and `taskkill` with CIM.
 */
export interface ProcessTable {
  /** Where the pids of this table mean something. */
  readonly scope: ProcessScope;
  /**
   * All processes, zombies included. A list that was cut off or may lack a process of ours is `unknown`. `since`: a
   * process that this one has started; those that are older may be left out.
   */
  list(since?: ProcessIdentity): Promise<Seen<readonly ProcessInfo[]>>;
  find(pid: number): Promise<Look<ProcessInfo>>;
  /** Which of `processes` still live; a zombie does not. */
  look<T extends ProcessIdentity>(processes: readonly T[]): Promise<Sorted<T>>;
  /** Signals each process that is still the one that was seen; returns those that the signal was delivered to. */
  signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]>;
  /**
   * Signals the whole group of a leader, or its tree where the platform has no groups. Only for a group that was
   * created for an attempt, and while its leader is there or its members were just seen (R7.1). Needs no look. Returns
   * whether any process got the signal.
   */
  signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean>;
  args(process: ProcessInfo): Look<readonly string[]>;
  /** The path of its executable; `gone` where that is not shown. */
  executable(process: ProcessInfo): Look<string>;
  /**
   * Its environment at its start, `NAME=value` each ended by NUL. `gone` where the platform or the owner of the process
   * shows none. Valid until the next call of the table.
   */
  environment(process: ProcessInfo): Look<Buffer>;
  /** Where its standard output and standard error lead, as paths; none where that is not shown. */
  outputs(process: ProcessInfo): Look<readonly string[]>;
}

/** Looks at each of `processes` and sorts them by what was seen. */
export function sortByLook<T extends ProcessIdentity>(processes: readonly T[], look: (process: T) => Look): Sorted<T> {
  const alive: T[] = [];
  const unseen: T[] = [];
  let why: string | undefined;
  for (const process of processes) {
    const seen = look(process);
    if (seen.state === 'there') alive.push(process);
    if (seen.state === 'unknown') {
      unseen.push(process);
      why ??= seen.why;
    }
  }
  return { there: alive, unknown: unseen, ...(why !== undefined && { why }) };
}

/** What a list, made later than the record `process`, says of it. */
export function lookIn(list: Seen<readonly ProcessInfo[]>, process: ProcessIdentity): Look<ProcessInfo> {
  return lookAgain(process, onlyOne(list, process.pid));
}

/** Whether the process that has its pid `now` is still the one on record. */
export function lookAgain(record: ProcessIdentity, now: Look<ProcessInfo>): Look<ProcessInfo> {
  if (now.state !== 'there') return now;
  if (now.value.zombie) return GONE;
  if (record.startTime === UNKNOWN_START) return unknown('its start time was never seen');
  return isSameProcess(now.value, record) ? now : GONE;
}

/** What a list says of a pid. */
export function onlyOne(list: Seen<readonly ProcessInfo[]>, pid: number): Look<ProcessInfo> {
  if (list.state === 'unknown') return list;
  const found = list.value.find((process) => process.pid === pid);
  return found ? there(found) : GONE;
}

/** The arguments of a process as one line, or its name where they are not shown. */
export function commandOf(table: ProcessTable, process: ProcessInfo): string {
  const args = table.args(process);
  return (args.state === 'there' ? args.value.join(' ') : '') || process.name;
}

/** Names a process in maps: pid, start time and boot. */
export function keyOf(process: ProcessIdentity): string {
  return `${process.pid} ${process.startTime} ${process.bootId}`;
}

/** Only what names the process. */
export function identityOf({ pid, startTime, bootId, machine, namespace }: ProcessIdentity): ProcessIdentity {
  return {
    ...{ pid, startTime, bootId },
    ...(machine !== undefined && { machine }),
    ...(namespace !== undefined && { namespace }),
  };
}
