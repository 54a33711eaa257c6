import { isActive } from '../../core/model/loop.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import type { TreeUsage } from '../webviewHost/treeUsage.ts';

/** Samples process trees by the identity of their leaders; returns usage by pid. */
export interface TreeSampler {
  sample(leaders: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, TreeUsage>>;
}

/**
 * Returns the usage of running attempts by token. Reads the process table only if an attempt runs, and creates the
 * sampler at the first use.
 */
export function usageSampler(supervisor: () => Supervisor | undefined, createSampler: () => TreeSampler) {
  let sampler: TreeSampler | undefined;
  return async (attempts: readonly { readonly token: string }[]): Promise<ReadonlyMap<string, TreeUsage>> => {
    const wanted = new Set(attempts.map(({ token }) => token));
    const leaders = new Map<string, ProcessIdentity>();
    for (const { loop } of supervisor()?.live(0) ?? []) {
      if (isActive(loop) && loop.attempt.leader && wanted.has(loop.attempt.token))
        leaders.set(loop.attempt.token, loop.attempt.leader);
    }
    if (leaders.size === 0) return new Map();
    sampler ??= createSampler();
    const found = await sampler.sample([...leaders.values()]);
    const usage = new Map<string, TreeUsage>();
    for (const [token, { pid }] of leaders) {
      const one = found.get(pid);
      if (one) usage.set(token, one);
    }
    return usage;
  };
}
