import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { createCatalog } from '../../src/agents/catalog.ts';
import type { CheckRequest } from '../../src/core/model/check.ts';
import type { Containment } from '../../src/core/model/containment.ts';
import { isActive } from '../../src/core/model/loop.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { type GivenAnswer, openQuestions } from '../../src/core/model/question.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { AgentCatalog } from '../../src/core/ports/agents.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { HeadlessHost } from '../../src/headless/headlessHost.ts';
import { HostConfig } from '../../src/headless/hostConfig.ts';
import { hostFiles } from '../../src/headless/hostFiles.ts';
import { thisMachine } from '../../src/process/environment/thisMachine.ts';
import { startHost } from '../../src/process/launch/hostProcess.ts';
import { createLauncher } from '../../src/process/launch/launcher.ts';
import { bootNow } from '../../src/process/runFolder/bootClock.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { chooseStoreFolder } from '../../src/store/sqlite/storeFolder.ts';
import { containmentOf } from './containmentOf.ts';
import { fakeCatalog } from './harness.ts';
import { openPatiently } from './postgres/openPatiently.ts';
import { reporterProfile } from './reporterProfile.ts';

/**
 * A window without an editor: the real core, store and process layer in a plain Node process, driven by messages of the
 * test that forked it. Its one argument: `HostOptions` as JSON.
 */
export type HostRequest = { readonly id: number } & (
  | {
      readonly do: 'submit';
      readonly loopId: string;
      readonly prompt: string;
      readonly estimatedCostUsd?: number;
      readonly check?: CheckRequest;
      /** In a work tree of its own, of the repository that the host was started with. */
      readonly isIsolated?: boolean;
    }
  | {
      readonly do:
        | 'cancel'
        | 'kill'
        | 'state'
        | 'get'
        | 'lookAgain'
        | 'continueLoop'
        | 'restartNow'
        | 'merge'
        | 'discard';
      readonly loopId: string;
    }
  | ({ readonly do: 'answer'; readonly loopId: string } & GivenAnswer)
  | { readonly do: 'tryNow'; readonly account: string }
  | {
      readonly do:
        | 'list'
        | 'status'
        | 'questions'
        | 'release'
        | 'pause'
        | 'resume'
        | 'cleanUp'
        | 'clearFinished'
        | 'standBy';
    }
  | { readonly do: 'weather'; readonly weather: Weather }
);

/** What the world does to a host: how far its wall clock is off (ms), and whether its disk says that it is full. */
export interface Weather {
  readonly clockOffsetMs: number;
  readonly diskFull: boolean;
}

/** What a host is started with. */
export interface HostOptions {
  readonly storage: string;
  /** The guardian's bundle. */
  readonly guardianProgram: string;
  /** The bundle of the headless host that it may start. */
  readonly hostProgram?: string;
  /** What differs from the defaults. */
  readonly settings: Partial<Settings>;
  /** The agent; the reporter if absent. */
  readonly agentProgram?: string;
  /** It is the headless host, and no window. */
  readonly isHeadless?: boolean;
  /** Agents as settings name them, in place of that one. */
  readonly agents?: object;
  readonly weather?: Weather;
  /** A Git repository whose work trees loops may have. */
  readonly repository?: string;
  /** The address of a PostgreSQL store; a file in `storage` if absent. */
  readonly sharedStore?: string;
  /** How often (ms) guardians show that they work. */
  readonly beatMs?: number;
  /** How runs are contained; by the strongest means of this machine if absent. */
  readonly containment?: Containment;
}

/** A run as the test sees it: whom to kill. */
export interface ListedRun {
  readonly loopId: string;
  readonly token: string;
  /** It runs the loop's check. */
  readonly isCheck: boolean;
  /** Its work tree, where it has one of its own. */
  readonly workTree?: string;
  readonly leader?: ProcessIdentity;
  readonly guardian?: ProcessIdentity;
}

/** A question that nobody has answered. */
export interface ListedQuestion {
  readonly loopId: string;
  readonly question: string;
  /** What it would run; empty where it asks for words. */
  readonly command: string;
}

const options = JSON.parse(process.argv[2] as string) as HostOptions;
const { storage, guardianProgram } = options;
const settings: Settings = { ...DEFAULT_SETTINGS, ...options.settings };
let weather: Weather = options.weather ?? { clockOffsetMs: 0, diskFull: false };
const log = (message: string, error?: unknown) =>
  process.stderr.write(`host ${process.pid}: ${message}${error === undefined ? '' : ` ${(error as Error).message}`}\n`);
const clock: Clock = { ...systemClock, now: () => Date.now() + weather.clockOffsetMs };
/** Short, so that a server that hangs is noticed soon. */
const TIMEOUTS = { connect: 1_000, answer: 1_000, statement: 800, lock: 800, idle: 2_000 };
const { folder, path, isTakenOver, notice } = await chooseStoreFolder({
  ...{ storage, chosen: '', scope: createTable().scope, localFolders: [] },
  isOnNetworkDisk: () => false,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
if (notice !== undefined) log(notice);
const { store, time } = await openChosenStore();
// Hosts with one folder are of one machine.
const leaseFile = join(folder, 'lease.json');
const { scope } = createTable();
const machine = options.sharedStore && thisMachine({ folder, name: basename(folder), scope, leaseFile, log });
const contained = options.containment && (await containmentOf(options.containment));
const launcher = createLauncher({
  ...(machine && { leaseFile }),
  runsFolder: join(folder, 'runs'),
  windowsFolder: join(folder, 'windows'),
  guardianProgram,
  nodePath: process.execPath,
  environment: async () => ({ ...process.env }) as Record<string, string>,
  ...(options.beatMs !== undefined && { beatMs: options.beatMs }),
  ...(contained && { containment: async () => contained }),
  clock,
  log,
});
const realFreeBytes = launcher.freeBytes.bind(launcher);
launcher.freeBytes = () => (weather.diskFull ? 0 : realFreeBytes());
const { repository } = options;
const openFolders = repository === undefined ? [storage] : [storage, repository];
const environment = async () => ({ ...process.env }) as Record<string, string>;
const supervisor = new Supervisor({
  ...(repository !== undefined && {
    workTrees: createWorkTrees({ processes: createWorkers(), storage: folder, environment }),
  }),
  store,
  launcher,
  agents: options.agents ? catalogOf(options.agents) : fakeCatalog(reporterProfile(options.agentProgram)),
  ...{ clock: time, bootNow },
  ...(machine && { machine }),
  inspector: createInspector(),
  folders,
  settings: { ...settings, defaultAgent: 'reporter' },
  window: {
    id: `host-${process.pid}-${randomBytes(4).toString('hex')}`,
    home: storage,
    ...(options.isHeadless ? { role: 'headless', folders: [] } : { folders: openFolders }),
  },
  log,
  random: Math.random,
  newId: () => randomBytes(8).toString('hex'),
});
supervisor.onEvent((event) => process.send?.({ event }));

/** Resolves when nothing is left that it could do (R15.1). */
function liveHeadless(): Promise<void> {
  const life = new HeadlessHost({
    ...{ supervisor, config: new HostConfig(folder), storage: folder, version: '1.0.0', clock: time, log },
    awake: { set: () => undefined },
    lookAtProgram: () => 'same',
    startNext: async () => undefined,
    readAgents: () => undefined,
  });
  return life.run();
}

/** The agents of the settings alone: those that ship are not here. */
function catalogOf(agents: object): AgentCatalog {
  const none = { command: 'false', args: [], env: {} };
  return createCatalog({ agents, prices: {}, sample: none, driver: none, platform: process.platform }).catalog;
}

async function openChosenStore(): Promise<{ readonly store: Store; readonly time: Clock }> {
  const { sharedStore: address } = options;
  if (address === undefined) return { store: openStore({ path, clock, log, endsLeases: isTakenOver }), time: clock };
  const shared = await openPatiently({ address, clock, log, timeouts: TIMEOUTS, password: async () => undefined });
  return { store: shared, time: shared.clock };
}

async function answer(request: HostRequest): Promise<unknown> {
  switch (request.do) {
    case 'submit':
      return supervisor.submit({
        loopId: request.loopId,
        prompt: request.prompt,
        ...(request.estimatedCostUsd !== undefined && { estimatedCostUsd: request.estimatedCostUsd }),
        ...(request.check && { check: request.check }),
        ...(request.isIsolated && repository !== undefined && { isolation: 'worktree', cwd: repository }),
      });
    case 'cancel':
      return supervisor.cancel(request.loopId);
    case 'kill':
      return supervisor.killProcessGroup(request.loopId, 'SIGKILL');
    case 'state':
      return (await supervisor.get(request.loopId))?.state;
    case 'get':
      return supervisor.get(request.loopId);
    case 'continueLoop':
      await supervisor.continueLoop(request.loopId);
      return true;
    case 'restartNow':
      return supervisor.restartNow(request.loopId);
    case 'merge':
      return (await supervisor.workTrees()).bringHome({ loopId: request.loopId }, 'merge');
    case 'discard':
      await (await supervisor.workTrees()).discard({ loopId: request.loopId });
      return true;
    case 'cleanUp': {
      const { tidy } = await supervisor.workTrees();
      return tidy.remove((await tidy.look()).removable.map(({ path: tree }) => tree));
    }
    case 'clearFinished':
      return supervisor.clearFinished();
    case 'tryNow':
      return supervisor.tryNow(request.account);
    case 'lookAgain':
      return (await supervisor.lookAgain(request.loopId)).state;
    case 'standBy':
      await startHost({
        ...{ nodePath: process.execPath, program: options.hostProgram ?? '', storage },
        logPath: hostFiles(storage).log,
      });
      return true;
    case 'status':
      return supervisor.status();
    case 'release':
      await supervisor.release();
      return true;
    case 'pause':
      await supervisor.pause();
      return true;
    case 'resume':
      await supervisor.resume();
      return true;
    case 'weather':
      weather = request.weather;
      return true;
    case 'answer':
      await supervisor.answer(request.loopId, request);
      return true;
    case 'questions':
      return supervisor
        .live()
        .flatMap(({ loop }) =>
          openQuestions(loop).map(
            ({ id, request: { command = '' } }): ListedQuestion => ({ loopId: loop.loopId, question: id, command }),
          ),
        );
    case 'list':
      return supervisor.live().flatMap(({ loop }): ListedRun[] => {
        if (!isActive(loop)) return [];
        const { token, isCheck = false, leader, guardian } = loop.attempt;
        const { path: workTree } = loop.workTree?.made ?? {};
        const where = workTree === undefined ? {} : { workTree };
        return [
          { loopId: loop.loopId, token, isCheck, ...where, ...(leader && { leader }), ...(guardian && { guardian }) },
        ];
      });
  }
}

process.on('message', (request: HostRequest) => {
  answer(request).then(
    (value) => process.send?.({ id: request.id, value }),
    (error: Error & { code?: string }) => process.send?.({ id: request.id, error: error.message, code: error.code }),
  );
});
process.on('disconnect', () => process.exit());
await supervisor.start();
if (options.isHeadless) void liveHeadless().then(() => process.exit());
process.send?.({ ready: true });
