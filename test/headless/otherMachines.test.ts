import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetchSchema, showSchema } from '../../src/cli/schemas.ts';
import { installed } from '../support/installed.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { until } from '../support/until.ts';

/** Two machines with a storage folder and a clone each, the programs that ship, PostgreSQL and Git for real. */
describe('two machines as they ship', () => {
  const cluster = sharedCluster();
  let home: string;
  let address: string;
  let host: ChildProcess | undefined;

  before(async function () {
    if (!(await cluster())) this.skip();
  });
  beforeEach(async () => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-two-')));
    address = (await cluster())?.address() ?? '';
    host = undefined;
    git(home, 'init', '--quiet', '--initial-branch=main', 'laptop');
    writeFileSync(join(home, 'laptop', 'a.txt'), 'one\n');
    git(join(home, 'laptop'), 'add', '--all');
    git(join(home, 'laptop'), 'commit', '--quiet', '-m', 'One');
    git(home, 'clone', '--quiet', '--bare', 'laptop', 'hub.git');
    git(home, 'clone', '--quiet', 'hub.git', 'server');
    git(join(home, 'laptop'), 'remote', 'add', 'origin', join(home, 'hub.git'));
    git(join(home, 'laptop'), 'fetch', '--quiet', 'origin');
  });
  afterEach(async () => {
    host?.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8' }).trim();

  /** The storage folder of a machine, with its settings. */
  function storageOf(machine: string, settings: object): string {
    const storage = join(home, `storage of ${machine}`);
    mkdirSync(storage, { mode: 0o700 });
    const waits = `while [ ! -e '${join(home, 'go')}' ]; do sleep 0.1; done; echo more`;
    const work = `cat > done.txt; git add -A; git commit -qm Done; echo said; echo oops >&2; ${waits}`;
    const agents = { worker: { command: 'sh', args: ['-c', work] } };
    const common = { store: address, defaultAgent: 'worker', agents };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify({ ...common, ...settings }));
    return storage;
  }

  /** Calls `loops`, again where a busy server did not let it in. */
  async function loops(storage: string, ...args: string[]) {
    return until(`loops ${args[0]} to reach the store`, async () => {
      const result = await call(storage, args);
      return result.code === 1 ? undefined : result;
    });
  }

  async function call(storage: string, args: readonly string[]) {
    const program = join(await installed(), 'dist/loops.cjs');
    const env = { ...process.env, LOOP_SUPERVISOR_STORAGE: storage };
    const done = promisify(execFile)(process.execPath, [program, ...args], { cwd: join(home, 'laptop'), env });
    const { stdout, stderr } = await done.catch((error) => error as { stdout: string; stderr: string });
    return { code: done.child.exitCode ?? -1, out: stdout, error: stderr };
  }

  /** Follows the output of the loop `a`. */
  function follow(storage: string, installed: string) {
    const env = { ...process.env, LOOP_SUPERVISOR_STORAGE: storage };
    const program = join(installed, 'dist/loops.cjs');
    const following = spawn(process.execPath, [program, 'logs', '-f', '--raw', 'a'], {
      ...{ env, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    let said = '';
    following.stdout?.on('data', (text) => (said += text));
    const ended = new Promise<number | null>((resolve) => following.on('close', (code) => resolve(code)));
    return { process: following, ended, said: () => said };
  }

  /** Starts the host of the server, and submits the loop `a` for it once it takes loops. */
  async function submitThere(laptop: string, server: string) {
    const author = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'a@example.com' };
    const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'a@example.com' };
    const program = join(await installed(), 'dist/host.cjs');
    const start = () =>
      spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, server], {
        ...{ stdio: 'ignore' as const, env: { ...process.env, ...author, ...committer } },
      });
    await until('the server to take loops', async () => {
      // One that a busy server did not let in has ended.
      if (!host || host.exitCode !== null) host = start();
      const submitted = await loops(laptop, 'submit', '--trust', '--machine', 'any', '--id', 'a', 'Write it down');
      if (submitted.code !== 0) assert.match(submitted.error, /finds none that takes loops of this repository/);
      return submitted.code === 0;
    });
  }

  /** Ends the host of the server. */
  async function goOffline() {
    const over = new Promise((resolve) => host?.on('exit', resolve));
    host?.kill('SIGTERM');
    await over;
  }

  it('R16.4 R16.7 R16.8 what is submitted on one is done in a clone on the other, from the pushed commit, and comes home', async () => {
    const laptop = storageOf('laptop', { background: 'off' });
    const server = storageOf('server', { background: 'always', repositories: [join(home, 'server')] });
    await submitThere(laptop, server);
    // What it says is shown here while it runs there, until it ends.
    const folder = await installed();
    let follows = follow(laptop, folder);
    await until('what it has said to come', () => {
      // A busy server may not let it in.
      if (follows.process.exitCode !== null) follows = follow(laptop, folder);
      return follows.said().includes('said\n');
    });
    writeFileSync(join(home, 'go'), '');
    assert.deepEqual([await follows.ended, follows.said()], [0, 'said\nmore\n']);
    const { code, error } = await loops(laptop, 'wait', 'a');
    assert.equal(code, 0, error);
    const branch = git(join(home, 'server'), 'branch', '--list', '--format=%(refname:short)', 'loops/*');
    assert.match(branch, /^loops\/write-it-down-a/);
    assert.equal(git(join(home, 'server'), 'show', `${branch}:done.txt`), 'Write it down');
    const show = async () => showSchema.parse(JSON.parse((await loops(laptop, 'show', 'a', '--json')).out));
    const shown = await show();
    assert.ok(shown.cwd.startsWith(server), shown.cwd);
    assert.equal(typeof shown.machine, 'string');
    assert.equal(readFileSync(shown.attemptList[0]?.log ?? '', 'utf8'), 'said\nmore\n', 'the copy here');
    const logs = await loops(laptop, 'logs', 'a');
    assert.deepEqual([logs.code, logs.out], [0, 'said\nmore\n'], logs.error);
    assert.equal((await loops(laptop, 'logs', '--stderr', 'a')).out, 'oops\n');
    assert.equal((await loops(server, 'logs', 'a')).out, logs.out);
    const atHome = (...args: string[]) => git(join(home, 'laptop'), ...args);
    assert.equal(atHome('branch', '--list', 'loops/*'), '');

    // Its work comes home: fetched through the store, as a branch here, and merged as any other.
    const before = atHome('rev-parse', 'HEAD');
    const fetched = await loops(laptop, 'fetch', 'a');
    assert.deepEqual([fetched.code, fetched.out.trim()], [0, branch], fetched.error);
    assert.deepEqual([atHome('rev-parse', 'HEAD'), atHome('status', '--porcelain')], [before, '']);
    assert.equal(atHome('show', `${branch}:done.txt`), 'Write it down');
    const again = fetchSchema.parse(JSON.parse((await loops(laptop, 'fetch', 'a', '--json')).out));
    assert.ok(again.path.startsWith(laptop), again.path);
    atHome('merge', '--quiet', '--no-edit', branch);
    assert.equal(atHome('show', 'HEAD:done.txt'), 'Write it down');

    // What has come stays here; of what has not, it says where that is.
    await goOffline();
    assert.equal((await loops(laptop, 'logs', 'a')).out, logs.out);
    rmSync(join(laptop, 'copies'), { recursive: true });
    assert.equal((await show()).attemptList[0]?.log, undefined);
    await until('the server to be offline', async () => {
      const { code, out, error } = await call(laptop, ['logs', 'a']);
      return (
        `${code}${out}` === '1' && /which (is offline|does not answer): its output is there\. Try again/.test(error)
      );
    });
  });

  it('R16.9 the branch is pushed to the remote that its machine names, and fetched from there while that is offline', async () => {
    const laptop = storageOf('laptop', { background: 'off' });
    const repositories = [join(home, 'server')];
    const server = storageOf('server', { background: 'always', repositories, pushResultsTo: 'origin' });
    writeFileSync(join(home, 'go'), '');
    await submitThere(laptop, server);
    await until('its branch to be pushed', async () =>
      /its branch loops\/\S+ was pushed to origin/.test((await loops(laptop, 'show', 'a', '--json')).out),
    );
    await goOffline();
    const branch = git(join(home, 'hub.git'), 'branch', '--list', '--format=%(refname:short)', 'loops/*');
    const fetched = await until('the work to be fetched', async () => {
      const result = await loops(laptop, 'fetch', 'a');
      return result.code === 0 && result;
    });
    assert.equal(fetched.out.trim(), branch, fetched.error);
    assert.equal(git(join(home, 'laptop'), 'show', `${branch}:done.txt`), 'Write it down');
  });
});
