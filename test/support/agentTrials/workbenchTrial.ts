import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Lease, leaseServer } from '../host/sharedServers.ts';
import { Workbench } from '../host/workbench.ts';
import type { ModelApis } from '../modelApis.ts';
import { until } from '../until.ts';
import type { RealAgent } from './agents.ts';
import { type Programs, SLEEP, TrialFolder } from './trialFolder.ts';

/** One agent's steps from the workbench of a real VS Code, in a storage and a home folder of its own. */
export class WorkbenchTrial {
  readonly #agent: RealAgent;
  readonly #apis: ModelApis;
  readonly #folder: TrialFolder;
  #lease: Lease | undefined;
  #opened: Workbench | undefined;

  constructor(agent: RealAgent, apis: ModelApis, programs: Programs) {
    this.#agent = agent;
    this.#apis = apis;
    this.#folder = new TrialFolder(agent, apis.url(agent.name), programs);
  }

  /** A row of the table. */
  async run(): Promise<string[]> {
    const { name, asks, decides } = this.#agent;
    try {
      await this.#open();
      const row = [name, await this.#seen(() => this.#submits())];
      row.push(await this.#seen(() => this.#costs()));
      row.push(asks ? await this.#seen(() => this.#answers('Allow Once', true)) : '-');
      row.push(asks ? await this.#seen(() => this.#answers('Deny', false)) : '-');
      row.push(decides ? await this.#seen(() => this.#decides()) : '-');
      row.push(await this.#seen(() => this.#stops()));
      row.push(await this.#seen(() => this.#resumes()));
      return row;
    } finally {
      await this.#lease?.release();
      this.#folder.remove();
    }
  }

  get #window(): Workbench {
    if (!this.#opened) throw new Error('no window is open');
    return this.#opened;
  }

  async #open(): Promise<void> {
    const named = Object.entries(this.#folder.settings).map(([key, value]) => [`loopSupervisor.${key}`, value]);
    this.#lease = await leaseServer({ settings: Object.fromEntries(named) });
    const { context, server } = this.#lease;
    this.#opened = new Workbench(await context.newPage());
    await this.#opened.page.goto(server.url(this.#folder.project));
    await this.#opened.ready();
    await this.#opened.tree.show();
  }

  async #submits(): Promise<string> {
    this.#apis.behave(this.#agent.name, 'text');
    await this.#submit('Say it');
    await this.#window.tree.becomes(/^Say it/, 'completed');
    return 'yes';
  }

  /** What the status bar says of the only loop that has run. */
  async #costs(): Promise<string> {
    const said = await this.#window.statusText('budget');
    const hover = await this.#window.statusHover('budget');
    const row = (await this.#window.tree.row(/^Say it/).getAttribute('aria-label')) ?? '';
    const [cost] = /cost unknown|cost (?:at least )?\$[\d.]+(?:, estimated)?/.exec(row) ?? [];
    if (cost === undefined) return `no cost: ${row}`;
    const isShown = cost === 'cost unknown' ? /unknown|at least/i.test(hover) : !/^\$0\.00\b/.test(said);
    return `${isShown ? 'yes' : `${said}, though its`} ${cost}`;
  }

  async #answers(button: 'Allow Once' | 'Deny', isMade: boolean): Promise<string> {
    const title = button === 'Deny' ? 'Never touch' : 'Touch it';
    const file = join(this.#folder.project, `${title.replace(' ', '-')}.txt`);
    this.#apis.behave(this.#agent.name, { command: `touch ${file}` });
    await this.#submit(title);
    await this.#answer(title, button);
    await this.#window.tree.becomes(new RegExp(`^${title}`), 'completed');
    return existsSync(file) === isMade ? 'yes' : `the command was ${isMade ? 'not ' : ''}run`;
  }

  async #decides(): Promise<string> {
    const { input, tree } = this.#window;
    this.#apis.behave(this.#agent.name, 'decision');
    await this.#submit('Decide it');
    await tree.becomes(/^Decide it/, 'asks: Which database should we use?');
    await tree.inlineAction(/^Decide it/, 'Answer…');
    await input.asked('Which database should we use?');
    await input.pick('Something Else…');
    await input.answer('Which database should we use?', 'MariaDB');
    await tree.becomes(/^Decide it/, 'completed');
    return this.#apis.heard(this.#agent.name).includes('MariaDB') ? 'yes' : 'its model was not told';
  }

  async #stops(): Promise<string> {
    await this.#inTool('Stop it');
    await this.#window.tree.inlineAction(/^Stop it/, 'Cancel Loop');
    // What one has cancelled oneself is no news, and its row is folded away.
    await this.#window.tree.rests();
    await until('nothing to be left', () => this.#started().length === 0);
    return 'yes';
  }

  async #resumes(): Promise<string> {
    await this.#inTool('Resume it');
    this.#apis.behave(this.#agent.name, 'text');
    await this.#window.tree.contextAction(/^Resume it/, 'Restart Now');
    await this.#window.tree.becomes(/^Resume it/, 'completed');
    await this.#window.tree.contextAction(/^Resume it/, 'Show Details');
    const page = await this.#window.panel('Resume it');
    const text = await until('both attempts', async () => {
      const shown = await page.locator('main').innerText();
      return shown.includes('Attempt 2') && shown;
    });
    return text.includes('resumed its session') ? 'yes' : 'began anew';
  }

  /** A loop whose tool runs. */
  async #inTool(title: string): Promise<void> {
    // A command that only sleeps is harmless to some, which do not ask.
    this.#apis.behave(this.#agent.name, { command: `touch slept.txt && ${SLEEP}` });
    await this.#submit(title);
    if (this.#agent.asks) await this.#answer(title, 'Allow Once');
    await until('its tool', () => this.#started().some(({ command }) => command.startsWith(SLEEP)));
  }

  async #answer(title: string, button: string): Promise<void> {
    const { tree, notices } = this.#window;
    await tree.becomes(new RegExp(`^${title}`), 'asks: run ');
    await tree.inlineAction(new RegExp(`^${title}`), 'Answer…');
    await notices.pressInDialog('asks for permission', button);
  }

  #submit(title: string): Promise<void> {
    return this.#window.submit(`${title}, please`);
  }

  #started() {
    return this.#lease?.server.started() ?? [];
  }

  async #seen(step: () => Promise<string>): Promise<string> {
    try {
      return await step();
    } catch (error) {
      const shown = (await this.#window.tree.rows().catch(() => [])).map((row) => JSON.stringify(row)).join(' ');
      return `${(error as Error).message} ${shown}`.replace(/\s+/g, ' ').replaceAll('|', '/').slice(0, 600);
    } finally {
      await this.#window.settle().catch(() => undefined);
      for (const { pid } of this.#started()) kill(pid);
    }
  }
}

/** What a step that failed has left. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
