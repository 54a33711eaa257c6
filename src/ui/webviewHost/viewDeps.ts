import type { AttemptDetail } from '../../core/model/loopDetail.ts';
import type { PermissionRequest } from '../../core/model/question.ts';
import type { AgentProfile } from '../../core/ports/agents.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { SharedStore } from '../commands/sharedStore.ts';
import type { LogPaths } from '../transcript/attemptLog.ts';
import type { HeadlessParts } from '../window/background.ts';
import type { Pulse } from '../window/pulse.ts';
import type { UiDeps } from '../window/uiDeps.ts';
import type { Pages } from './pages.ts';
import type { TreeUsage } from './treeUsage.ts';

/** The dependencies of panels and tools. */
export interface ViewDeps extends UiDeps {
  readonly pulse: Pulse;
  readonly clock: Clock;
  /** The output files of the run with that token. */
  logs(token: string): LogPaths;
  /** Where links lead the files of a request, as the supervisor itself looks at one (R17.2). */
  linkTargets(request: PermissionRequest, folder: string | undefined): PermissionRequest['targets'];
  /** The profile of an agent; undefined if it no longer exists. */
  profile(agent: string): AgentProfile | undefined;
  /**
   * Samples the processes of running attempts by token. It scans the process table, so call it only while a page is
   * visible.
   */
  usage(attempts: readonly Pick<AttemptDetail, 'token'>[]): Promise<ReadonlyMap<string, TreeUsage>>;
  /**
   * Runs the user's command for an event, on only one of the hosts that see it. Resolves with whether it ran here and
   * succeeded.
   */
  notify(command: readonly string[], event: object): Promise<boolean>;
  /** What is kept ready for the time without a window. */
  headless(): Promise<HeadlessParts>;
  /** The contents of panels and tools. */
  pages(): Promise<Pages>;
  /** The store shared by several machines. */
  sharedStore(): Promise<SharedStore>;
}
