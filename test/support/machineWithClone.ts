import { FakeLauncher } from './fakeLauncher.ts';
import { fakeMachine } from './fakeMachine.ts';
import { FakeRunLogs } from './fakeRunLogs.ts';
import { FakeWorkTrees } from './fakeWorkTrees.ts';
import type { Harness, WindowFacts } from './harness.ts';

/** One of several machines that share the store of `base`; its clone of the project lies in a folder of its own. */
export function machineWithClone(
  base: Harness,
  id: string,
  opens: Pick<WindowFacts, 'role' | 'folders' | 'look'> = {},
) {
  const launcher = new FakeLauncher(base.clock);
  const git = new FakeWorkTrees();
  const logs = new FakeRunLogs();
  const clone = `/${id}/clone`;
  git.clones = { [clone]: ['example.org/project'] };
  git.found = {
    kind: 'repository',
    repository: { root: clone, commonFolder: `${clone}/.git`, head: `head of ${id}`, prefix: '' },
  };
  const stands = { still: false };
  /** How often its hosts have read the list of finished loops. */
  const reads = { finished: 0 };
  const window: WindowFacts = {
    ...{ ...opens, launcher, machine: fakeMachine(base.clock, id), workTrees: git, runLogs: logs },
    store: (store) =>
      new Proxy(store, {
        get: (_, name) => {
          if (name === 'write' && stands.still) return () => new Promise<never>(() => undefined);
          if (name === 'finished') reads.finished++;
          const value = Reflect.get(store, name);
          return typeof value === 'function' ? value.bind(store) : value;
        },
      }),
  };
  /** `takes`: whether it has opted in. */
  const open = async (takes = true, settings = {}) => {
    const host = await base.open({ ...settings, repositories: takes ? [clone] : [] }, window);
    await base.clock.advance(1_000);
    return host;
  };
  const runs = () => launcher.alive.map(({ loopId }) => loopId);
  return { launcher, git, logs, clone, stands, reads, open, runs };
}
