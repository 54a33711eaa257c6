import { GONE, there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { AgentCatalog } from '../../src/core/ports/agents.ts';
import type { AgentLauncher, Run } from '../../src/core/ports/launcher.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { openStore } from '../../src/store/sqlite/store.ts';

/** A run that takes no orders. */
export const IDLE_RUN: Run = {
  stop: () => {},
  signal: async () => false,
  answer: () => {},
  keepWaiting: () => {},
  leave: () => {},
  release: () => {},
};

/** All of a launcher but its runs. */
export const NO_PROCESSES: Omit<AgentLauncher, 'launch'> = {
  adopt: () => IDLE_RUN,
  control: () => IDLE_RUN,
  freeBytes: () => Number.POSITIVE_INFINITY,
  freeMemoryBytes: () => Number.POSITIVE_INFINITY,
  memoryOf: async () => new Map(),
  reap: async () => new Map(),
  lookForRun: async () => GONE,
  terminateSpared: async () => false,
  removeRuns: async () => {},
  runsBefore: async () => [],
  outputPath: (token) => `/runs/${token}/stdout`,
  logBytes: () => 0,
};

/** A supervisor on a store in memory that restarts nothing and never trips. */
export function memorySupervisor(
  launcher: AgentLauncher,
  agents: AgentCatalog,
  log: (message: string, error?: unknown) => void,
): { readonly store: Store; readonly supervisor: Supervisor } {
  const store = openStore({ path: ':memory:', clock: systemClock, log });
  let ids = 0;
  const supervisor = new Supervisor({
    store,
    launcher,
    agents,
    clock: systemClock,
    inspector: { self: { pid: process.pid, startTime: '0', bootId: 'fuzz' }, look: () => there(undefined) },
    folders: { look: () => there(undefined) },
    settings: {
      ...DEFAULT_SETTINGS,
      restart: { maxRestarts: 0, windowMs: 1_000, maxTotal: 1_000 },
      circuit: { ...DEFAULT_SETTINGS.circuit, failureThreshold: 1_000_000 },
    },
    window: { id: 'fuzz', folders: [], home: '/' },
    log,
    random: () => 0.5,
    newId: () => `${String(++ids).padStart(10, '0')}fuzzed`,
  });
  return { store, supervisor };
}
