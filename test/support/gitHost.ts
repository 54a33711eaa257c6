import type { WorkTrees } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';

/**
 * A host that does one thing with Git, and can be killed in the middle of it. Its one argument: `GitHostOptions` as
 * JSON. Each call of Git finds its number in `LOOP_STEP`.
 */
export interface GitHostOptions {
  readonly storage: string;
  readonly env: Readonly<Record<string, string>>;
  readonly what: keyof WorkTrees;
  readonly args: readonly unknown[];
}

const { storage, env, what, args } = JSON.parse(process.argv[2] as string) as GitHostOptions;
let step = 0;
const trees = createWorkTrees({
  processes: createWorkers(),
  storage,
  environment: async () => ({ ...env, LOOP_STEP: String(++step) }),
});
await (trees[what] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
