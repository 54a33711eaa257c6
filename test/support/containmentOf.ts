import { existsSync } from 'node:fs';
import type { Containment } from '../../src/core/model/containment.ts';
import { type FoundContainment, findContainment } from '../../src/process/contain/findContainment.ts';
import { tryRunGroup } from '../../src/process/contain/runGroup.ts';
import { runCommand } from '../../src/process/tables/runCommand.ts';

/**
 * The containment of that kind, tried out on this machine, as if it had nothing stronger. `interpreter`: what makes a
 * subreaper; whichever there is if absent. Undefined where this machine does not have it.
 */
export async function containmentOf(kind: Containment, interpreter?: string): Promise<FoundContainment | undefined> {
  const offers = (path: string) => (interpreter === undefined ? /\/(perl|python3)$/.test(path) : path === interpreter);
  const found = await findContainment({
    run: runCommand,
    exists: (path) => kind === 'subreaper' && offers(path) && existsSync(path),
    environment: {},
    userName: () => '',
    whyNoGroup: async (run) => (kind === 'cgroup' ? tryRunGroup(run) : 'it was not asked for'),
  });
  return found.kind === kind ? found : undefined;
}
