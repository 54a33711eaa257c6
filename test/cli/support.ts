import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createCatalog } from '../../src/agents/catalog.ts';
import { call } from '../../src/cli/program.ts';
import type { Manifest, Session } from '../../src/cli/session.ts';
import type { HostRole } from '../../src/core/state/context.ts';
import { createParts, type Parts } from '../../src/parts.ts';

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  contributes: { languageModelTools: Manifest['tools'] };
};

/** What a call has printed, and what it ended with. */
export interface Called {
  readonly code: number;
  readonly out: string;
  readonly error: string;
  /** Its output as JSON. */
  json<T>(): T;
}

/** A storage folder and a trusted project, on which a test calls `loops` within this process. */
export class CallHarness {
  readonly storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-cli-')));
  readonly project = join(this.storage, 'project');
  /** How often a call has started the headless host. */
  hostStarts = 0;
  /** How wide the terminal of its calls is, characters; without it they have none. */
  columns: number | undefined;
  /** What was logged. */
  readonly logged: string[] = [];

  constructor(settings: object = {}) {
    mkdirSync(this.project);
    this.configure(settings);
    mkdirSync(join(this.storage, 'headless'));
    writeFileSync(join(this.storage, 'headless/trusted.json'), JSON.stringify([this.project]));
  }

  /** Writes the settings, beside those of an agent that does nothing. */
  configure(settings: object): void {
    const agents = { worker: { command: 'true' } };
    const all = { defaultAgent: 'worker', agents, ...settings };
    writeFileSync(join(this.storage, 'settings.json'), JSON.stringify(all));
  }

  /** `environment`: of the call, such as that of an agent. */
  async call(words: readonly string[], environment: NodeJS.ProcessEnv = {}, cwd = this.project): Promise<Called> {
    let out = '';
    let error = '';
    const code = await call(words, {
      manifest: { version: '1.2.3', tools: contributes.languageModelTools },
      environment: { LOOP_SUPERVISOR_STORAGE: this.storage, ...environment },
      cwd,
      program: resolve('src/cli.ts'),
      out: {
        write: (text) => {
          out += text;
        },
        ...(this.columns !== undefined && { isTTY: true, columns: this.columns }),
      },
      error: {
        write: (text) => {
          error += text;
        },
      },
      startHost: async () => {
        this.hostStarts++;
      },
      afterLogout: async () => ({ survives: 'perhaps', why: 'Nobody knows.' }),
      load: async (session) => this.parts(session, 'caller'),
    });
    return { code, out, error, json: () => JSON.parse(out) };
  }

  /** The parts of a call, or of a window if there is no role. */
  parts({ config, trusted, folder }: Pick<Session, 'config' | 'trusted' | 'folder'>, role?: HostRole): Parts {
    return createParts({
      ...{ createCatalog, storage: this.storage, say: () => undefined, ...(role && { role }) },
      log: (message) => void this.logged.push(message),
      trusts: (path) => trusted.has(path),
      bundle: (name) => resolve('dist', `${name}.cjs`),
      settings: () => config.settings,
      doubts: () => config.doubts,
      agentSettings: () => ({ agents: config.get('agents'), prices: config.get('prices') }),
      folders: () => (folder === undefined ? [] : [folder]),
      sharedStore: () => config.text('store'),
      storeFolder: () => '',
      storePassword: async () => undefined,
      current: () => undefined,
      tell: () => undefined,
    });
  }

  dispose(): void {
    rmSync(this.storage, { recursive: true, force: true, maxRetries: 5 });
  }
}
