import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentReader } from '../../../src/core/model/agentEvent.ts';
import type { Disposable } from '../../../src/core/model/disposable.ts';
import type { AskedQuestion } from '../../../src/core/model/question.ts';
import type { CommandPlan } from '../../../src/core/ports/agents.ts';
import type {
  AdoptRequest,
  AgentLauncher,
  LiveLines,
  Run,
  RunEnd,
  RunLimits,
  RunObserver,
  RunOutput,
  RunStarted,
} from '../../../src/core/ports/launcher.ts';
import { systemClock } from '../../../src/core/runtime/systemClock.ts';
import { createLauncher, type LauncherOptions } from '../../../src/process/launch/launcher.ts';
import { type RunFiles, runFiles } from '../../../src/process/runFolder/runFiles.ts';
import { bundledGuardian } from '../../support/bundledGuardian.ts';
import { type MarkedProcess, markedProcesses } from '../../support/markedProcesses.ts';

/** The path of a fixture program. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/programs/${name}`, import.meta.url));
}

/** No deadlines, and a short grace period. */
export const LIMITS: RunLimits = {
  timeoutMs: 0,
  firstOutputMs: 0,
  silenceMs: 0,
  onSilence: 'warn',
  graceMs: 200,
  endGraceMs: 0,
  maxLogBytes: 0,
  unattendedGraceMs: 0,
  keep: ['tmux'],
};

/** A reader that makes each line a text, and counts them in its state. */
export function lineReader(state: unknown = 0): AgentReader {
  let lines = Number(state);
  return {
    line: (text) => {
      lines += 1;
      return [{ type: 'text', text, delta: false }];
    },
    end: () => [{ type: 'end', ok: true }],
    state: () => lines,
  };
}

/** What an observer was told of a run, in order. */
export class Told implements RunObserver {
  readonly calls: string[] = [];
  readonly outputs: RunOutput[] = [];
  readonly lastLines: LiveLines[] = [];
  readonly silences: Parameters<RunObserver['silent']>[0][] = [];
  readonly #started = Promise.withResolvers<RunStarted>();
  readonly #ended = Promise.withResolvers<RunEnd>();
  end: RunEnd | undefined;

  get whenStarted(): Promise<RunStarted> {
    return this.#started.promise;
  }

  get whenEnded(): Promise<RunEnd> {
    return this.#ended.promise;
  }

  started(facts: RunStarted): void {
    this.calls.push('started');
    this.#started.resolve(facts);
  }

  output(output: RunOutput): void {
    this.calls.push('output');
    this.outputs.push(output);
  }

  silent(warning: Parameters<RunObserver['silent']>[0]): void {
    this.calls.push('silent');
    this.silences.push(warning);
  }

  unseen(why: string | undefined): void {
    this.calls.push(why === undefined ? 'seen' : `unseen: ${why}`);
  }

  lines(lines: LiveLines): void {
    this.lastLines.push(lines);
  }

  /** What it asked, look by look. */
  readonly asked: (readonly AskedQuestion[])[] = [];

  asking(questions: readonly AskedQuestion[]): void {
    this.asked.push(questions);
  }

  ended(end: RunEnd): void {
    this.calls.push('ended');
    this.end = end;
    this.outputs.push(end.last);
    this.#ended.resolve(end);
  }

  /** All texts that were read, the last piece included once it has ended. */
  get texts(): string[] {
    return this.outputs.flatMap(({ events }) => events).flatMap((event) => (event.type === 'text' ? [event.text] : []));
  }
}

export interface Launched {
  readonly run: Run;
  readonly told: Told;
  readonly token: string;
  readonly files: RunFiles;
}

export interface LaunchOptions extends Partial<Omit<CommandPlan, 'command' | 'args'>> {
  readonly limits?: Partial<RunLimits>;
  readonly needsReading?: boolean;
  readonly cwd?: string;
  readonly reader?: AgentReader;
  /** The epoch of this machine under which it begins. */
  readonly epoch?: number;
}

/** Real runs in a folder of their own, through the real guardian. */
export class RunHarness {
  readonly folder: string;
  readonly cwd: string;
  readonly runsFolder: string;
  readonly windowsFolder: string;
  readonly logged: string[] = [];
  launcher: AgentLauncher & Disposable;
  /** Begins the ids of all loops here. */
  readonly prefix = `t${randomBytes(4).toString('hex')}-`;
  environment: Record<string, string> = Object.fromEntries(
    Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])),
  );
  readonly #guardianProgram: string;

  static async create(): Promise<RunHarness> {
    return new RunHarness(await bundledGuardian());
  }

  private constructor(guardianProgram: string) {
    this.#guardianProgram = guardianProgram;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-runs-')));
    this.runsFolder = join(this.folder, 'runs');
    this.windowsFolder = join(this.folder, 'windows');
    this.cwd = join(this.folder, 'work');
    mkdirSync(this.cwd);
    this.launcher = this.newLauncher();
  }

  /** Another window's launcher on the same runs. */
  newLauncher(
    options: Partial<
      Pick<
        LauncherOptions,
        | 'guardianProgram'
        | 'leaseFile'
        | 'nodePath'
        | 'environment'
        | 'containment'
        | 'beatMs'
        | 'clock'
        | 'unseenForMs'
      >
    > = {},
  ): AgentLauncher & Disposable {
    return createLauncher({
      runsFolder: this.runsFolder,
      windowsFolder: this.windowsFolder,
      guardianProgram: this.#guardianProgram,
      nodePath: process.execPath,
      environment: async () => this.environment,
      clock: systemClock,
      log: (message, error) =>
        this.logged.push(error === undefined ? message : `${message} ${(error as Error).message}`),
      ...options,
    });
  }

  launch(command: string, args: readonly string[] = [], options: LaunchOptions = {}): Launched {
    const { limits, needsReading = true, cwd = this.cwd, reader = lineReader(), epoch, ...plan } = options;
    const token = randomBytes(8).toString('hex');
    const told = new Told();
    const run = this.launcher.launch(
      {
        loopId: this.prefix + token,
        token,
        cwd,
        plan: { command, args, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }], ...plan },
        limits: { ...LIMITS, ...limits },
        reader,
        needsReading,
        ...(epoch !== undefined && { epoch }),
      },
      told,
    );
    return { run, told, token, files: runFiles(this.runsFolder, token) };
  }

  adopt(token: string, request: Partial<AdoptRequest> = {}, mine = true): Launched {
    const told = new Told();
    const run = this.launcher.adopt(
      {
        token,
        reader: lineReader(),
        needsReading: true,
        readOffset: 0,
        graceMs: LIMITS.graceMs,
        keep: LIMITS.keep,
        ...request,
      },
      told,
      mine,
    );
    return { run, told, token, files: runFiles(this.runsFolder, token) };
  }

  /** What a reload does: the old launcher lets go, a new one begins. */
  reload(): void {
    this.launcher.dispose();
    this.launcher = this.newLauncher();
  }

  /** Living processes of a run, by its marker. */
  processesOf(token: string): MarkedProcess[] {
    return markedProcesses(this.prefix).filter(({ attempt }) => attempt === token);
  }

  /** Ends what a test has left, each by its pid. */
  dispose(): void {
    this.launcher.dispose();
    for (const { pid } of markedProcesses(this.prefix)) kill(pid);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Ends a process that a test has started, if it is still there. */
export function kill(pid: number, signal = 'SIGKILL'): void {
  // 0 would be our own group, and -1 everybody.
  if (!(pid > 1)) throw new RangeError(`${pid} is no process of a test.`);
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Whether a process lives: a zombie does not. */
export function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
