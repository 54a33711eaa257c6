import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { RealAgent } from './agents.ts';

/** What is run in a tool that is to be stopped, and found by. */
export const SLEEP = 'sleep 7321';

/** The programs of agents, as `npm install` has put them below a folder. */
export class Programs {
  readonly #path: string;

  constructor(folder: string) {
    const modules = resolve(folder, 'node_modules');
    const own = [join(modules, '.bin'), join(modules, '@kilocode/cli-linux-x64/bin')];
    this.#path = [...own, process.env['PATH']].join(delimiter);
  }

  /** The PATH on which they are found. */
  get path(): string {
    return this.#path;
  }

  /** The path of an agent's program; undefined where it is not there. */
  of(agent: RealAgent): string | undefined {
    const { command, extends: kind } = agent.profile('');
    const found = this.#path.split(delimiter).map((folder) => join(folder, String(command ?? kind)));
    return found.find((one) => existsSync(one));
  }
}

/** Where one agent is tried: a home and a project of its own, and the settings that name its program. */
export class TrialFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'loop-supervisor-agents-'));
  readonly project = join(this.root, 'project');
  /** By the names that `loopSupervisor.` goes before. */
  readonly settings: { readonly [name: string]: unknown };

  /** `url`: the address of its models. */
  constructor(agent: RealAgent, url: string, programs: Programs) {
    const { name } = agent;
    const home = join(this.root, 'home');
    for (const folder of [join(home, '.codex'), this.project]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.project, 'hello.txt'), 'Hello.\n');
    agent.prepare?.(home, url);
    const profile = agent.profile(url);
    const env = { ...(profile['env'] as object), HOME: home, CODEX_HOME: join(home, '.codex'), PATH: programs.path };
    this.settings = {
      agents: { [name]: { ...profile, command: programs.of(agent), env } },
      prices: { 'stub-1': { input: 3, cachedInput: 0.3, output: 15 } },
      ...{ defaultAgent: name, askHoldsSlotMinutes: 0, 'restart.maxRestarts': 2, 'budget.dailyLimitUsd': 100 },
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}
