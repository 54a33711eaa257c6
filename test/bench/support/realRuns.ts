import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentReader } from '../../../src/core/model/agentEvent.ts';
import type { Disposable } from '../../../src/core/model/disposable.ts';
import type { CommandPlan } from '../../../src/core/ports/agents.ts';
import type { AgentLauncher, Run, RunEnd, RunStarted } from '../../../src/core/ports/launcher.ts';
import { systemClock } from '../../../src/core/runtime/systemClock.ts';
import type { FoundContainment } from '../../../src/process/contain/findContainment.ts';
import { createLauncher } from '../../../src/process/launch/launcher.ts';
import { type RunFiles, runFiles } from '../../../src/process/runFolder/runFiles.ts';
import { bundledGuardian } from '../../support/bundledGuardian.ts';

export interface BenchRun {
  readonly run: Run;
  readonly files: RunFiles;
  readonly started: Promise<RunStarted>;
  readonly ended: Promise<RunEnd>;
}

const DEAF: AgentReader = { line: () => [], end: () => [], state: () => null };

/** Real runs under real guardians, in a folder that goes away. */
export class RealRuns implements Disposable {
  readonly folder: string;
  readonly launcher: AgentLauncher & Disposable;
  /** Nothing of the launcher keeps a process alive, as it should be. */
  readonly #awake = setInterval(() => {}, 1_000);

  /** `containment`: how runs are contained; by the strongest means of this machine if absent. */
  static async create(parent = tmpdir(), containment?: FoundContainment): Promise<RealRuns> {
    return new RealRuns(await bundledGuardian(), parent, containment);
  }

  private constructor(guardianProgram: string, parent: string, containment: FoundContainment | undefined) {
    this.folder = realpathSync(mkdtempSync(join(parent, 'loop-supervisor-bench-')));
    this.launcher = createLauncher({
      runsFolder: join(this.folder, 'runs'),
      windowsFolder: join(this.folder, 'windows'),
      guardianProgram,
      nodePath: process.execPath,
      environment: async () => ({ ...process.env }) as Record<string, string>,
      ...(containment && { containment: async () => containment }),
      clock: systemClock,
      log: (message, error) => process.stderr.write(`${message} ${error ?? ''}\n`),
    });
  }

  launch(
    command: string,
    args: readonly string[],
    facts: {
      readonly needsReading?: boolean;
      readonly reader?: AgentReader;
      readonly graceMs?: number;
      readonly plan?: Partial<CommandPlan>;
    } = {},
  ): BenchRun {
    const token = randomBytes(8).toString('hex');
    const started = Promise.withResolvers<RunStarted>();
    const ended = Promise.withResolvers<RunEnd>();
    const run = this.launcher.launch(
      {
        loopId: `bench-${token}`,
        token,
        cwd: this.folder,
        plan: { command, args, env: {}, stopSteps: [{ signal: 'SIGTERM', share: 1 }], ...facts.plan },
        limits: {
          ...{
            timeoutMs: 0,
            firstOutputMs: 0,
            silenceMs: 0,
            onSilence: 'warn',
            graceMs: facts.graceMs ?? 200,
            endGraceMs: 0,
            maxLogBytes: 0,
            unattendedGraceMs: 0,
          },
          keep: [],
        },
        reader: facts.reader ?? DEAF,
        needsReading: facts.needsReading ?? false,
      },
      {
        started: started.resolve,
        output: () => {},
        lines: () => {},
        silent: () => {},
        unseen: () => {},
        asking: () => {},
        ended: ended.resolve,
      },
    );
    return { run, files: runFiles(join(this.folder, 'runs'), token), started: started.promise, ended: ended.promise };
  }

  dispose(): void {
    clearInterval(this.#awake);
    this.launcher.dispose();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Memory of a process that nobody shares, MB. */
export function privateMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
  return kilobytes / 1024;
}
