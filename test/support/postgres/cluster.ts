import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Where Debian keeps the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';
const PORT = 5432;
const START_MS = 60_000;

/** Parameters of the server that a test sets, as `name=value`. */
export interface ClusterOptions {
  readonly parameters?: readonly string[];
  /** Whether commits wait for the disk: off unless a figure depends on it. */
  readonly durable?: boolean;
}

/** The folder with `postgres` and `initdb`: the newest version of Debian's, or one on the PATH. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find(
    (folder) => folder !== '' && ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))),
  );
}

/** A PostgreSQL server of its own in a temporary folder, which only a Unix socket leads to. It is gone with `stop`. */
export class Cluster {
  readonly folder: string;
  readonly #programs: string;
  readonly #data: string;
  readonly #options: ClusterOptions;
  #server: ChildProcess | undefined;
  #schemas = 0;
  readonly #kill = () => void this.#server?.kill('SIGKILL');

  private constructor(programs: string, options: ClusterOptions) {
    this.#programs = programs;
    this.#options = options;
    // Sockets have short paths.
    this.folder = mkdtempSync(join(tmpdir(), 'pg-'));
    this.#data = join(this.folder, 'data');
  }

  /** Makes and starts a server; undefined where PostgreSQL is not installed. */
  static async start(options: ClusterOptions = {}): Promise<Cluster | undefined> {
    const programs = postgresPrograms();
    if (programs === undefined) return undefined;
    const cluster = new Cluster(programs, options);
    const { uid, gid } = owner();
    if (uid !== undefined && gid !== undefined) chownSync(cluster.folder, uid, gid);
    mkdirSync(cluster.#data, { mode: 0o700 });
    if (uid !== undefined && gid !== undefined) chownSync(cluster.#data, uid, gid);
    const settings = ['-A', 'trust', '-U', 'tester', '-E', 'UTF8', '--no-locale', '-N'];
    execFileSync(join(programs, 'initdb'), ['-D', cluster.#data, ...settings], { ...owner(), cwd: '/', stdio: 'pipe' });
    // One role must give its password; all others are trusted.
    const access = join(cluster.#data, 'pg_hba.conf');
    writeFileSync(access, `local all locked scram-sha-256\n${readFileSync(access, 'utf8')}`);
    process.once('exit', cluster.#kill);
    await cluster.begin();
    return cluster;
  }

  /** The address of a schema that no other call has returned. */
  address(parameters = '', user = 'tester'): string {
    return `postgres://${user}@localhost/postgres?host=${encodeURIComponent(this.folder)}&schema=s${++this.#schemas}${parameters}`;
  }

  get pid(): number {
    if (this.#server?.pid === undefined) throw new Error('The server does not run.');
    return this.#server.pid;
  }

  /** Starts the server and waits until it answers. */
  async begin(): Promise<void> {
    const { durable = false, parameters = [] } = this.#options;
    const set = [
      ...['listen_addresses=', `unix_socket_directories=${this.folder}`, `fsync=${durable ? 'on' : 'off'}`],
      ...['logging_collector=off', 'log_min_messages=fatal', 'max_wal_size=128MB', ...parameters],
    ].flatMap((parameter) => ['-c', parameter]);
    const program = join(this.#programs, 'postgres');
    this.#server = spawn(program, ['-D', this.#data, '-p', String(PORT), ...set], {
      ...owner(),
      cwd: '/',
      stdio: 'ignore',
    });
    const deadline = performance.now() + START_MS;
    for (;;) {
      try {
        await this.sql('SELECT 1');
        return;
      } catch (error) {
        if (performance.now() > deadline || this.#server.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  /** Ends the server: `immediate` as in a crash, `fast` in order. */
  async end(mode: 'immediate' | 'fast' = 'immediate'): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(mode === 'immediate' ? 'SIGQUIT' : 'SIGINT');
    await ended;
  }

  /** Starts it again as a replica that follows nobody: it answers queries and takes no writes. Or as what it was. */
  async becomeReplica(isReplica: boolean): Promise<void> {
    await this.end('fast');
    const file = join(this.#data, 'standby.signal');
    if (isReplica) {
      writeFileSync(file, '');
      const { uid, gid } = owner();
      if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
    } else rmSync(file, { force: true });
    await this.begin();
  }

  /** From now on writes to that schema find no room on the disk, as the server says it; or they do again. */
  async fullDisk(isFull: boolean, schema: string): Promise<void> {
    const refusing = `CREATE OR REPLACE FUNCTION ${schema}.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file "base/1": No space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER no_room BEFORE INSERT ON ${schema}.changes FOR EACH ROW EXECUTE FUNCTION ${schema}.no_room()`;
    await this.sql(isFull ? refusing : `DROP TRIGGER no_room ON ${schema}.changes`);
  }

  /** Locks the database against writes for sessions that begin from now on, or unlocks it. */
  async lockNew(isLocked: boolean): Promise<void> {
    const name = 'default_transaction_read_only';
    const change = isLocked ? `SET ${name} = on` : `RESET ${name}`;
    await this.sql(`BEGIN READ WRITE; ALTER DATABASE postgres ${change}; COMMIT`);
  }

  /** Locks the database against writes, as providers do where its disk is full, for all sessions; or unlocks it. */
  async lock(isLocked: boolean): Promise<void> {
    await this.lockNew(isLocked);
    await this.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isLocked} AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'`);
  }

  /** Stops all of its processes in their steps, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of [...this.#backends(), this.pid]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended.
      }
    }
  }

  /** Runs SQL behind the stores' backs. */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: this.folder, port: PORT, user: 'tester', database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    try {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
      const [last] = Array.isArray(result) ? result.slice(-1) : [result];
      return (last as pg.QueryResult).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    if (this.#server?.exitCode === null && this.#server.signalCode === null) this.signal('SIGCONT');
    await this.end();
    process.removeListener('exit', this.#kill);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #backends(): number[] {
    try {
      const children = execFileSync('pgrep', ['-P', String(this.pid)], { encoding: 'utf8' });
      return children.trim().split('\n').map(Number);
    } catch {
      return [];
    }
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package makes, or as nobody. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' })));
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // There is no such user.
    }
  }
  return {};
}
