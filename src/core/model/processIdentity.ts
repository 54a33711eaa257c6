/** Names one process forever: a pid alone is reused (R7.5). */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the platform's own unit and form; only ever compared for equality. */
  readonly startTime: string;
  /** Names the boot of the machine: pids and start times mean nothing across boots. */
  readonly bootId: string;
  /** Names the machine; absent in records of older versions, and where a machine has no name that lasts. */
  readonly machine?: string;
  /** Names the pid namespace; absent in records of older versions, and where the platform has none. */
  readonly namespace?: string;
}

/** Whether two records name the same process. What a record of an older version lacks is taken to be the same. */
export function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return (
    one.pid === other.pid &&
    one.startTime === other.startTime &&
    one.bootId === other.bootId &&
    (one.machine ?? other.machine) === (other.machine ?? one.machine) &&
    (one.namespace ?? other.namespace) === (other.namespace ?? one.namespace)
  );
}

/** A process that was ended with its loop, or was left alone on purpose (R7.4). */
export interface SweptProcess extends ProcessIdentity {
  readonly command: string;
}
