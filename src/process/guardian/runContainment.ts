import type { Containment } from '../../core/model/containment.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { makeRunGroup } from '../contain/runGroup.ts';
import type { RunRequest } from '../runFolder/records.ts';
import { parentOf } from '../tables/procStat.ts';

/** How a run is contained (R13.1). */
export interface RunContainment {
  readonly kind: Containment;
  /** The control group that it is started in. */
  readonly group?: Cgroup;
  /** The pid of our own parent, which takes in whatever of the run loses its parent. */
  readonly reaper?: number;
}

/**
 * Contains a run as it was asked for, as far as that is to be had. `isWrapped`: we were started for it, in a scope or
 * under a reaper.
 */
export function containRun(
  { token, containment = 'cgroup', limits }: RunRequest,
  isWrapped: boolean,
  log: (message: string, error?: unknown) => void,
): RunContainment {
  if (containment === 'subreaper' && isWrapped) return { kind: 'subreaper', reaper: process.ppid };
  const isGroup = containment === 'scope' || containment === 'cgroup';
  const group = isGroup ? makeRunGroup(token, log) : undefined;
  if (!group) return { kind: 'search' };
  // Where the kernel does not, the guardian holds it to its limit.
  if (limits.maxMemoryBytes) group.limitMemory(limits.maxMemoryBytes);
  return { kind: isWrapped && containment === 'scope' ? 'scope' : 'cgroup', group };
}

/** The process that has started us: where our parent is a reaper, it is the parent of that. */
export function starterOf({ containment }: RunRequest, isWrapped: boolean): number {
  return containment === 'subreaper' && isWrapped ? parentOf(process.ppid) : process.ppid;
}
