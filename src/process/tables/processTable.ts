import type { ProcessIdentity } from '../../core/model/loop.ts';

/** One process as the system lists it. */
export interface ProcessInfo extends ProcessIdentity {
  readonly parent: number;
  /** Process group; 0 where the platform has none. */
  readonly group: number;
  /** Session; 0 where the platform has none. */
  readonly session: number;
  /** It has ended and only waits for its parent to ask how. */
  readonly zombie: boolean;
  /** The start time as a number that grows with time, in the platform's own unit. */
  readonly started: number;
  /** Name of the program, as the system cuts it. */
  readonly name: string;
  /** Its arguments, where the list has them already. */
  readonly args?: readonly string[];
  /** CPU time used so far, ms. */
  readonly cpuMs?: number;
  /** Resident memory, bytes. */
  readonly memoryBytes?: number;
}

/**
 * The processes of this machine. A signal goes only to a process that still is who it was (R7.5). The implementations differ by platform:
 * `/proc`, `ps`, and `taskkill` with CIM.
 */
export interface ProcessTable {
  /** Names this boot of the machine. */
  readonly bootId: string;
  /** All processes, zombies included. */
  list(): Promise<ProcessInfo[]>;
  find(pid: number): Promise<ProcessInfo | undefined>;
  /** Those of `processes` that still live; a zombie does not. */
  alive<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]>;
  /** Signals each process that still is who it was; answers those that it was delivered to. */
  signal<T extends ProcessIdentity>(processes: readonly T[], signal: string): Promise<T[]>;
  /**
   * Signals the whole group of a leader, or its tree where the platform has no groups. Only for a group that was created for an attempt,
   * and while its leader is there or its members were just seen (R7.1). Answers whether there was anybody.
   */
  signalGroup(leader: ProcessIdentity, signal: string): Promise<boolean>;
  args(process: ProcessInfo): readonly string[];
  /** Its environment at its start, `NAME=value` each ended by NUL; undefined where it can not be read. Valid until the next call of the table. */
  environment(process: ProcessInfo): Buffer | undefined;
  /** Where its standard output and standard error lead, as paths; none where that can not be seen. */
  outputs(process: ProcessInfo): readonly string[];
}

/** Names a process in maps: pid, start time and boot. */
export function keyOf(process: ProcessIdentity): string {
  return `${process.pid} ${process.startTime} ${process.bootId}`;
}

/** Only what names the process. */
export function identityOf({ pid, startTime, bootId }: ProcessIdentity): ProcessIdentity {
  return { pid, startTime, bootId };
}
