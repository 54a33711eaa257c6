import type { Clock } from '../../core/clock.ts';
import type { AgentProfile } from '../../core/ports.ts';
import type { AttemptDetail } from '../../core/status.ts';
import type { Pulse } from '../pulse.ts';
import type { LogPaths } from '../transcript/attemptLog.ts';
import type { UiDeps } from '../uiDeps.ts';

/** What a running attempt's processes take. */
export interface TreeUsage {
  /** Share of one core since the last sample of this tree, in percent; absent at the first one. */
  readonly cpuPercent?: number;
  /** Resident memory of all of them, bytes. */
  readonly memoryBytes: number;
  readonly processes: readonly { readonly pid: number; readonly command: string; readonly memoryBytes: number; readonly cpuPercent?: number }[];
}

/** What panels and tools are built from. */
export interface ViewDeps extends UiDeps {
  readonly pulse: Pulse;
  readonly clock: Clock;
  /** The files that hold the output of the run with that token. */
  logs(token: string): LogPaths;
  /** The profile of an agent; undefined when there is none of that name any more. */
  profile(agent: string): AgentProfile | undefined;
  /** Samples the processes of attempts that run, by token. Costs a walk through the process table: ask only while somebody looks. */
  usage(attempts: readonly Pick<AttemptDetail, 'token'>[]): Promise<ReadonlyMap<string, TreeUsage>>;
}
