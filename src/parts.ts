import { randomBytes, randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { createCatalog } from './agents/catalog.ts';
import type { Doubts, Settings } from './core/model/settings.ts';
import type { AgentProfile } from './core/ports/agents.ts';
import { systemClock as clock } from './core/runtime/systemClock.ts';
import { Supervisor } from './core/supervisor.ts';
import { askProgram, findProgram } from './process/environment/programCheck.ts';
import { terminalEnvironment } from './process/environment/shellEnvironment.ts';
import { createLauncher } from './process/launch/launcher.ts';
import { folders as existing } from './process/runFolder/folders.ts';
import { createInspector } from './process/tables/processInspector.ts';
import { createResourceSampler } from './process/tables/resources.ts';
import { openStore } from './store/sqlite/store.ts';
import type { AgentChecks } from './ui/agentCheck/agentChecks.ts';
import { createAgentChecks } from './ui/agentCheck/createAgentChecks.ts';
import { usageSampler } from './ui/tree/usageSampler.ts';
import type { OpenedSupervisor } from './ui/window/supervisorHost.ts';

/** What the parts are told by the composition root. */
export interface PartsOptions {
  /** The extension's global storage folder. */
  readonly storage: string;
  /** Reads the agents' profiles: from a bundle of its own. */
  readonly createCatalog: typeof createCatalog;
  /** Path of the bundle of that name. */
  bundle(name: 'guardian' | 'sampleAgent'): string;
  settings(): Settings;
  /** Settings that could not be read or are not set (R6.9). */
  doubts(): Doubts;
  /** The settings `agents` and `prices` as they are written. */
  agentSettings(): { readonly agents: unknown; readonly prices: unknown };
  folders(): readonly string[];
  /** This window's supervisor, if there is one by now. */
  current(): Supervisor | undefined;
  /** Tells this window's supervisor of a change, though it may still be starting. */
  tell(change: (supervisor: Supervisor) => void): void;
  readonly log: (message: string, error?: unknown) => void;
}

/** What works behind the user interface. */
export interface Parts {
  open(): OpenedSupervisor;
  /** Reads the agents' settings again; answers what is wrong with them, as sentences. */
  readAgents(): readonly string[];
  profile(name: string): AgentProfile | undefined;
  readonly checks: AgentChecks;
  readonly usage: ReturnType<typeof usageSampler>;
}

/**
 * Makes store, processes, agents and core of a window, and what fills its panels. It is a bundle of its own, loaded when the first of them is needed: the activation of the
 * extension does not wait for it.
 */
export function createParts({
  storage,
  createCatalog,
  bundle,
  settings,
  doubts,
  agentSettings,
  folders,
  current,
  tell,
  log,
}: PartsOptions): Parts {
  const nodePath = process.execPath;
  const environment = terminalEnvironment({ nodePath, log });
  const sample = { command: nodePath, args: [bundle('sampleAgent')], env: { ELECTRON_RUN_AS_NODE: '1' } };
  const codexHome = process.env['CODEX_HOME'] ?? join(homedir(), '.codex');
  const readAgents = () => createCatalog({ ...agentSettings(), sample, platform: process.platform, codexHome });
  let agents = readAgents();

  const open = (): OpenedSupervisor => {
    const store = openStore({ path: join(storage, 'supervisor.db'), clock, log });
    const launcher = createLauncher({
      runsFolder: join(storage, 'runs'),
      windowsFolder: join(storage, 'windows'),
      guardianProgram: bundle('guardian'),
      ...{ nodePath, environment, clock, log },
    });
    const supervisor = new Supervisor({
      ...{ store, launcher, agents: agents.catalog, clock, log },
      inspector: createInspector(),
      folders: existing,
      settings: settings(),
      doubts: doubts(),
      window: { id: randomUUID(), folders: folders(), home: homedir() },
      random: Math.random,
      newId: () => randomBytes(8).toString('hex'),
    });
    const close = () => [launcher.dispose(), store.close()];
    return { supervisor, onTrouble: (listener) => store.onTrouble(listener), close };
  };

  return {
    open,
    readAgents: () => {
      agents = readAgents();
      tell((supervisor) => supervisor.useAgents(agents.catalog));
      return agents.problems;
    },
    profile: (name) => agents.catalog.find(name),
    checks: createAgentChecks({ catalog: () => agents.catalog, environment, findProgram, askProgram }),
    usage: usageSampler(current, createResourceSampler),
  };
}
