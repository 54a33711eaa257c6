import type { Containment } from '../../core/model/containment.ts';
import type { Cgroup } from '../contain/cgroup.ts';
import { makeRunGroup } from '../contain/runGroup.ts';
import type { RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { parentOf } from '../tables/procStat.ts';
import { AgentProcess } from './agentProcess.ts';
import { startBelow } from './killOrder.ts';

/** An agent that was started, and how it is contained (R13.1). */
export interface ContainedAgent {
  readonly agent: AgentProcess;
  readonly containment: Containment;
  /** The control group that it was started in. */
  readonly group?: Cgroup | undefined;
  /** The pid of our own parent, which takes in whatever of the run loses its parent. */
  readonly reaper?: number | undefined;
}

/**
 * Starts the agent of a run, contained as it was asked for as far as that is to be had. `isWrapped`: we were started
 * for it, in a scope or under a reaper.
 *
 * @throws what starting it throws.
 */
export function startContained(
  request: RunRequest,
  files: RunFiles,
  isWrapped: boolean,
  log: (message: string, error?: unknown) => void,
): ContainedAgent {
  const { token, containment = 'cgroup', limits } = request;
  const start = () => startBelow(() => new AgentProcess(request, files));
  if (containment === 'subreaper' && isWrapped) return { agent: start(), containment, reaper: process.ppid };
  const isGroup = containment === 'scope' || containment === 'cgroup';
  const group = isGroup ? makeRunGroup(token, log) : undefined;
  // Where the kernel does not, the guardian holds it to its limit.
  if (limits.maxMemoryBytes) group?.limitMemory(limits.maxMemoryBytes);
  const agent = group ? group.startWithin(start) : start();
  if (!group || group.isBypassed) return { agent, containment: 'search' };
  return { agent, containment: isWrapped && containment === 'scope' ? 'scope' : 'cgroup', group };
}

/** The process that has started us: where our parent is a reaper, it is the parent of that. */
export function starterOf({ containment }: RunRequest, isWrapped: boolean): number {
  return containment === 'subreaper' && isWrapped ? parentOf(process.ppid) : process.ppid;
}
