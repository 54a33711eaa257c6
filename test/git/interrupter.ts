import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkTrees } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import type { GitHostOptions } from '../support/gitHost.ts';
import { until } from '../support/until.ts';
import { deadWorkers, type GitBench } from './support.ts';

const HOST = fileURLToPath(new URL('../support/gitHost.ts', import.meta.url));
/** Git that changes something. */
const WRITES = /^(worktree (add|remove)|apply --w|add|commit|merge |branch|init|write-tree|pack-objects)/;
const ALL = /./;
const never = () => new Promise<never>(() => undefined);

/** What a host does, as it can be told to a process of its own. */
export interface Call {
  readonly what: keyof WorkTrees;
  readonly args: readonly unknown[];
}

/** Which steps are interrupted, and how. */
export interface Choice {
  /** A host dies before each step after the first that changes something, not only after those that do. */
  readonly every?: boolean;
  /** These commands alone. */
  readonly only?: RegExp;
  /** Commands during which a host is killed, while Git goes on. */
  readonly during?: RegExp;
  /** A file that must be there before a host is killed. */
  readonly note?: string;
}

/** A call of Git. */
interface Step {
  readonly number: number;
  readonly command: string;
  readonly writes: boolean;
}

/** Has hosts die, and Git fail, at each step of what they do. */
export class Interrupter {
  readonly #bench: GitBench;
  readonly #saved: string;
  readonly #tools: string;

  constructor(bench: GitBench) {
    this.#bench = bench;
    this.#saved = `${bench.home}-saved`;
    this.#tools = `${bench.home}-tools`;
    const git = `${bench.git('--exec-path')}/git`;
    const scripts = {
      logs: `line=$(echo "$LOOP_STEP $*" | tr '\\n' ' '); echo "$line" >> ${this.#tools}/log; exec ${git} "$@"`,
      fails: 'echo "fatal: write error: No space left on device" >&2; exit 128',
      kills:
        'if test "$LOOP_STEP" = "$LOOP_DIES_AT"; then\n' +
        'while test -n "$LOOP_NOTE" && test ! -e "$LOOP_NOTE"; do sleep 0.01; done\n' +
        `echo $$ > ${this.#tools}/straggler; kill -9 $PPID; sleep 0.2; fi\nexec ${git} "$@"`,
    };
    for (const [name, lines] of Object.entries(scripts)) {
      mkdirSync(join(this.#tools, name), { recursive: true });
      writeFileSync(join(this.#tools, name, 'git'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    }
  }

  dispose(): void {
    for (const folder of [this.#saved, this.#tools]) rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Begins again and again from what is there now: a host dies after each step that changes something or during it, or
   * the step fails. Then a new host does the same, and `check` looks at what there is.
   */
  async interrupt(call: Call, check: () => void | Promise<void>, choice: Choice = {}): Promise<void> {
    const { every = false, only = ALL, during = ALL } = choice;
    this.#copy(this.#bench.home, this.#saved);
    const steps = await this.#stepsOf(call);
    const chosen = steps.filter(({ command, writes }) => writes && only.test(command));
    assert.ok(chosen.length > 0, 'some step changes something');
    const look = async (how: string) => {
      await run(this.#next(), call);
      try {
        await check();
      } catch (error) {
        throw new Error(`${how}: ${(error as Error).message}`, { cause: error });
      }
    };
    const first = chosen[0]?.number ?? 0;
    for (const { number, command } of steps) {
      if (every ? number < first : !chosen.some((step) => step.number + 1 === number)) continue;
      await this.#dies(call, number);
      await look(`a host that died before ${number}, ${command}`);
    }
    for (const { number, command } of chosen) {
      await this.#fails(call, number);
      await look(`${number}, ${command}, failed`);
      if (!during.test(command)) continue;
      const ended = await this.#straggles(call, number, choice.note);
      await run(this.#next(), call).catch(() => undefined);
      await ended();
      await look(`a host that was killed during ${number}, ${command}`);
    }
  }

  #next(): WorkTrees {
    return this.#with(async () => this.#bench.env);
  }

  #with(environment: () => Promise<Readonly<Record<string, string>>>, processes = createWorkers()): WorkTrees {
    return createWorkTrees({ processes, storage: this.#bench.storage, environment });
  }

  #pathOf(tool: string): string {
    return `${join(this.#tools, tool)}:${this.#bench.env['PATH']}`;
  }

  #again(): void {
    this.#copy(this.#saved, this.#bench.home);
  }

  #copy(from: string, to: string): void {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }

  /** The steps of a call that nothing interrupts. */
  async #stepsOf(call: Call): Promise<readonly Step[]> {
    let number = 0;
    const { env } = this.#bench;
    const trees = this.#with(async () => ({ ...env, PATH: this.#pathOf('logs'), LOOP_STEP: String(++number) }));
    await run(trees, call);
    const lines = readFileSync(join(this.#tools, 'log'), 'utf8').trim().split('\n');
    const steps = lines.map((line) => {
      const [step = '', ...words] = line.split(' ');
      const command = words.join(' ').replace(/(-c \S+ )+/, '');
      return { number: Number(step), command, writes: WRITES.test(command) };
    });
    return steps.sort((one, other) => one.number - other.number);
  }

  /** Its host dies before the step of that number: nothing more of it happens. */
  async #dies(call: Call, number: number): Promise<void> {
    this.#again();
    let at = 0;
    await new Promise<void>((resolve) => {
      const trees = this.#with(() => {
        at++;
        if (at < number) return Promise.resolve(this.#bench.env);
        resolve();
        return never();
      }, deadWorkers());
      run(trees, call).then(() => resolve(), resolve);
    });
  }

  async #fails(call: Call, number: number): Promise<void> {
    this.#again();
    let at = 0;
    const { env } = this.#bench;
    const trees = this.#with(async () => (++at === number ? { ...env, PATH: this.#pathOf('fails') } : env));
    await run(trees, call).catch(() => undefined);
  }

  /** A host is killed in the step of that number; Git goes on a little later. Returns what waits for its end. */
  async #straggles({ what, args }: Call, number: number, note = ''): Promise<() => Promise<unknown>> {
    this.#again();
    const straggler = join(this.#tools, 'straggler');
    rmSync(straggler, { force: true });
    const { storage } = this.#bench;
    const env = { ...this.#bench.env, PATH: this.#pathOf('kills'), LOOP_DIES_AT: String(number), LOOP_NOTE: note };
    const options: GitHostOptions = { storage, env, what, args };
    const host = spawn(process.execPath, ['--no-warnings', HOST, JSON.stringify(options)], { stdio: 'ignore' });
    const signal = await new Promise((resolve) => host.once('exit', (_, by) => resolve(by)));
    assert.equal(signal, 'SIGKILL', `the host was killed at step ${number}`);
    const pid = Number(readFileSync(straggler, 'utf8'));
    return () => until('the end of the Git that was left', () => !existsSync(`/proc/${pid}`));
  }
}

function run(trees: WorkTrees, { what, args }: Call): Promise<unknown> {
  return (trees[what] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
}
