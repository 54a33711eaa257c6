import assert from 'node:assert/strict';
import type { AgentEvent } from '../../../src/core/model/agentEvent.ts';
import { SupervisorError } from '../../../src/core/model/errors.ts';
import type { LiveLoop } from '../../../src/core/model/loop.ts';
import type { LoopSpec } from '../../../src/core/model/loopSpec.ts';
import { DEFAULT_SETTINGS, type Doubt, type Doubts, type Settings } from '../../../src/core/model/settings.ts';
import type { AgentCatalog, AgentProfile } from '../../../src/core/ports/agents.ts';
import type { Supervisor } from '../../../src/core/supervisor.ts';
import type { FakeRun } from '../fakeLauncher.ts';
import { fakeCatalog, fakeProfile, type Harness } from '../harness.ts';
import { type AgentName, type Command, type Mistyped, PAYERS, type RunEnding, type Setting } from './command.ts';
import { Folders } from './folders.ts';
import { type Sight, StartChecks } from './startChecks.ts';

const FOLDERS = ['/a', '/b'] as const;
const NANO_PER_CENT = 10_000_000;
const MOST_WINDOWS = 3;
const PROFILES: { readonly [agent in AgentName]: AgentProfile } = {
  sample: fakeProfile('sample'),
  claude: fakeProfile('claude', { account: PAYERS.claude, hasCost: true, canResume: true }),
  twin: fakeProfile('twin', { account: PAYERS.twin, hasCost: true, canResume: true }),
};
const AGENTS = Object.keys(PROFILES) as AgentName[];

export interface OpenWindow {
  readonly supervisor: Supervisor;
  readonly id: string;
  readonly folder: string;
}

/** A machine with windows that come and go, and the commands that happen to it. */
export class World implements Sight {
  readonly machine: Harness;
  windows: OpenWindow[] = [];
  settings: Settings = {
    ...DEFAULT_SETTINGS,
    maxConcurrent: 2,
    maxQueueDepth: 4,
    circuit: { failureThreshold: 2, cooldownMs: 5_000, halfOpenMaxProbes: 1 },
    restart: { maxRestarts: 2, windowMs: 60_000, maxTotal: 1_000 },
    budget: { dailyLimit: 500 * NANO_PER_CENT, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
  };
  readonly ids = new Set<string>();
  readonly complaints: string[] = [];
  readonly checks = new StartChecks(this);
  /** What agents said and callers recorded of costs (10⁻⁹ USD), by `seq`. */
  readonly said = new Map<number, number>();
  /** Ids of loops that the user moved, and of those that were retried, since it was last looked. */
  readonly moved = new Set<string>();
  readonly retried = new Set<string>();
  /** Ids of cancelled loops that the user put back since it was last looked. */
  readonly undone = new Set<string>();
  readonly queuedIfBlocked = new Set<string>();
  readonly #goneProfiles = new Set<string>();
  readonly #folders: Folders;
  readonly #mistyped = new Set<Mistyped>();
  readonly #left = new Set<string>();
  readonly #supervisors = new Set<Supervisor>();
  readonly #pending = new Set<Promise<unknown>>();
  #stubborn = false;
  #mayBeLate = false;
  #folderMayBeBack = false;

  constructor(machine: Harness) {
    this.machine = machine;
    this.#folders = new Folders(machine.clock);
    const { launcher } = machine;
    launcher.onStop = (run, by) => {
      if (!this.#stubborn) setImmediate(() => run.end({ exit: { signal: 'SIGTERM' }, stoppedBy: by }));
    };
    launcher.onSignal = (run, signal, by) => {
      const deadly = signal === 'SIGKILL' || (signal === 'SIGTERM' && !this.#stubborn);
      if (deadly) setImmediate(() => run.end({ exit: { signal }, ...(by && { stoppedBy: by }) }));
    };
  }

  now(): number {
    return this.machine.clock.now();
  }

  today(): string {
    return this.machine.clock.day(this.now());
  }

  endOfDay(): number {
    return this.machine.clock.nextDay(this.now());
  }

  isLeaving(windowId: string): boolean {
    return this.#left.has(windowId);
  }

  isHome({ windowId, folder }: LiveLoop): boolean {
    return this.windows.some((window) => window.id === windowId || window.folder === folder);
  }

  canStart({ agent, cwd }: LiveLoop): boolean {
    return !this.#goneProfiles.has(agent) && this.#folders.isThere(cwd);
  }

  takesForGone(windowId: string, folder: string): boolean {
    return this.#folders.takesForGone(windowId, folder);
  }

  wasRecorded(seq: number, cost: number): void {
    this.#add(seq, cost);
  }

  complain(what: string): void {
    this.complaints.push(what);
  }

  /** Lets a command happen. What it sets going goes on. */
  async apply(command: Command): Promise<void> {
    const work = this.#begin(command);
    if (work === undefined) return;
    const expected = work.catch((error: unknown) => {
      if (!(error instanceof SupervisorError)) this.complain(`${command.act} was answered by ${String(error)}`);
    });
    this.#pending.add(expected);
    expected.then(() => this.#pending.delete(expected));
    // A window must be there before anything can happen in it.
    if (command.act === 'open') await expected;
  }

  /** Waits until all that was asked for is answered. */
  async settle(): Promise<void> {
    const { clock } = this.machine;
    await clock.advance(0);
    for (let waited = 0; this.#pending.size > 0; waited++) {
      assert.ok(waited < 100, 'something that was asked for is never answered');
      await clock.advance(500);
    }
    // What could not be written is tried again; after a jump, and for a disk that has room again, timers compute anew
    // within 30 s (R4.5).
    if (!this.#mayBeLate) return;
    await clock.advance(3_000);
    this.checks.failing = 0;
    await clock.advance(this.#folderMayBeBack ? 62_000 : 31_000);
    this.#folderMayBeBack = false;
    this.#mayBeLate = false;
  }

  /** Gives everything leave to run to its end, and sees that it does: nothing that was admitted is lost. */
  async drain(): Promise<void> {
    const { clock, launcher } = this.machine;
    this.#stubborn = false;
    launcher.free = Number.POSITIVE_INFINITY;
    for (const [index, folder] of FOLDERS.entries())
      if (!this.windows.some((window) => window.folder === folder)) await this.#open(index);
    for (const agent of AGENTS) this.#setProfile(agent, true);
    for (const folder of FOLDERS) this.#folders.set(folder, true);
    this.#mistyped.clear();
    this.#configure({ maxConcurrent: 4 });
    this.#configure({ dailyLimit: 0, onExceeded: 'finish' });
    this.#configure({ failureThreshold: 1_000, halfOpenMaxProbes: 2 });
    const [{ supervisor }] = this.windows as [OpenWindow];
    for (const account of this.checks.accounts.values()) account.resets++;
    await supervisor.resetCircuit();
    await supervisor.resume();
    await supervisor.startStale();
    for (const name of [...AGENTS, ...Object.values(PAYERS)]) await supervisor.tryNow(name);
    // Past every reset that an agent has named, though the clock went back since.
    clock.jump(3 * 86_400_000);
    await clock.advance(31_000);
    const isLive = () => this.windows.some((window) => window.supervisor.live().length > 0);
    for (let round = 0; isLive(); round++) {
      for (const { loopId, for: what } of supervisor.status().waiting)
        if (what === 'you') await supervisor.restartNow(loopId);
      assert.ok(round < 60, `loops that never end: ${JSON.stringify(supervisor.status())}`);
      for (const run of launcher.alive) run.ok();
      await clock.advance(5_000);
    }
    assert.deepEqual(launcher.alive, [], 'processes are left');
    await this.settle();
  }

  dispose(): void {
    this.machine.dispose();
  }

  #begin(command: Command): Promise<unknown> | undefined {
    const { clock } = this.machine;
    switch (command.act) {
      case 'end':
        return this.#withRun(command.run, (run) => this.#end(run, command.how, command.cost));
      case 'cost':
        return this.#withRun(command.run, (run) => run.say(this.#cost(run, command.cost, command.earlier)));
      case 'accrue':
        return this.#withRun(command.run, (run) => {
          // Only those with a cost say it, and their ledger is not held against what was reported: what accrued may be
          // charged.
          if (run.request?.plan.command !== 'sample') run.say({ type: 'accrued', cost: command.cost * NANO_PER_CENT });
        });
      case 'say':
        return this.#withRun(command.run, (run) => {
          for (const account of this.checks.accounts.values()) account.progress = true;
          run.say({ type: 'text', text: 'I go on.', delta: false });
        });
      case 'startStale':
        return this.windows[0]?.supervisor.startStale();
      case 'tryNow':
        return this.windows[0]?.supervisor.tryNow(PAYERS[command.agent]);
      case 'hold':
        return this.windows[0]?.supervisor.hold(
          PAYERS[command.agent],
          command.ms === undefined ? undefined : this.now() + command.ms,
        );
      case 'profile':
        this.#setProfile(command.agent, command.isThere);
        return undefined;
      case 'folder': {
        const folder = FOLDERS[command.folder % FOLDERS.length] as string;
        this.#folders.set(folder, command.isThere);
        // A folder that is gone is looked at again, after a minute at most.
        this.#folderMayBeBack ||= command.isThere;
        this.#mayBeLate = true;
        return undefined;
      }
      case 'mistype':
        return this.#mistype(command.setting, command.on);
      case 'session':
        return this.#withRun(command.run, (run) => run.say({ type: 'session', sessionId: `s-${run.loopId}` }));
      case 'started':
        return this.#withRun(command.run, (run) =>
          run.start({ pid: this.machine.launcher.runs.indexOf(run) + 1, startTime: 's', bootId: 'b' }),
        );
      case 'open':
        return this.windows.length < MOST_WINDOWS ? this.#open(command.folder) : undefined;
      case 'pass':
        return clock.advance(command.ms);
      case 'jump':
        this.#mayBeLate = true;
        this.#folders.clockWasSet();
        clock.jump(command.ms);
        return undefined;
      case 'sleep':
        this.#mayBeLate = true;
        clock.sleep(command.ms);
        if (command.ms >= this.settings.staleAfterMs) this.checks.haveSlept();
        return undefined;
      case 'configure':
        this.#configure(command.setting);
        return undefined;
      case 'stubborn':
        this.#stubborn = command.on;
        return undefined;
      case 'fullDisk':
        this.#mayBeLate = true;
        this.machine.launcher.free = command.on ? 0 : Number.POSITIVE_INFINITY;
        return undefined;
      case 'failingWrites':
        this.#mayBeLate = true;
        this.checks.failing += command.count;
        return undefined;
      default: {
        const window = this.windows[command.window % this.windows.length];
        return window && this.#within(window, command);
      }
    }
  }

  #within(window: OpenWindow, command: Extract<Command, { readonly window: number }>): Promise<unknown> {
    const { supervisor } = window;
    const loopId = 'loop' in command ? `l${command.loop}` : '';
    switch (command.act) {
      case 'submit': {
        this.ids.add(loopId);
        const { priority, estimate, maxCost, agent, queueIfBlocked } = command;
        if (queueIfBlocked) this.queuedIfBlocked.add(loopId);
        const spec: LoopSpec = {
          prompt: 'work',
          loopId,
          priority,
          agent,
          ...(estimate !== undefined && { estimatedCostUsd: estimate / 100 }),
          ...(maxCost !== undefined && { maxCostUsd: maxCost / 100 }),
          ...(queueIfBlocked && { whenBlocked: 'queue' }),
        };
        return this.#folders.submitting(() => supervisor.submit(spec));
      }
      case 'record': {
        return supervisor.recordCost(loopId, command.cost / 100, command.key?.toString());
      }
      case 'cancel':
        return supervisor.cancel(loopId);
      case 'undoCancel':
        this.undone.add(loopId);
        return supervisor.undoCancel(loopId);
      case 'retry':
        this.retried.add(loopId);
        return supervisor.retry(loopId);
      case 'clearFailed':
        return supervisor.clearFailed(loopId);
      case 'restartNow':
        return supervisor.restartNow(loopId);
      case 'takeOver':
        return supervisor.takeOver(loopId);
      case 'moveToEnd':
        this.moved.add(loopId);
        return supervisor.moveToEnd(loopId);
      case 'moveBefore':
        this.moved.add(loopId);
        return supervisor.moveBefore(loopId, command.before === undefined ? undefined : `l${command.before}`);
      case 'priority':
        return supervisor.setPriority(loopId, command.priority);
      case 'kill':
        return supervisor.killProcessGroup(loopId, command.signal);
      case 'stopAll':
        return supervisor.stopAll();
      case 'pause':
        return supervisor.pause();
      case 'resume':
        return supervisor.resume();
      case 'resetCircuit':
        for (const account of this.checks.accounts.values()) account.resets++;
        return supervisor.resetCircuit();
      case 'crash':
        this.#leave(window);
        this.#kill(supervisor);
        return Promise.resolve();
      case 'shutdown':
        this.#leave(window);
        return supervisor.shutdown(4_000).then(() => this.#kill(supervisor));
      case 'release':
        this.#leave(window);
        return supervisor.release().then(() => this.#kill(supervisor));
    }
  }

  async #open(which: number): Promise<void> {
    const folder = FOLDERS[which % FOLDERS.length] as string;
    const { settings, doubts } = this.#written();
    let id = '';
    const supervisor = await this.machine.open(settings, {
      created: (created) => {
        id = this.machine.idOf(created);
      },
      folders: [folder],
      agents: this.#catalog(),
      doubts,
      look: (path) => this.#folders.look(id, path),
      store: (store) => this.checks.wrap(store),
    });
    this.#supervisors.add(supervisor);
    this.windows.push({ supervisor, folder, id });
  }

  #leave(window: OpenWindow): void {
    this.#left.add(window.id);
    this.windows = this.windows.filter((other) => other !== window);
  }

  #kill(supervisor: Supervisor): void {
    this.#supervisors.delete(supervisor);
    this.machine.kill(supervisor);
  }

  #configure(setting: Setting): void {
    const { settings } = this;
    // What is mistyped keeps its last good value.
    const isMistyped = [...this.#mistyped].some(
      (name) => (name.split('.').at(-1) ?? '').replace(/Usd$/, '') in setting,
    );
    if (isMistyped) return;
    if ('maxRestarts' in setting) this.settings = { ...settings, restart: { ...settings.restart, ...setting } };
    else if ('failureThreshold' in setting)
      this.settings = { ...settings, circuit: { ...settings.circuit, ...setting } };
    else if ('dailyLimit' in setting) {
      this.settings = {
        ...settings,
        budget: { ...settings.budget, ...setting, dailyLimit: setting.dailyLimit * NANO_PER_CENT },
      };
    } else this.settings = { ...settings, ...setting };
    this.#applySettings();
  }

  /** For those that are going too: they still write down what they were told. */
  #applySettings(): void {
    const { settings, doubts } = this.#written();
    for (const supervisor of this.#supervisors) supervisor.configure(settings, doubts);
  }

  /** What windows read: in the place of what is mistyped stands what would let everything through. */
  #written(): { readonly settings: Settings; readonly doubts: Doubts } {
    let { settings } = this;
    const doubts: { [setting: string]: Doubt } = {};
    for (const setting of this.#mistyped) {
      doubts[setting] = { kind: 'unreadable', why: `${setting} is no number` };
      if (setting === 'maxConcurrent') settings = { ...settings, maxConcurrent: 64 };
      else if (setting === 'budget.dailyLimitUsd')
        settings = { ...settings, budget: { ...settings.budget, dailyLimit: 0 } };
      else settings = { ...settings, circuit: { ...settings.circuit, failureThreshold: 1_000 } };
    }
    return { settings, doubts };
  }

  /** What no window has stored yet is no last good value. */
  async #mistype(setting: Mistyped, isWrong: boolean): Promise<void> {
    await this.machine.clock.advance(0);
    if (this.windows.length === 0 || this.checks.failing > 0) return;
    if (isWrong) this.#mistyped.add(setting);
    else this.#mistyped.delete(setting);
    this.#applySettings();
  }

  #setProfile(agent: AgentName, isThere: boolean): void {
    if (isThere) this.#goneProfiles.delete(agent);
    else this.#goneProfiles.add(agent);
    for (const supervisor of this.#supervisors) supervisor.useAgents(this.#catalog());
  }

  #catalog(): AgentCatalog {
    return fakeCatalog(...AGENTS.filter((name) => !this.#goneProfiles.has(name)).map((name) => PROFILES[name]));
  }

  #withRun(which: number, work: (run: FakeRun) => void): undefined {
    const { alive } = this.machine.launcher;
    const run = alive[which % alive.length];
    if (run) work(run);
  }

  #end(run: FakeRun, how: RunEnding, cents: number): void {
    const { says = [], ...facts } = endingOf(how, this.now());
    run.end({ ...facts, says: cents > 0 && how !== 'spawn' ? [this.#cost(run, cents), ...says] : says });
  }

  #cost(run: FakeRun, cents: number, earlier?: number): AgentEvent {
    const cost = cents * NANO_PER_CENT;
    for (const account of this.checks.accounts.values()) account.progress = true;
    this.#add(Number(run.token.split('-')[0]), cost);
    return {
      type: 'cost',
      cost,
      source: 'reported',
      ...(earlier !== undefined && { earlier: earlier * NANO_PER_CENT }),
    };
  }

  #add(seq: number, cost: number): void {
    this.said.set(seq, (this.said.get(seq) ?? 0) + cost);
  }
}

/** What a run of that ending tells. */
function endingOf(how: RunEnding, now: number): NonNullable<Parameters<FakeRun['end']>[0]> {
  switch (how) {
    case 'ok':
      return { says: [{ type: 'end', ok: true }] };
    case 'exit':
      return { exit: { exitCode: 1 } };
    case 'signal':
      return { exit: { signal: 'SIGKILL' } };
    case 'spawn':
      return { kind: 'spawn', exit: {}, error: 'not found' };
    case 'lost':
      return { kind: 'lost', exit: {} };
    case 'timeout':
      return { exit: { signal: 'SIGKILL' }, stoppedBy: 'timeout' };
    case 'machine':
    case 'folder':
      return { kind: 'void', exit: {}, trouble: how, error: how };
    case 'memory':
      return { exit: { signal: 'SIGKILL' }, trouble: how, peakMemoryBytes: 1 };
    case 'unnamedLimit':
      return { says: [{ type: 'limit', reason: 'limit' }], exit: { exitCode: 1 } };
    case 'limit':
      return { says: [{ type: 'limit', until: now + 20_000, reason: 'limit' }], exit: { exitCode: 1 } };
    default:
      return { says: [{ type: 'end', ok: false, reason: how, cause: how }], exit: { exitCode: 1 } };
  }
}
