import { mkdirSync, realpathSync, statfsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import type { Disposable } from '../../core/model/disposable.ts';
import { type Look, lookOf } from '../../core/model/looks.ts';
import type { SweptProcess } from '../../core/model/processIdentity.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type {
  AdoptRequest,
  AgentLauncher,
  LaunchRequest,
  Run,
  RunControl,
  RunObserver,
  RunToLookFor,
} from '../../core/ports/launcher.ts';
import { RetryLog } from '../../core/runtime/retryLog.ts';
import type { FoundContainment } from '../contain/findContainment.ts';
import { foundOnce } from '../contain/foundOnce.ts';
import { withoutMarkers } from '../environment/carriedEnvironment.ts';
import { Follower } from '../follow/follower.ts';
import type { FollowOptions, FollowServices } from '../follow/followOptions.ts';
import { Messenger } from '../follow/messenger.ts';
import { Poller } from '../follow/poller.ts';
import { Pump } from '../follow/pump.ts';
import { FOLDER_MODE, sizeOf } from '../runFolder/atomicFile.ts';
import { putAnswer } from '../runFolder/questionFiles.ts';
import { isToken, runFiles } from '../runFolder/runFiles.ts';
import { keepWindowFile } from '../runFolder/windowFile.ts';
import { lookForRun } from '../sweep/lookForRun.ts';
import { reap } from '../sweep/reap.ts';
import { terminateSpared } from '../sweep/terminateSpared.ts';
import { createTable } from '../tables/platformTable.ts';
import { createInspector } from '../tables/processInspector.ts';
import { GuardianProcess } from './guardianProcess.ts';
import { guardianTrouble, preparationTrouble } from './guardianTrouble.ts';
import { prepareRun } from './prepareRun.ts';
import { type KnownRun, memoryOfRuns } from './runMemory.ts';

export interface LauncherOptions {
  /** Holds a folder for each run. Made if it is not there, for the owner alone. */
  readonly runsFolder: string;
  /** Where windows say that they live; this one does so while the launcher is not disposed. */
  readonly windowsFolder: string;
  /** It belongs to a caller that follows nothing: guardians do not count it as somebody who looks after them. */
  readonly isCaller?: boolean;
  /** The guardian's bundle. */
  readonly guardianProgram: string;
  /** The Node, or Electron, that runs this: `process.execPath`. */
  readonly nodePath: string;
  /** The environment that a terminal would have; a plan's own variables are added to it. */
  readonly environment: () => Promise<Record<string, string>>;
  /** How runs are contained here (R13.1); found out when it is first asked for, if absent. */
  readonly containment?: () => Promise<FoundContainment>;
  /** How often (ms) guardians show that they work; 10,000 if absent. */
  readonly beatMs?: number;
  /** Says until when runs of this machine may go on, where several share the store (R16.3). */
  readonly leaseFile?: string;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** How long (ms) to go on looking for a run that cannot be seen; 10 minutes if absent (R3.1). */
  readonly unseenForMs?: number;
}

/**
 * Starts attempts, each under its own guardian, and follows them. Disposing stops following them; they go on.
 *
 * @throws the error of the file system when the folders cannot be created.
 */
export function createLauncher(options: LauncherOptions): AgentLauncher & Disposable {
  return new Launcher(options);
}

class Launcher implements AgentLauncher, Disposable {
  readonly #options: LauncherOptions;
  readonly #runsFolder: string;
  readonly #services: FollowServices;
  readonly #poller: Poller;
  readonly #noSpace: RetryLog;
  readonly #followers = new Set<Follower>();
  readonly #windowFile: Disposable | undefined;
  readonly #containment: () => Promise<FoundContainment>;
  #isDisposed = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#containment = options.containment ?? foundOnce(options.log);
    this.#noSpace = new RetryLog(options);
    const { clock, log } = options;
    mkdirSync(options.runsFolder, { recursive: true, mode: FOLDER_MODE });
    // As the system names it: who holds a log open is found by its path.
    this.#runsFolder = realpathSync(options.runsFolder);
    const table = createTable({ polite: true });
    const inspector = createInspector();
    this.#poller = new Poller(clock);
    this.#services = {
      ...{ clock, log, table, inspector, messenger: new Messenger(table, clock, log), pump: new Pump(log) },
      ...(options.unseenForMs !== undefined && { unseenForMs: options.unseenForMs }),
    };
    if (options.isCaller) return;
    this.#windowFile = keepWindowFile({
      windowsFolder: options.windowsFolder,
      windowId: `host-${process.pid}-${inspector.self.startTime.replace(/\W+/g, '-')}`,
      ...{ inspector, clock, log },
    });
  }

  launch(request: LaunchRequest, observer: RunObserver): Run {
    const follower = this.#follow(
      { ...request, ...request.limits, readOffset: 0, leader: undefined, guardian: undefined },
      observer,
    );
    void this.#start(request, follower);
    return follower;
  }

  adopt(request: AdoptRequest, observer: RunObserver, mine: boolean): Run {
    const follower = this.#follow({ ...request, leader: request.leader, guardian: request.guardian }, observer);
    void follower.adopt(mine);
    return follower;
  }

  control(token: string): RunControl {
    const files = runFiles(this.#runsFolder, token);
    const { messenger } = this.#services;
    return {
      stop: (by, graceMs) => void messenger.send(files, { kind: 'stop', by, graceMs }),
      signal: (signal, by) => messenger.signal(files, { kind: 'signal', signal, ...(by && { by }) }),
      answer: (question, answer) => putAnswer(files, question, answer),
      keepWaiting: () => void messenger.send(files, { kind: 'keepWaiting' }),
      leave: (stopAfterMs) =>
        void messenger.send(files, { kind: 'leave', ...(stopAfterMs !== undefined && { stopAfterMs }) }),
    };
  }

  freeMemoryBytes(): number {
    return process.availableMemory();
  }

  memoryOf(runs: readonly KnownRun[]): Promise<ReadonlyMap<string, number>> {
    return memoryOfRuns(this.#services.table, (token) => runFiles(this.#runsFolder, token), runs);
  }

  freeBytes(): number {
    try {
      // Somebody may have removed it.
      mkdirSync(this.#runsFolder, { recursive: true, mode: FOLDER_MODE });
      const { bavail, bsize } = statfsSync(this.#runsFolder);
      this.#noSpace.withdraw();
      return bavail * bsize;
    } catch (error) {
      this.#noSpace.make(`The folder of runs ${this.#runsFolder} cannot be used`, error);
      return 0;
    }
  }

  reap(
    tokens: readonly string[],
    graceMs: number,
    keep: readonly string[],
  ): Promise<ReadonlyMap<string, readonly SweptProcess[]>> {
    const { table } = this.#services;
    return reap({ table, filesOf: (token) => runFiles(this.#runsFolder, token), tokens, graceMs, keep });
  }

  lookForRun(run: RunToLookFor): Promise<Look<readonly SweptProcess[]>> {
    return lookForRun(this.#services.table, runFiles(this.#runsFolder, run.token), run);
  }

  terminateSpared(process: SweptProcess): Promise<boolean> {
    return terminateSpared(this.#services.table, process);
  }

  async removeRuns(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) await rm(runFiles(this.#runsFolder, token).folder, { recursive: true, force: true });
  }

  async runsBefore(at: number): Promise<string[]> {
    const old: string[] = [];
    for (const token of (await readdir(this.#runsFolder)).filter(isToken)) {
      const { folder, stdout, stderr } = runFiles(this.#runsFolder, token);
      if ((await isOlder(folder, at)) && (await isOlder(stdout, at)) && (await isOlder(stderr, at))) old.push(token);
    }
    return old;
  }

  outputPath(token: string): string {
    return runFiles(this.#runsFolder, token).stdout;
  }

  logBytes(token: string): number {
    const { stdout, stderr } = runFiles(this.#runsFolder, token);
    return (sizeOf(stdout) ?? 0) + (sizeOf(stderr) ?? 0);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const follower of this.#followers) follower.release();
    this.#poller.dispose();
    this.#windowFile?.dispose();
  }

  /** Prepares a run and starts its guardian, unless the run was stopped or released meanwhile. */
  async #start(request: LaunchRequest, follower: Follower): Promise<void> {
    const { guardianProgram, nodePath, environment, log } = this.#options;
    const files = runFiles(this.#runsFolder, request.token);
    try {
      const found = this.#containment();
      const [inherited] = await Promise.all([environment(), request.before?.()]);
      const agentEnvironment = { ...placedIn(request.cwd, withoutMarkers(inherited)), ...request.plan.env };
      const { kind: containment, wrap } = await found;
      if (follower.isOver) return;
      await prepareRun(files, request, agentEnvironment, { ...this.#options, containment });
      if (follower.isOver) return;
      const command = { nodePath, guardianProgram, wrap: wrap(request.token, request.limits.maxMemoryBytes ?? 0) };
      const guardian = new GuardianProcess(command, files, agentEnvironment);
      await follower.begin(guardian, (end) => guardianTrouble(end, command, files.guardianLog));
    } catch (error) {
      log('A run could not be prepared.', error);
      await follower.failedToStart(preparationTrouble(error));
    }
  }

  #follow(options: Omit<FollowOptions, 'files'>, observer: RunObserver): Follower {
    const files = runFiles(this.#runsFolder, options.token);
    const follower = new Follower({ ...options, files }, this.#services, observer, () => {
      this.#followers.delete(follower);
      this.#poller.remove(follower);
    });
    this.#followers.add(follower);
    this.#poller.add(follower);
    return follower;
  }
}

/** Some agents work in the folder that `PWD` names: ours is where the editor or a shell was started. */
function placedIn(cwd: string, environment: Record<string, string>): Record<string, string> {
  return 'PWD' in environment ? { ...environment, PWD: cwd } : environment;
}

/**
 * Whether a file or folder was written last before `at`, wall time in ms. One that is not there was not written since.
 */
async function isOlder(path: string, at: number): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs < at,
    (error: unknown) => lookOf(error).state === 'gone',
  );
}
