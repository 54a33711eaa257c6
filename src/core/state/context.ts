import type { EventOrigin } from '../model/event.ts';
import type { HoldReason } from '../model/gate.ts';
import type { NanoUsd } from '../model/money.ts';
import type { Clone } from '../model/repository.ts';
import type {
  DifferingSetting,
  Doubts,
  KeptSetting,
  Settings,
  StoredSettings,
  UnknownSetting,
} from '../model/settings.ts';
import { settingsInForce } from '../policy/settingsInForce.ts';
import type { AgentCatalog } from '../ports/agents.ts';
import type { Clock } from '../ports/clock.ts';
import type { AgentLauncher, Folders, ProcessInspector } from '../ports/launcher.ts';
import type { Machine } from '../ports/machine.ts';
import type { RunLogs } from '../ports/runLogs.ts';
import type { Store } from '../ports/store.ts';
import type { WorkTrees } from '../ports/workTrees.ts';

/** What a cheap check of a profile found. `unknown`: the program cannot say, or the check itself failed. */
export type ProfileCheck = 'works' | 'broken' | 'unknown';

/**
 * What a supervisor works for beside a window (R15). `headless`: the host without a window, which acts for all folders
 * that no window has open. `caller`: one call of the command line, which starts and follows nothing itself.
 */
export type HostRole = 'headless' | 'caller';

/** The window that a supervisor works for, or what stands in for one. */
export interface SupervisorWindow {
  /** Unique per activation. */
  readonly id: string;
  /** Absent for a window. */
  readonly role?: HostRole;
  /** Paths of its workspace folders. */
  readonly folders: readonly string[];
  /** Where loops run when no folder is open and none is named. */
  readonly home: string;
  /** Whether a workspace folder was trusted when it was open (R15.1); all are if absent. */
  readonly trusts?: (folder: string) => boolean;
}

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly store: Store;
  readonly launcher: AgentLauncher;
  readonly agents: AgentCatalog;
  readonly clock: Clock;
  readonly inspector: ProcessInspector;
  readonly folders: Folders;
  /** The files of Git repositories, for progress between rounds (R11.3); output alone tells progress if absent. */
  readonly workTrees?: WorkTrees;
  readonly settings: Settings;
  /** Settings that could not be read or are not set: stored values may hold in their place (R6.9). None if absent. */
  readonly doubts?: Doubts;
  readonly window: SupervisorWindow;
  /**
   * Checks a profile cheaply, without a run that costs: program, version, login (R14.3). Nothing is checked if absent.
   */
  readonly checkProfile?: (agent: string, reason: HoldReason) => Promise<ProfileCheck>;
  /** This machine, where several share the store, and so the bounds that govern all (R16.3, R16.6). */
  readonly machine?: Machine;
  /**
   * Time (ms) since this machine's boot, by a clock that counts suspend and cannot be set: a sleep of the machine is
   * told by it (R9.5). None is noticed if absent.
   */
  readonly bootNow?: () => number;
  /** What runs have written, and copies of it (R16.8); output of other machines cannot be had if absent. */
  readonly runLogs?: RunLogs;
  readonly log: (message: string, error?: unknown) => void;
  /** A number from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** 16 or more letters and digits that cannot be guessed: for ids and tokens. */
  readonly newId: () => string;
}

/** The options, with what can change while it runs. */
export interface SupervisorContext extends Omit<SupervisorOptions, 'settings' | 'doubts' | 'agents' | 'window'> {
  /** The settings in force. */
  settings: Settings;
  /** What this host has read itself. */
  read: { readonly settings: Settings; readonly doubts: Doubts };
  /** What is stored, as the settings in force were made with it. */
  storedSettings: StoredSettings | undefined;
  /** Good values that this host has read, and that no transaction has stored yet (R6.9). */
  unstoredSettings: StoredSettings;
  /** Bounds of which no value is known: nothing starts (R6.9). */
  unknownSettings: readonly UnknownSetting[];
  /** Bounds that the user is asked about (R6.9). */
  keptSettings: readonly KeptSetting[];
  /** Bounds whose shared value differs from what is set on this machine (R16.6). */
  differingSettings: readonly DifferingSetting[];
  agents: AgentCatalog;
  window: SupervisorWindow;
  /** Clones on this machine in which loops of other machines may work (R16.4); undefined before the first look. */
  clones: readonly Clone[] | undefined;
  /** The other machines have not been told yet which loops this one takes. */
  hasNewClones: boolean;
  /** Memory that running loops of this machine hold together, bytes; 0 where nobody looks at it (R13.2). */
  memoryHeld: number;
}

/** Brings the settings in force up to date with what was read here and what is stored (R6.9). Returns what to store. */
export function useStoredSettings(context: SupervisorContext, stored: StoredSettings | undefined): StoredSettings {
  const { settings, doubts } = context.read;
  const inForce = settingsInForce(settings, doubts, stored ?? {}, {
    sharesBounds: context.machine !== undefined,
    unstored: context.unstoredSettings,
  });
  context.storedSettings = stored;
  context.unstoredSettings = inForce.unstored;
  context.settings = inForce.settings;
  context.unknownSettings = inForce.unknown;
  context.keptSettings = inForce.kept;
  context.differingSettings = inForce.differing;
  return inForce.stored;
}

/** For an event that happens now, here. */
export function originIn({ clock, window }: SupervisorContext): EventOrigin {
  return { at: clock.now(), host: window.id };
}

/** Whether a loop of that agent and estimate can cost money. What cannot never waits for any (R6.3). */
export function needsMoney({ agents }: SupervisorContext, agent: string, estimate: NanoUsd): boolean {
  return estimate > 0 || agents.find(agent)?.spending !== 'never';
}
