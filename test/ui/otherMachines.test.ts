import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { oneLine } from '../../src/ui/text/safeText.ts';
import { ROOT } from '../support/host/paths.ts';
import { useWorkbench } from '../support/host/useWorkbench.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { until } from '../support/until.ts';

/** What people call this machine, which both are. */
const NAME = oneLine(hostname(), 40);
const AUTHOR = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'a@example.com' };
const COMMITTER = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'a@example.com' };
/** Leaves a file, and is done when the test says so or is over: `$0` is its folder. */
const WORK = 'cat > done.txt; while [ -d "$0" ] && [ ! -e "$0/go" ]; do sleep 0.1; done';

describe('another machine of a shared store, in the workbench', () => {
  const cluster = sharedCluster();
  let address = '';
  let home: string;
  let machine: ChildProcess | undefined;
  const env = { ...process.env, ...AUTHOR, ...COMMITTER };
  const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trim();
  const agents = () => ({ worker: { command: 'sh', args: ['-c', WORK, home] } });

  before('start PostgreSQL, and a machine without windows that has opted in and has a clone', async function () {
    const started = await cluster();
    if (!started) return this.skip();
    address = started.address();
    home = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-machines-')));
    git(home, 'init', '--quiet', '--bare', '--initial-branch=main', 'hub.git');
    git(home, 'init', '--quiet', '--initial-branch=main', 'clone');
    git(join(home, 'clone'), 'remote', 'add', 'origin', join(home, 'hub.git'));
    writeFileSync(join(home, 'clone', 'a.txt'), 'one\n');
    git(join(home, 'clone'), 'add', '--all');
    git(join(home, 'clone'), 'commit', '--quiet', '-m', 'One');
    git(join(home, 'clone'), 'push', '--quiet', 'origin', 'HEAD:main');
    const storage = join(home, 'storage');
    mkdirSync(storage, { mode: 0o700 });
    const settings = { store: address, agents: agents(), background: 'always', repositories: [join(home, 'clone')] };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify(settings));
    const program = join(ROOT, 'dist', 'host.cjs');
    const { schema } = parseAddress(address);
    await until('the other machine to take loops', async () => {
      // One that a busy server did not let in has ended.
      if (!machine || machine.exitCode !== null)
        machine = spawn(process.execPath, [program, storage], { stdio: 'ignore', env });
      const rows = await started.sql(`SELECT machines FROM ${schema}.head`).catch(() => []);
      return String(rows[0]?.['machines']).includes('"takes"');
    });
  });
  const host = useWorkbench({
    get settings() {
      return {
        ...{ 'loopSupervisor.store': address, 'loopSupervisor.agents': agents() },
        ...{ 'loopSupervisor.defaultAgent': 'worker', 'loopSupervisor.background': 'off' },
      };
    },
  });
  after('end the other machine', async () => {
    machine?.kill('SIGKILL');
    await until('its end', () => !machine || machine.exitCode !== null || machine.signalCode !== null);
    if (home) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  it('R16.4 Submit to Another Machine… has it run the loop, which stands under its machine', async () => {
    const { window } = host;
    git(host.workspace, 'clone', '--quiet', join(home, 'hub.git'), '.');
    await window.tree.show();
    await window.command('Submit to Another Machine…');
    await window.input.answer('The text for the agent', 'Write it down');
    await window.input.asked('The machine to run it');
    await until('any machine, and the other one', async () => {
      assert.deepEqual(await window.input.said(), {
        'Any Machine': 'The one with the least to do, this one too if it takes such loops',
        [NAME]: join(home, 'hub'),
      });
      return true;
    });
    await window.screenshot('pick-machine');
    await window.input.pick(/Any Machine/);
    await until('the loop to run under its machine', async () =>
      (await window.tree.rows()).some(
        ([, description, ...loops]) =>
          description === `on ${NAME} · 1 running` && JSON.stringify(loops).includes('Write it down'),
      ),
    );
    await window.screenshot('on-another-machine');
    writeFileSync(join(home, 'go'), '');
    await window.tree.becomes(/^Write it down/, 'completed');
    const branch = git(join(home, 'clone'), 'branch', '--list', '--format=%(refname:short)', 'loops/*');
    assert.match(branch, /^loops\/write-it-down/);
    assert.equal(git(host.workspace, 'branch', '--list', 'loops/*'), '', 'it worked there, and not here');
  });
});
