import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { markedProcesses } from '../markedProcesses.ts';
import type { ModelApis } from '../modelApis.ts';
import type { RealAgent } from './agents.ts';
import { type Programs, SLEEP, TrialFolder } from './trialFolder.ts';

/** A step that takes longer (ms) has failed: on a busy machine the slowest program needs a minute to start. */
const STEP_MS = 300_000;

interface Shown {
  readonly state: string;
  readonly reason?: string;
  readonly costUsd: number;
  readonly costEstimated: boolean;
  readonly costAtLeast: boolean;
  readonly attemptList: readonly { readonly log: string; readonly outcome?: string; readonly pid?: number }[];
}

/** One agent's steps by `loops`, in a storage and a home folder of its own. */
export class LoopsTrial {
  readonly #agent: RealAgent;
  readonly #apis: ModelApis;
  readonly #dist: string;
  readonly #folder: TrialFolder;
  readonly #prefix: string;

  /** `dist`: the folder of `loops` as it ships. */
  constructor(agent: RealAgent, apis: ModelApis, programs: Programs, dist: string) {
    this.#agent = agent;
    this.#apis = apis;
    this.#dist = dist;
    this.#folder = new TrialFolder(agent, apis.url(agent.name), programs);
    this.#prefix = `real-${process.pid}-${agent.name}-`;
  }

  /** A row of the table. `keep`: what it did stays on the disk, and is named. */
  async run(keep: boolean): Promise<string[]> {
    const { name, asks } = this.#agent;
    try {
      mkdirSync(this.#storage);
      writeFileSync(join(this.#storage, 'settings.json'), JSON.stringify(this.#folder.settings));
      await this.#loops('trust');
      const row = [name, ...(await this.#submits().catch((error: Error) => [error.message, '']))];
      row.push(asks ? await this.#seen(() => this.#answers('allow', true)) : '-');
      row.push(asks ? await this.#seen(() => this.#answers('deny', false)) : '-');
      row.push(this.#agent.decides ? await this.#seen(() => this.#decides()) : '-');
      row.push(await this.#seen(() => this.#stops()));
      row.push(await this.#seen(() => this.#resumes()));
      return row;
    } finally {
      await this.#loops('cancel', '--all').catch(() => '');
      await this.#loops('host', 'stop').catch(() => '');
      if (!keep) this.#folder.remove();
      else process.stdout.write(`kept: ${this.#folder.root}\n`);
    }
  }

  get #storage(): string {
    return join(this.#folder.root, 'storage');
  }

  async #submits(): Promise<[submit: string, cost: string]> {
    this.#apis.behave(this.#agent.name, 'text');
    const loopId = await this.#submit('plain');
    const end = await this.#ended(loopId);
    return [
      end.state === 'completed' ? 'yes' : told(end),
      `${end.costUsd > 0 || end.costAtLeast ? 'yes' : 'none'}: ${costOf(end)}`,
    ];
  }

  async #answers(choice: 'allow' | 'deny', isMade: boolean): Promise<string> {
    const file = join(this.#folder.project, `${choice}.txt`);
    this.#apis.behave(this.#agent.name, { command: `touch ${file}` });
    const loopId = await this.#submit(choice);
    const command = await this.#answer(loopId, choice);
    const end = await this.#ended(loopId);
    if (!command.includes(`touch ${file}`)) return `it asked ${command}`;
    if (existsSync(file) !== isMade) return `the command was ${isMade ? 'not ' : ''}run; ${told(end)}`;
    return end.state === 'completed' ? 'yes' : told(end);
  }

  async #decides(): Promise<string> {
    this.#apis.behave(this.#agent.name, 'decision');
    const loopId = await this.#submit('decide');
    await this.#question(loopId);
    await this.#loops('answer', loopId, '--say', 'MariaDB');
    const end = await this.#ended(loopId);
    if (!this.#apis.heard(this.#agent.name).includes('MariaDB')) return `its model was not told; ${told(end)}`;
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
    this.#apis.behave(this.#agent.name, 'text');
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
    this.#apis.behave(this.#agent.name, { command: `touch slept.txt && ${SLEEP}` });
    const loopId = await this.#submit(name);
    if (this.#agent.asks) await this.#answer(loopId, 'allow');
    await this.#until('its tool', loopId, () =>
      this.#processes(loopId).some(({ pid }) => commandOf(pid).includes(SLEEP)),
    );
    return loopId;
  }

  async #answer(loopId: string, choice: string): Promise<string> {
    const question = await this.#question(loopId);
    await this.#loops('answer', loopId, choice);
    return question.command ?? question.title;
  }

  #question(loopId: string) {
    return this.#until('its question', loopId, async () => {
      const { questions } = JSON.parse(await this.#loops('answer', loopId, '--json')) as {
        questions: { command?: string; title: string }[];
      };
      return questions[0];
    });
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
    const line = [join(this.#dist, 'loops.cjs'), '--storage', this.#storage, ...args];
    const { stdout } = await promisify(execFile)(process.execPath, line, { cwd: this.#folder.project });
    return stdout;
  }
}

function costOf({ costUsd, costEstimated, costAtLeast }: Shown): string {
  if (costUsd === 0 && costAtLeast) return 'unknown';
  return `${costAtLeast ? 'at least ' : ''}${costUsd.toFixed(6)}${costEstimated ? ' (estimated)' : ''}`;
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
