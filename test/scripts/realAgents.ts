import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { installed } from '../support/installed.ts';
import { markedProcesses } from '../support/markedProcesses.ts';
import { ModelApis } from '../support/modelApis.ts';
import { REAL_AGENTS, type RealAgent } from '../support/realAgents.ts';

/**
 * `npm run agents -- --programs FOLDER [--only claude,pi]`: the programs of agents as npm installs them below `FOLDER`,
 * run by `loops` as it ships, against models on loopback. Prints a table of agents and steps: `yes`, or what was seen
 * in its place. A program that is not there is left out.
 */
const { values } = parseArgs({
  options: { programs: { type: 'string', default: '.' }, only: { type: 'string' }, keep: { type: 'boolean' } },
});
/** A step that takes longer (ms) has failed: on a busy machine the slowest program needs a minute to start. */
const STEP_MS = 300_000;
const MARK = 'sleep 7321';
const STEPS = ['submit', 'cost', 'allow', 'deny', 'stop', 'resume'] as const;

interface Shown {
  readonly state: string;
  readonly reason?: string;
  readonly costUsd: number;
  readonly costEstimated: boolean;
  readonly attemptList: readonly { readonly log: string; readonly outcome?: string; readonly pid?: number }[];
}

/** One agent's steps, in a storage and a home folder of its own. */
class Trial {
  readonly #agent: RealAgent;
  readonly #url: string;
  readonly #root = mkdtempSync(join(tmpdir(), 'loop-supervisor-agents-'));
  readonly #project = join(this.#root, 'project');
  readonly #prefix: string;

  constructor(agent: RealAgent) {
    this.#agent = agent;
    this.#url = apis.url(agent.name);
    this.#prefix = `real-${process.pid}-${agent.name}-`;
  }

  async run(): Promise<string[]> {
    const { name, asks } = this.#agent;
    try {
      this.#prepare();
      await this.#loops('trust');
      const row = [name, ...(await this.#submits().catch((error: Error) => [error.message, '']))];
      row.push(asks ? await this.#seen(() => this.#answers('allow', true)) : '-');
      row.push(asks ? await this.#seen(() => this.#answers('deny', false)) : '-');
      row.push(await this.#seen(() => this.#stops()));
      row.push(await this.#seen(() => this.#resumes()));
      return row;
    } finally {
      await this.#loops('cancel', '--all').catch(() => '');
      await this.#loops('host', 'stop').catch(() => '');
      if (!values.keep) rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 });
      else process.stdout.write(`kept: ${this.#root}\n`);
    }
  }

  #prepare(): void {
    const { name } = this.#agent;
    const home = join(this.#root, 'home');
    for (const folder of [join(home, '.codex'), this.#project, join(this.#root, 'storage')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(this.#project, 'hello.txt'), 'Hello.\n');
    this.#agent.prepare?.(home, this.#url);
    const profile = this.#agent.profile(this.#url);
    const env = { ...(profile['env'] as object), HOME: home, CODEX_HOME: join(home, '.codex'), PATH: path };
    const command = programOf(this.#agent);
    const settings = {
      agents: { [name]: { ...profile, command, env } },
      prices: { 'stub-1': { input: 3, cachedInput: 0.3, output: 15 } },
      ...{ defaultAgent: name, askHoldsSlotMinutes: 0, 'restart.maxRestarts': 2, 'budget.dailyLimitUsd': 100 },
    };
    writeFileSync(join(this.#root, 'storage', 'settings.json'), JSON.stringify(settings));
  }

  async #submits(): Promise<[submit: string, cost: string]> {
    apis.behave(this.#agent.name, 'text');
    const loopId = await this.#submit('plain');
    const end = await this.#ended(loopId);
    return [end.state === 'completed' ? 'yes' : told(end), `${end.costUsd > 0 ? 'yes' : 'none'}: ${costOf(end)}`];
  }

  async #answers(choice: 'allow' | 'deny', isMade: boolean): Promise<string> {
    const file = join(this.#project, `${choice}.txt`);
    apis.behave(this.#agent.name, { command: `touch ${file}` });
    const loopId = await this.#submit(choice);
    const command = await this.#answer(loopId, choice);
    const end = await this.#ended(loopId);
    if (!command.includes(`touch ${file}`)) return `it asked ${command}`;
    if (existsSync(file) !== isMade) return `the command was ${isMade ? 'not ' : ''}run; ${told(end)}`;
    return end.state === 'completed' ? 'yes' : told(end);
  }

  async #stops(): Promise<string> {
    const loopId = await this.#inTool('stop');
    await this.#loops('cancel', loopId);
    const end = await this.#ended(loopId);
    const left = this.#processes(loopId);
    if (left.length > 0) return `left: ${left.map(({ pid }) => pid).join(', ')}`;
    return end.state === 'cancelled' ? `yes: ${costOf(end)}` : told(end);
  }

  async #resumes(): Promise<string> {
    const loopId = await this.#inTool('resume');
    const [first] = (await this.#show(loopId)).attemptList;
    apis.behave(this.#agent.name, 'text');
    process.kill(first?.pid as number, 'SIGKILL');
    const end = await this.#ended(loopId);
    const second = end.attemptList[1];
    if (end.state !== 'completed' || second === undefined) return `${told(end)}, ${end.attemptList.length} attempts`;
    const { args } = JSON.parse(readFileSync(join(dirname(second.log), 'request.json'), 'utf8')) as { args: string[] };
    const at = args.findIndex((arg) => /^(--resume|resume|--session)/.test(arg));
    return at < 0 ? `began anew: ${args.join(' ').slice(0, 200)}` : 'yes';
  }

  /** Its loop, once its tool runs. */
  async #inTool(name: string): Promise<string> {
    // A command that only sleeps is harmless to some, which do not ask.
    apis.behave(this.#agent.name, { command: `touch slept.txt && ${MARK}` });
    const loopId = await this.#submit(name);
    if (this.#agent.asks) await this.#answer(loopId, 'allow');
    await this.#until('its tool', loopId, () =>
      this.#processes(loopId).some(({ pid }) => commandOf(pid).includes(MARK)),
    );
    return loopId;
  }

  async #answer(loopId: string, choice: string): Promise<string> {
    const question = await this.#until('its question', loopId, async () => {
      const { questions } = JSON.parse(await this.#loops('answer', loopId, '--json')) as {
        questions: { command?: string; title: string }[];
      };
      return questions[0];
    });
    await this.#loops('answer', loopId, choice);
    return question.command ?? question.title;
  }

  async #submit(name: string): Promise<string> {
    const loopId = this.#prefix + name;
    await this.#loops('submit', '--id', loopId, 'Do what is to be done.');
    return loopId;
  }

  #ended(loopId: string): Promise<Shown> {
    return this.#until('its end', loopId, async () => {
      const shown = await this.#show(loopId);
      return ['completed', 'failed', 'cancelled', 'waiting'].includes(shown.state) && shown;
    });
  }

  async #show(loopId: string): Promise<Shown> {
    return JSON.parse(await this.#loops('show', loopId, '--json')) as Shown;
  }

  async #until<T>(what: string, loopId: string, probe: () => T | Promise<T>): Promise<Exclude<T, false | undefined>> {
    for (const deadline = performance.now() + STEP_MS; performance.now() < deadline; await sleep(300)) {
      const found = await probe();
      if (found) return found as Exclude<T, false | undefined>;
      const shown = await this.#show(loopId);
      if (['completed', 'failed', 'cancelled', 'waiting'].includes(shown.state) && what !== 'its end')
        throw new Error(`${what} did not come: ${told(shown)}`);
    }
    throw new Error(`${what} did not come: ${told(await this.#show(loopId))}`);
  }

  async #seen(step: () => Promise<string>): Promise<string> {
    try {
      return await step();
    } catch (error) {
      return (error as Error).message.replace(/\s+/g, ' ').slice(0, 300);
    } finally {
      await this.#loops('cancel', '--all').catch(() => '');
    }
  }

  /** All that is left of a loop: by its marker, guardians excepted. */
  #processes(loopId: string) {
    return markedProcesses(loopId);
  }

  async #loops(...args: string[]): Promise<string> {
    const line = [join(dist, 'loops.cjs'), '--storage', join(this.#root, 'storage'), ...args];
    const { stdout } = await promisify(execFile)(process.execPath, line, { cwd: this.#project });
    return stdout;
  }
}

/** The path of an agent's program among those that were installed; undefined where it is not there. */
function programOf(agent: RealAgent): string | undefined {
  const { command, extends: kind } = agent.profile('');
  const found = path.split(delimiter).map((folder) => join(folder, String(command ?? kind)));
  return found.find((one) => existsSync(one));
}

function costOf({ costUsd, costEstimated }: Shown): string {
  return `${costUsd.toFixed(6)}${costEstimated ? ' (estimated)' : ''}`;
}

function told({ state, reason = '', attemptList }: Shown): string {
  return `${state} ${reason} (${attemptList.map(({ outcome }) => outcome ?? 'runs').join(', ')})`;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const programs = resolve(values.programs, 'node_modules');
const path = [join(programs, '.bin'), join(programs, '@kilocode/cli-linux-x64/bin'), process.env['PATH']].join(
  delimiter,
);
const dist = join(await installed(), 'dist');
const apis = await ModelApis.start();
const only = values.only?.split(',');
const rows: string[][] = [];
for (const agent of REAL_AGENTS) {
  if ((only && !only.includes(agent.name)) || programOf(agent) === undefined) continue;
  const row = await new Trial(agent).run();
  rows.push(row);
  process.stdout.write(`${row.join(' | ')}\n`);
}
apis.stop();
process.stdout.write(`\n| agent | ${STEPS.join(' | ')} |\n|${' --- |'.repeat(STEPS.length + 1)}\n`);
for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
process.exitCode = rows.some((row) => row.slice(1).some((cell) => !/^(yes|-)/.test(cell))) ? 1 : 0;
