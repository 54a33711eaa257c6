import type { SupervisorEvent, SupervisorEventType } from '../../src/core/model/event.ts';
import { GONE, type Look, there } from '../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { DEFAULT_SETTINGS, type Doubts, type Settings } from '../../src/core/model/settings.ts';
import type { AgentCatalog, AgentProfile } from '../../src/core/ports/agents.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import type { ProcessInspector } from '../../src/core/ports/launcher.ts';
import type { Machine } from '../../src/core/ports/machine.ts';
import type { RunLogs } from '../../src/core/ports/runLogs.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { WorkTrees } from '../../src/core/ports/workTrees.ts';
import type { HostRole, SupervisorOptions } from '../../src/core/state/context.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { FakeClock } from './fakeClock.ts';
import { FakeLauncher } from './fakeLauncher.ts';
import { type Database, fileDatabase } from './fileDatabase.ts';

/** An agent whose reader says nothing by itself: the fake runs speak in events. */
export function fakeProfile(name: string, facts: Partial<AgentProfile> = {}): AgentProfile {
  return {
    name,
    refuse: () => undefined,
    commandIn: () => undefined,
    spending: 'live',
    capsItself: false,
    canResume: false,
    hasCost: false,
    needsReading: true,
    plan: ({ prompt }) => ({
      command: name,
      args: [],
      env: {},
      stdin: prompt,
      stopSteps: [{ signal: 'SIGTERM', share: 1 }],
    }),
    reader: () => ({ line: () => [], end: () => [], state: () => null }),
    ...facts,
  };
}

export function fakeCatalog(...profiles: AgentProfile[]): AgentCatalog {
  return {
    find: (name) => profiles.find((profile) => profile.name === name),
    names: () => profiles.map((profile) => profile.name),
    shell: (commandLine) => ({ command: 'sh', args: ['-c', commandLine], env: {}, stopSteps: [] }),
  };
}

/** What a window is made of, where it matters. */
export interface WindowFacts {
  readonly folders?: readonly string[];
  /** What it is for, where it is no window (R15). */
  readonly role?: HostRole;
  /** Which workspace folders are trusted; all if absent. */
  readonly trusts?: (folder: string) => boolean;
  readonly agents?: AgentCatalog;
  /** The machine that it is on, where several share the store. */
  readonly machine?: Machine;
  /** What starts its runs, where that is not what starts those of the others. */
  readonly launcher?: FakeLauncher;
  /** Stands between the supervisor and its store. */
  readonly store?: (store: Store) => Store;
  /** What a look at a folder finds. */
  readonly look?: (path: string) => Look;
  /** Stands between the supervisor and what it knows of processes. */
  readonly inspector?: (inspector: ProcessInspector) => ProcessInspector;
  /** Looks at the files of repositories; output alone tells progress if absent. */
  readonly workTrees?: WorkTrees;
  /** What its runs have written; no output comes from or to other machines if absent. */
  readonly runLogs?: RunLogs;
  /** Settings that could not be read or are not set. */
  readonly doubts?: Doubts;
  /** What a cheap check of a profile finds; nothing is checked if absent. */
  readonly check?: NonNullable<SupervisorOptions['checkProfile']>;
  /** Called with the window's supervisor before it is started. */
  readonly created?: (supervisor: Supervisor) => void;
}

/** A machine with one store on disk, on which a test opens windows, each with its own connection. */
export interface Harness {
  readonly clock: FakeClock;
  readonly launcher: FakeLauncher;
  /** All events of all windows, in their order, each as the window that caused it told it, and without its `host`. */
  readonly events: SupervisorEvent[];
  /** All that a window has heard, of others too. */
  heard(window: Supervisor): readonly SupervisorEvent[];
  /** What was logged. */
  readonly logged: string[];
  open(settings?: Partial<Settings>, window?: WindowFacts): Promise<Supervisor>;
  /** The window's host dies without a word. */
  kill(window: Supervisor): void;
  /** The id of a window. */
  idOf(window: Supervisor): string;
  /** A connection of nobody's, to see what is written. */
  books(): Store;
  /** Changes the database behind everybody's back, as damage does. */
  sql(text: string): void;
  eventsOf<T extends SupervisorEventType>(type: T): Extract<SupervisorEvent, { type: T }>[];
  typesOf(prefix: string): string[];
  /** Lets all that is ready run to its end. */
  soon(): Promise<void>;
  /** The ids of the loops whose runs live, in the order of their starts. */
  alive(): string[];
  dispose(): void;
}

/**
 * A machine of its own for each test of the suite in which this is called. `grainMs`: as in `FakeClock`, where days are
 * to pass.
 */
export function machineForEachTest(grainMs?: number): Harness {
  let machine: Harness;
  beforeEach(() => {
    machine = harness(new FakeClock(undefined, grainMs));
  });
  afterEach(() => machine.dispose());
  return new Proxy({} as Harness, { get: (_, name) => Reflect.get(machine, name) });
}

/** `on`: the database, where it is no file in memory. */
export function harness(clock = new FakeClock(), on?: Database): Harness {
  const launcher = new FakeLauncher(clock);
  const logged: string[] = [];
  const log = (message: string, error?: unknown) =>
    void logged.push(error === undefined ? message : `${message} ${String(error)}`);
  const database = on ?? fileDatabase(clock, log);
  const events: SupervisorEvent[] = [];
  const alive = new Set<number>();
  const windows = new Map<Supervisor, { pid: number; store: Store; listening: { dispose(): void } }>();
  const heard = new Map<Supervisor, SupervisorEvent[]>();
  let pids = 100;
  let ids = 0;

  return {
    clock,
    launcher,
    events,
    logged,
    open: async (settings = {}, window = {}) => {
      const {
        folders = ['/project'],
        agents = fakeCatalog(fakeProfile('sample'), fakeProfile('claude')),
        look = there,
      } = window;
      const pid = ++pids;
      alive.add(pid);
      const self: ProcessIdentity = { pid, startTime: String(pid), bootId: 'boot' };
      const inspector: ProcessInspector = {
        self,
        look: (process) => (alive.has(process.pid) ? there(process) : GONE),
      };
      const opening = database.open();
      const store = opening instanceof Promise ? await opening : opening;
      const time = 'clock' in store ? (store.clock as Clock) : clock;
      const supervisor = new Supervisor({
        store: window.store?.(store) ?? store,
        launcher: window.launcher ?? launcher,
        agents,
        clock: time,
        bootNow: clock.bootNow,
        inspector: window.inspector?.(inspector) ?? inspector,
        folders: { look },
        ...(window.workTrees && { workTrees: window.workTrees }),
        ...(window.runLogs && { runLogs: window.runLogs }),
        ...(window.check && { checkProfile: window.check }),
        settings: { ...DEFAULT_SETTINGS, ...settings },
        doubts: window.doubts ?? {},
        window: {
          ...{ id: `w${pid}`, folders, home: '/home' },
          ...(window.role && { role: window.role }),
          ...(window.trusts && { trusts: window.trusts }),
        },
        log,
        random: () => 0.5,
        ...(window.machine && { machine: window.machine }),
        newId: () => `${String(++ids).padStart(10, '0')}abcdef`,
      });
      const hears: SupervisorEvent[] = [];
      heard.set(supervisor, hears);
      const listening = supervisor.onEvent((event) => {
        hears.push(event);
        const { host, ...rest } = event;
        if (host === supervisor.hostId) events.push(rest as SupervisorEvent);
      });
      windows.set(supervisor, { pid, store, listening });
      window.created?.(supervisor);
      await supervisor.start();
      await clock.advance(0);
      return supervisor;
    },
    kill: (window) => {
      const host = windows.get(window);
      if (!host) throw new Error('That window is not of this machine.');
      alive.delete(host.pid);
      host.listening.dispose();
      window.dispose();
      host.store.close();
      windows.delete(window);
    },
    heard: (window) => heard.get(window) ?? [],
    idOf: (window) => `w${windows.get(window)?.pid}`,
    books: () => database.books(),
    sql: (text) => database.sql(text),
    eventsOf: <T extends SupervisorEventType>(type: T) =>
      events.filter((event): event is Extract<SupervisorEvent, { type: T }> => event.type === type),
    typesOf: (prefix) => events.map((event) => event.type).filter((type) => type.startsWith(prefix)),
    soon: () => clock.advance(0),
    alive: () => launcher.alive.map((run) => run.loopId),
    dispose: () => {
      for (const [window, { store }] of windows) {
        window.dispose();
        store.close();
      }
      database.dispose();
    },
  };
}
