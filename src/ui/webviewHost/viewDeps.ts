import type { AttemptDetail } from '../../core/model/status.ts';
import type { AgentProfile } from '../../core/ports/agents.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { SharedStore } from '../commands/sharedStore.ts';
import type { LogPaths } from '../transcript/attemptLog.ts';
import type { Pulse } from '../window/pulse.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import type { Pages } from './pages.ts';
import type { TreeUsage } from './treeUsage.ts';

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
  /** Runs the user's command for an event, on one of all hosts that see it. Resolves with whether it ran here and succeeded. */
  notify(command: readonly string[], event: object): Promise<boolean>;
  /** What fills panels and answers tools. */
  pages(): Promise<Pages>;
  /** The store that several machines share. */
  sharedStore(): Promise<SharedStore>;
}
