import type { AgentLauncher, LaunchRequest, Run, RunObserver } from '../../../src/core/ports/launcher.ts';

/** A launcher without processes: a run ends well at once, or when it is let go. */
export interface InstantLauncher extends AgentLauncher {
  /** While true, runs wait. */
  hold: boolean;
  /** Lets all runs end, and later ones at once. */
  release(): void;
}

export function instantLauncher(): InstantLauncher {
  const held: RunObserver[] = [];
  const end = (observer: RunObserver) =>
    observer.ended({
      kind: 'exited',
      exit: { exitCode: 0 },
      at: Date.now(),
      swept: [],
      kept: [],
      remaining: [],
      hadOutput: false,
      errorLine: '',
      last: { from: 0, to: 0, events: [], readerState: null },
    });
  const run: Run = {
    stop: () => {},
    signal: async () => false,
    answer: () => {},
    keepWaiting: () => {},
    leave: () => {},
    release: () => {},
  };
  const launcher: InstantLauncher = {
    hold: false,
    release: () => {
      launcher.hold = false;
      for (const observer of held.splice(0)) end(observer);
    },
    launch: (_request: LaunchRequest, observer) => {
      if (launcher.hold) held.push(observer);
      else queueMicrotask(() => end(observer));
      return run;
    },
    adopt: () => run,
    control: () => run,
    freeBytes: () => Number.POSITIVE_INFINITY,
    freeMemoryBytes: () => Number.POSITIVE_INFINITY,
    memoryOf: async () => new Map(),
    reap: async () => new Map(),
    lookForRun: async () => ({ state: 'gone' }),
    terminateSpared: async () => false,
    removeRuns: async () => {},
    runsBefore: async () => [],
    outputPath: (token) => `/runs/${token}/stdout`,
    logBytes: () => 0,
  };
  return launcher;
}
