import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import type { createCatalog } from './agents/catalog.ts';
import type { Doubts, Settings } from './core/model/settings.ts';
import type { AgentProfile } from './core/ports/agents.ts';
import type { Clock } from './core/ports/clock.ts';
import type { Store } from './core/ports/store.ts';
import { systemClock as clock } from './core/runtime/systemClock.ts';
import type { HostRole } from './core/state/context.ts';
import { Supervisor } from './core/supervisor.ts';
import { foundOnce } from './process/contain/foundOnce.ts';
import { isOnNetworkDisk, localFolders } from './process/environment/networkDisk.ts';
import { askProgram, findProgram } from './process/environment/programCheck.ts';
import { terminalEnvironment } from './process/environment/shellEnvironment.ts';
import { thisMachine } from './process/environment/thisMachine.ts';
import { createLauncher } from './process/launch/launcher.ts';
import { createNotifier } from './process/notify/notifyCommand.ts';
import { bootNow } from './process/runFolder/bootClock.ts';
import { folders as existing } from './process/runFolder/folders.ts';
import { createRunLogs } from './process/runFolder/runLogs.ts';
import { createTable } from './process/tables/platformTable.ts';
import { createInspector } from './process/tables/processInspector.ts';
import { createResourceSampler } from './process/tables/resources.ts';
import { createWorkers } from './process/tables/workers.ts';
import type { OwnStore } from './store/postgres/sharedStore.ts';
import { chooseStoreFolder, type StoreFolder } from './store/sqlite/storeFolder.ts';
import type { AgentChecks } from './ui/agentCheck/agentChecks.ts';
import { profileChecker } from './ui/agentCheck/profileCheck.ts';
import type { SharedStore } from './ui/commands/sharedStore.ts';
import { usageSampler } from './ui/tree/usageSampler.ts';
import type { OpenedSupervisor } from './ui/window/supervisorHost.ts';

/** What the composition root hands to the parts. */
export interface PartsOptions {
  /** The extension's global storage folder. */
  readonly storage: string;
  /** Reads the agents' profiles: from a bundle of its own. */
  readonly createCatalog: typeof createCatalog;
  /** Path of the bundle of that name. */
  bundle(name: 'guardian' | 'sampleAgent' | 'driver'): string;
  /** What the supervisor works for, where that is no window (R15). */
  readonly role?: HostRole;
  /** Whether a workspace folder was trusted when it was open (R15.1). */
  trusts(folder: string): boolean;
  settings(): Settings;
  /** Settings that could not be read or are not set (R6.9). */
  doubts(): Doubts;
  /** The settings `agents` and `prices` as they are written. */
  agentSettings(): { readonly agents: unknown; readonly prices: unknown };
  folders(): readonly string[];
  /** The address of the database that holds the supervisor's state; empty for a file of this machine. */
  sharedStore(): string;
  /** The folder that the user has set for this machine's own store; empty for none. */
  storeFolder(): string;
  /** The password for that address, if it is in the secret storage. */
  storePassword(address: string): Promise<string | undefined>;
  /** This window's supervisor, if there is one by now. */
  current(): Supervisor | undefined;
  /** Tells this window's supervisor of a change, though it may still be starting. */
  tell(change: (supervisor: Supervisor) => void): void;
  readonly log: (message: string, error?: unknown) => void;
  /** Tells the user a sentence. */
  readonly say: (message: string) => void;
}

/** What works behind the user interface. */
export interface Parts {
  open(): Promise<OpenedSupervisor>;
  /** Reads the agents' settings again; answers what is wrong with them, as sentences. */
  readAgents(): readonly string[];
  profile(name: string): AgentProfile | undefined;
  readonly checks: AgentChecks;
  readonly usage: ReturnType<typeof usageSampler>;
  readonly notify: ReturnType<typeof createNotifier>;
  readonly sharedStore: SharedStore;
  /** Where runs are kept, as far as is known by now. */
  runsFolder(): string;
}

/**
 * Makes store, processes, agents and core of a window, and what fills its panels. It is a bundle of its own, loaded
 * when the first of them is needed: the activation of the extension does not wait for it.
 */
export function createParts({
  role,
  trusts,
  storage,
  createCatalog,
  bundle,
  settings,
  doubts,
  agentSettings,
  folders,
  sharedStore,
  storeFolder,
  storePassword,
  current,
  tell,
  log,
  say,
}: PartsOptions): Parts {
  const nodePath = process.execPath;
  const environment = terminalEnvironment({ nodePath, log });
  const sample = { command: nodePath, args: [bundle('sampleAgent')], env: { ELECTRON_RUN_AS_NODE: '1' } };
  const driver = { command: nodePath, args: [bundle('driver')], env: { ELECTRON_RUN_AS_NODE: '1' } };
  const codexHome = process.env['CODEX_HOME'] ?? join(homedir(), '.codex');
  const geminiHome = process.env['GEMINI_CLI_HOME'] ?? homedir();
  const sessionFiles = { codexHome, geminiHome };
  const readAgents = () =>
    createCatalog({ ...agentSettings(), sample, driver, platform: process.platform, ...sessionFiles });
  let agents = readAgents();

  const containment = foundOnce(log);
  let checksMade: AgentChecks | undefined;
  const madeChecks = async (): Promise<AgentChecks> => {
    const { createAgentChecks } = await import('./ui/agentCheck/createAgentChecks.ts');
    const catalog = () => agents.catalog;
    checksMade ??= createAgentChecks({ catalog, environment, findProgram, askProgram, containment });
    return checksMade;
  };
  const checks: AgentChecks = {
    all: async () => (await madeChecks()).all(),
    find: async () => (await madeChecks()).find(),
    check: async (names) => (await madeChecks()).check(names),
    containment,
  };
  let folder = storage;
  const chooseFolder = async (): Promise<StoreFolder> => {
    const { scope } = createTable();
    const chosen = await chooseStoreFolder({
      ...{ storage, scope, isOnNetworkDisk, localFolders: localFolders() },
      chosen: storeFolder(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    if (chosen.notice !== undefined) say(chosen.notice);
    folder = chosen.folder;
    return chosen;
  };

  /** This machine's own file, or the database that the settings name: then its time is the supervisor's. */
  const openChosenStore = async (): Promise<{ readonly store: Store; readonly time: Clock }> => {
    const { path, isTakenOver } = await chooseFolder();
    const address = sharedStore();
    if (address === '') {
      const { openStore } = await import('./store/sqlite/store.ts');
      return { store: openStore({ path, clock, log, endsLeases: isTakenOver }), time: clock };
    }
    const { openPostgresStore } = await import('./store/postgres/main.ts');
    const store = await openPostgresStore({ address, password: () => storePassword(address), clock, log });
    return { store, time: store.clock };
  };

  const leaseFile = () => join(folder, 'lease.json');
  /** This machine among those that share a store, once the folder is chosen. */
  const machineHere = () => {
    const { scope } = createTable();
    return thisMachine({ folder, name: hostname(), scope, leaseFile: leaseFile(), log });
  };

  const open = async (): Promise<OpenedSupervisor> => {
    const { store, time } = await openChosenStore();
    const { createWorkTrees } = await import('./git/workTrees.ts');
    // Machines that share a store know each other by their leases.
    const machine = sharedStore() === '' ? undefined : machineHere();
    const launcher = createLauncher({
      ...(machine && { leaseFile: leaseFile() }),
      runsFolder: join(folder, 'runs'),
      windowsFolder: join(folder, 'windows'),
      guardianProgram: bundle('guardian'),
      ...{ nodePath, environment, containment, clock, log },
      isCaller: role === 'caller',
    });
    const supervisor = new Supervisor({
      ...{ store, launcher, agents: agents.catalog, clock: time, bootNow, log },
      ...(machine && { machine, runLogs: createRunLogs(join(folder, 'runs'), join(folder, 'copies')) }),
      inspector: createInspector(),
      folders: existing,
      workTrees: createWorkTrees({ storage, environment, processes: createWorkers() }),
      checkProfile: profileChecker(checks),
      settings: settings(),
      doubts: doubts(),
      window: {
        ...{ id: randomUUID(), folders: folders(), home: homedir() },
        ...(role && { role }),
        trusts,
      },
      random: Math.random,
      newId: () => randomBytes(8).toString('hex'),
    });
    const close = () => [launcher.dispose(), store.close()];
    return { supervisor, onTrouble: (listener) => store.onTrouble(listener), close };
  };

  const accessTo = (address: string, password: string | undefined) => ({
    ...{ address, password: async () => password, clock, log },
  });
  /** Uses this machine's own file, whichever store the supervisor works on. */
  const withOwnStore = async <T>(use: (own: OwnStore) => Promise<T>): Promise<T> => {
    const { path } = await chooseFolder();
    const { openStore } = await import('./store/sqlite/store.ts');
    const store = openStore({ path, clock, log });
    try {
      return await use({ store, name: sourceOf(path), machine: machineHere() });
    } finally {
      store.close();
    }
  };
  const sharedStoreParts: SharedStore = {
    look: async (address, password) => {
      const { lookAtStore } = await import('./store/postgres/main.ts');
      await chooseFolder();
      return lookAtStore(accessTo(address, password), machineHere().id);
    },
    move: async (address, password, progress) => {
      const { moveToStore } = await import('./store/postgres/main.ts');
      return withOwnStore((own) => moveToStore(accessTo(address, password), own, progress));
    },
    moveBack: async (address, password, progress) => {
      const { moveFromStore } = await import('./store/postgres/main.ts');
      return withOwnStore((own) => moveFromStore(accessTo(address, password), own, progress));
    },
  };

  return {
    open,
    sharedStore: sharedStoreParts,
    runsFolder: () => join(folder, 'runs'),
    readAgents: () => {
      agents = readAgents();
      tell((supervisor) => supervisor.useAgents(agents.catalog));
      return agents.problems;
    },
    profile: (name) => agents.catalog.find(name),
    checks,
    usage: usageSampler(current, createResourceSampler),
    notify: createNotifier({ claimsFolder: join(storage, 'notices'), environment, now: clock.now, log }),
  };
}

/** Names this machine's own store for ever, without telling its path. */
function sourceOf(path: string): string {
  return createHash('sha256').update(`${hostname()} ${path}`).digest('hex').slice(0, 32);
}
