import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as TcpServer } from 'node:net';
import { dirname, join } from 'node:path';
import { until } from '../until.ts';
import { freshFolder, OUT } from './paths.ts';
import { alive, carrying, childrenOf, environmentOf, type Seen, signal } from './processes.ts';
import { type EditionName, provisionServer, type ServerProgram } from './provisionServer.ts';
import { overwrite, QUIET, QUIET_MACHINE } from './quietSettings.ts';

const MARK = 'LOOP_TEST_HOST';
/** What begins the variables that the extension gives to agents, and they to their children. */
const AGENT_MARK = 'LOOP_SUPERVISOR_LOOP=';
const GUARDIAN = /[\\/](guardian|host)\.cjs /;

/** A server that takes longer (ms) to stop is killed. */
const STOPS_MS = 5_000;

export interface ServerOptions {
  /** Of the user and of the machine alike, on top of a quiet workbench. */
  readonly settings?: Record<string, unknown>;
  /** Keeps its data there, settings included, for the next time; a fresh folder that goes at the end if left out. */
  readonly dataDir?: string;
  /** Where extensions are installed; a fresh empty folder if left out. */
  readonly extensionsDir?: string;
  /** Windows may load an extension under development. Without it they show what a user sees. */
  readonly develop?: boolean;
  /** Leaves Workspace Trust on, so that folders open in Restricted Mode. */
  readonly trust?: boolean;
  /** What the browser has to bring; without one the server is open to whoever reaches the loopback. */
  readonly token?: string;
  /** How long a host waits for a window that is gone, in seconds. */
  readonly reconnectionGraceSeconds?: number;
  readonly env?: Record<string, string>;
  /** Which VS Code; the current one if left out. */
  readonly edition?: EditionName;
  /** Hears what has to be fetched first. */
  readonly log?: (line: string) => void;
}

/** A real VS Code server of our own on a free loopback port, with data of its own. */
export class Server {
  readonly port: number;
  readonly dataDir: string;
  /** What its process writes. */
  readonly log: string;
  readonly #mark = randomUUID();
  readonly #options: ServerOptions;
  readonly #quit = (): void => void this.#child.kill('SIGKILL');
  #child: ChildProcess;
  #ended: Promise<unknown>;
  /** Keeps its port while there is no process. */
  #place: TcpServer | undefined;

  private constructor(port: number, dataDir: string, options: ServerOptions, program: ServerProgram) {
    this.port = port;
    this.dataDir = dataDir;
    this.log = join(OUT, `server-${port}.log`);
    this.#options = options;
    this.#child = this.#spawn(program, 'w');
    this.#ended = once(this.#child, 'exit');
    process.once('exit', this.#quit);
  }

  /** Settles when the server's process is gone. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const program = await provisionServer(options.log, options.edition);
    const port = await freePort();
    const dataDir = options.dataDir ?? freshFolder('server');
    mkdirSync(dataDir, { recursive: true });
    const server = new Server(port, dataDir, options, program);
    if (options.settings || !existsSync(server.#settingsFile('User'))) server.writeSettings(options.settings ?? {});
    await server.#answers();
    return server;
  }

  /**
   * Kills it and the extension hosts of all windows at once, as a crash does, and resolves when they are gone. What
   * these have started goes on.
   */
  async crash(): Promise<void> {
    const children = childrenOf(this.#child.pid!);
    this.#child.kill('SIGKILL');
    for (const seen of children) signal(seen, 'SIGKILL');
    await this.#ended;
    await until('the extension hosts to be gone', () => !children.some(alive));
    this.#place = createServer((socket) => socket.destroy()).listen(this.port, '127.0.0.1');
    await once(this.#place, 'listening');
  }

  /** Starts it again after a crash, at the same address and on the same data. */
  async startAgain(): Promise<void> {
    const program = await provisionServer(this.#options.log, this.#options.edition);
    this.#place?.close();
    this.#place = undefined;
    this.#child = this.#spawn(program, 'a');
    this.#ended = once(this.#child, 'exit');
    await this.#answers();
  }

  /** `flags`: whether its log begins anew. */
  #spawn({ node, main }: ServerProgram, flags: 'w' | 'a'): ChildProcess {
    const { extensionsDir, token, develop, trust, reconnectionGraceSeconds, env } = this.#options;
    const args = [
      ...['--host', '127.0.0.1', '--port', String(this.port)],
      ...(token ? ['--connection-token-file', tokenFile(this.dataDir, token)] : ['--without-connection-token']),
      ...['--accept-server-license-terms', '--telemetry-level', 'off'],
      // Lets a window say in its address what to develop or test; notifications then stay in their centre.
      ...(develop ? ['--enable-smoke-test-driver'] : []),
      ...['--server-data-dir', this.dataDir, '--extensions-dir', extensionsDir ?? join(this.dataDir, 'extensions')],
      ...(trust ? [] : ['--disable-workspace-trust']),
      ...(reconnectionGraceSeconds === undefined
        ? []
        : ['--reconnection-grace-time', String(reconnectionGraceSeconds)]),
    ];
    const child = spawn(node, [main, ...args], {
      env: { ...cleanEnvironment(), [MARK]: this.#mark, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    mkdirSync(OUT, { recursive: true });
    const log = createWriteStream(this.log, { flags });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }

  /** Waits until its process answers; one that ends instead is stopped, and told. */
  async #answers(): Promise<void> {
    const child = this.#child;
    try {
      await until('the VS Code server to answer', async () => {
        if (child.exitCode !== null) return true;
        return (await fetch(`${this.origin}/version`)).ok;
      });
      if (child.exitCode !== null) throw new Error(`The VS Code server ended with ${child.exitCode}; see ${this.log}.`);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where the extension keeps its state. */
  get globalStorage(): string {
    return join(this.dataDir, 'data/User/globalStorage/loopsupervisor.loop-supervisor');
  }

  /**
   * The address of a window on `folder`, where `develop` is the extension under development, if any, and `tests` a
   * bundled program that runs inside its extension host.
   */
  url(folder: string, { develop, tests }: { develop?: string; tests?: string } = {}): string {
    const remote = (path: string) => `vscode-remote://127.0.0.1:${this.port}${path}`;
    const payload = [
      ...(develop ? [['extensionDevelopmentPath', remote(develop)]] : []),
      ...(tests ? [['extensionTestsPath', remote(tests)]] : []),
    ];
    const query = new URLSearchParams({ folder });
    if (payload.length > 0) query.set('payload', JSON.stringify(payload));
    if (this.#options.token) query.set('tkn', this.#options.token);
    return `${this.origin}/?${query}`;
  }

  /**
   * Replaces the settings, as by a hand in settings.json; a running window follows. `ofUser`: those that are of the
   * user alone.
   */
  writeSettings(settings: Record<string, unknown>, ofUser: Record<string, unknown> = {}): void {
    const ofMachine = { ...QUIET_MACHINE, ...settings };
    for (const [scope, content] of Object.entries({ User: { ...QUIET, ...settings, ...ofUser }, Machine: ofMachine })) {
      const file = this.#settingsFile(scope);
      mkdirSync(dirname(file), { recursive: true });
      overwrite(file, JSON.stringify(content, undefined, 2));
    }
  }

  readSettings(scope: 'User' | 'Machine' = 'Machine'): Record<string, unknown> {
    return JSON.parse(readFileSync(this.#settingsFile(scope), 'utf8')) as Record<string, unknown>;
  }

  /** The extension hosts, one for each window. */
  hosts(): Seen[] {
    return childrenOf(this.#child.pid!).filter(({ command }) => command.includes('--type=extensionHost'));
  }

  /**
   * The guardians, headless hosts, agents and agents' children that its windows have started, told by what the
   * extension marks them with. What VS Code starts by itself, such as its look for open ports, is none of them,
   * whatever it runs.
   */
  started(): Seen[] {
    return carrying(MARK, this.#mark).filter(
      ({ pid, command }) => GUARDIAN.test(command) || environmentOf(pid).some((entry) => entry.startsWith(AGENT_MARK)),
    );
  }

  /**
   * Makes it as if it were new, for other users: its windows must be closed. Its hosts and all that they started are
   * ended.
   */
  async forget(): Promise<void> {
    await until('all that the windows had to be gone', () => {
      const left = [...this.hosts(), ...this.started()];
      for (const seen of left) signal(seen, 'SIGKILL');
      return left.length === 0;
    });
    for (const name of ['globalStorage', 'workspaceStorage', 'History'])
      rmSync(join(this.dataDir, 'data/User', name), { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the server and all that it has started, and removes its data. */
  async stop(): Promise<void> {
    process.off('exit', this.#quit);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      const late = setTimeout(() => this.#child.kill('SIGKILL'), STOPS_MS);
      await this.#ended;
      clearTimeout(late);
    }
    this.#place?.close();
    await until('all that the server started to be gone', () => {
      const left = carrying(MARK, this.#mark).filter(alive);
      for (const seen of left) signal(seen, 'SIGKILL');
      return left.length === 0;
    });
    if (!this.#options.dataDir) rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  #settingsFile(scope: string): string {
    return join(this.dataDir, 'data', scope, 'settings.json');
  }
}

/** A token on the command line could be read by every user of the machine. */
function tokenFile(folder: string, token: string): string {
  const file = join(folder, 'connection-token');
  writeFileSync(file, token, { mode: 0o600 });
  return file;
}

/** Our environment without what an editor or a package manager around us has put in. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS$)/i.test(name)),
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}
