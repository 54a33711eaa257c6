import type { ContainmentReport } from '../../core/model/containment.ts';
import type { RunCommand } from '../tables/runCommand.ts';
import { reaperCommands } from './reaper.ts';
import { tryRunGroup } from './runGroup.ts';
import { findUserScope, type ScopeQuestions, scopeCommand, THIS_SYSTEM } from './userScope.ts';

/** How runs are contained on this machine. */
export interface FoundContainment extends ContainmentReport {
  /** The words before the command of a guardian that contain its run. `maxMemoryBytes`: 0 for no limit. */
  wrap(token: string, maxMemoryBytes: number): readonly string[];
}

/** The questions to the system; tests answer in its place. */
export interface ContainmentQuestions extends ScopeQuestions {
  /** Why no control group can be made; undefined if one can. */
  readonly whyNoGroup: (run: RunCommand) => Promise<string | undefined>;
}

const SYSTEM: ContainmentQuestions = { ...THIS_SYSTEM, whyNoGroup: tryRunGroup };

const SEARCH: Pick<FoundContainment, 'kind' | 'wrap'> = { kind: 'search', wrap: () => [] };
/** Job Objects of Windows would do it, but nothing that Node offers makes one. */
const NOT_HERE = 'only Linux has them, and the Job Objects of Windows need native code, which is not part of this';

/** Finds the strongest means that works on this machine (R13.1), by trying them out. */
export async function findContainment(
  questions: ContainmentQuestions = SYSTEM,
  platform = process.platform,
): Promise<FoundContainment> {
  if (platform !== 'linux') return { ...SEARCH, without: [{ kind: 'cgroup', why: NOT_HERE }] };
  const without: { kind: ContainmentReport['kind']; why: string }[] = [];
  const scope = await findUserScope(questions);
  if ('systemdRun' in scope)
    return { kind: 'scope', without, wrap: (token, bytes) => scopeCommand(scope.systemdRun, token, bytes) };
  without.push({ kind: 'scope', why: scope.why });
  const whyNoGroup = await questions.whyNoGroup(questions.run);
  if (whyNoGroup === undefined) return { kind: 'cgroup', without, wrap: () => [] };
  without.push({ kind: 'cgroup', why: whyNoGroup });
  const reaper = await findReaper(questions);
  if (reaper) return { kind: 'subreaper', without, wrap: () => reaper };
  without.push({
    kind: 'subreaper',
    why: 'there is neither perl nor python3 in /usr/bin that can ask the kernel for it',
  });
  return { ...SEARCH, without };
}

/** A command that runs others under a reaper, tried out. */
async function findReaper({
  run,
  exists,
}: {
  readonly run: RunCommand;
  readonly exists: (path: string) => boolean;
}): Promise<readonly string[] | undefined> {
  for (const [path, ...args] of reaperCommands()) {
    if (exists(path) && (await run(path, [...args, '/bin/true'])).code === 0) return [path, ...args];
  }
  return undefined;
}
