import type { Settings } from '../model/settings.ts';
import type { AgentCatalog } from '../ports/agents.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentLauncher, Folders, ProcessInspector } from '../ports/launcher.ts';
import type { Store } from '../ports/store.ts';

/** The window that a supervisor works for. */
export interface SupervisorWindow {
  /** Unique per activation. */
  readonly id: string;
  /** Paths of its workspace folders. */
  readonly folders: readonly string[];
  /** Where loops run when no folder is open and none is named. */
  readonly home: string;
}

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly store: Store;
  readonly launcher: AgentLauncher;
  readonly agents: AgentCatalog;
  readonly clock: Clock;
  readonly inspector: ProcessInspector;
  readonly folders: Folders;
  readonly settings: Settings;
  readonly window: SupervisorWindow;
  readonly log: (message: string, error?: unknown) => void;
  /** A number from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** 16 or more letters and digits that nobody can guess: for ids and tokens. */
  readonly newId: () => string;
}

/** The options, with what can change while it runs. */
export interface SupervisorContext extends Omit<SupervisorOptions, 'settings' | 'agents' | 'window'> {
  settings: Settings;
  agents: AgentCatalog;
  window: SupervisorWindow;
}
