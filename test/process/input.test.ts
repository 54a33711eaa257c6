import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtEnded } from '../../src/process/runFolder/recordSchemas.ts';
import { seen } from '../support/seen.ts';
import { RunHarness } from './support/runHarness.ts';

const scripts = mkdtempSync(join(tmpdir(), 'loop-supervisor-scripts-'));

/** A script that may be executed, whatever is wrong with its first line. */
function script(name: string, text: string): string {
  const path = join(scripts, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

describe('What an agent is given', () => {
  after(() => rmSync(scripts, { recursive: true }));

  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  const hostile =
    '-rf $(touch pwned) `id` "quotes" \'single\' \\ ; | & > out\n\n--flag\t€ 😀 ünïcode\r\nlast line without end';

  for (const [what, text] of [
    ['text that looks like options and shell', hostile],
    ['5 MB', `${randomBytes(1.25 * 1024 * 1024).toString('hex')}😀`.repeat(2)],
    ['nothing', ''],
  ] as const) {
    it(`R1.4 the prompt reaches standard input byte for byte, which is then closed: ${what}`, async () => {
      const { told } = harness.launch('/bin/sh', ['-c', 'cat > input; wc -c < input']);
      await told.whenEnded;
      assert.equal(told.texts[0], '0', 'without a prompt it is empty');

      const second = harness.launch('/bin/sh', ['-c', 'cat > input'], { stdin: text });
      assert.deepEqual((await second.told.whenEnded).exit, { exitCode: 0 });
      const got = readFileSync(join(harness.cwd, 'input'));
      assert.equal(got.length, Buffer.byteLength(text));
      assert.equal(hash(got), hash(text));
      assert.deepEqual(readdirSync(harness.cwd), ['input']);
    });
  }

  it('PWD names the folder of the loop, wherever we were started', async () => {
    harness.environment = { ...harness.environment, PWD: '/' };
    const { told } = harness.launch(process.execPath, ['-e', 'console.log(process.env.PWD)']);
    await told.whenEnded;
    assert.deepEqual(told.texts, [harness.cwd]);
  });

  it('R13.3 an environment that breaks Node reaches the agent, and not its guardian (B5)', async () => {
    const libraries = join(harness.folder, 'libraries');
    mkdirSync(libraries);
    for (const name of ['libstdc++.so.6', 'libgcc_s.so.1', 'libm.so.6']) writeFileSync(join(libraries, name), '');
    const env = { LD_LIBRARY_PATH: libraries, NODE_OPTIONS: '--no-such-option', PATH: '/nowhere' };
    const { told } = harness.launch('/bin/sh', ['-c', 'echo "$LD_LIBRARY_PATH $NODE_OPTIONS $PATH"'], {
      env,
    });
    assert.deepEqual((await told.whenEnded).exit, { exitCode: 0 });
    assert.deepEqual(told.texts, [`${libraries} --no-such-option /nowhere`]);
  });

  it('R1.4 a prompt of 10 MiB that nobody reads harms nobody', async () => {
    const { told } = harness.launch('/bin/true', [], { stdin: 'x'.repeat(10 * 1024 * 1024) });
    assert.deepEqual((await told.whenEnded).exit, { exitCode: 0 });
  });

  it('R1.4 the prompt goes through a file where the agent reads one, with any character in its path', async () => {
    const { told, files } = harness.launch('/bin/sh', ['-c', 'cat "$1"; echo; echo "$1"', 'sh', `\${promptFile}`], {
      promptFile: hostile,
    });
    const end = await told.whenEnded;
    assert.equal(end.exit.exitCode, 0);
    assert.equal(readFileSync(files.promptFile, 'utf8'), hostile);
    assert.equal(told.texts.at(-1), files.promptFile);
  });

  it('R1.4 arguments reach the program as they are, through no shell', async () => {
    const { told } = harness.launch(process.execPath, [
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
      hostile,
      '$HOME',
      '*',
      '',
    ]);
    await told.whenEnded;
    assert.deepEqual(JSON.parse(told.texts[0] as string), [hostile, '$HOME', '*', '']);
  });

  it('gives the agent the environment of a terminal, the variables of its plan and the marker, and nothing of the guardian', async () => {
    harness.environment = {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: '--no-warnings',
      UV_THREADPOOL_SIZE: '2',
      EMPTY: '',
      MANY: 'a=b\nc',
    };
    const { told, token } = harness.launch(process.execPath, ['-e', 'console.log(JSON.stringify(process.env))'], {
      env: { KEY: 'value', PATH: '/bin' },
    });
    await told.whenEnded;
    assert.deepEqual(JSON.parse(told.texts[0] as string), {
      PATH: '/bin',
      NODE_OPTIONS: '--no-warnings',
      UV_THREADPOOL_SIZE: '2',
      EMPTY: '',
      MANY: 'a=b\nc',
      KEY: 'value',
      LOOP_SUPERVISOR_LOOP: harness.prefix + token,
      LOOP_SUPERVISOR_ATTEMPT: token,
    });
  });

  it('the agent runs as a Node within Electron only if its plan says so', async () => {
    const script = 'echo "[$ELECTRON_RUN_AS_NODE]"';
    const without = harness.launch('/bin/sh', ['-c', script]);
    const asked = harness.launch('/bin/sh', ['-c', script], { env: { ELECTRON_RUN_AS_NODE: '1' } });
    await Promise.all([without.told.whenEnded, asked.told.whenEnded]);
    assert.deepEqual([without.told.texts, asked.told.texts], [['[]'], ['[1]']]);
  });

  it('runs in its working folder, whose name may hold anything', async () => {
    const cwd = join(harness.cwd, 'a "strange" $(name) ü');
    mkdirSync(cwd);
    const { told } = harness.launch('/bin/pwd', [], { cwd });
    await told.whenEnded;
    assert.deepEqual(told.texts, [cwd]);
  });

  it('keeps the folder of a run for its owner alone, and no environment in it', async () => {
    harness.environment = { ...harness.environment, SECRET_KEY: 'tell-nobody-4711' };
    const { told, files } = harness.launch('/bin/sh', ['-c', 'cat; echo out; echo err >&2'], {
      stdin: 'prompt',
      promptFile: 'prompt',
    });
    await told.whenEnded;
    const paths = readdirSync(files.folder, { recursive: true, withFileTypes: true }).map((entry) =>
      join(entry.parentPath, entry.name),
    );
    for (const path of [files.folder, harness.runsFolder, ...paths]) {
      const stat = statSync(path);
      assert.equal(stat.mode & 0o777, stat.isDirectory() ? 0o700 : 0o600, path);
      if (stat.isFile()) assert.ok(!readFileSync(path, 'utf8').includes('tell-nobody-4711'), path);
    }
    assert.ok(paths.includes(files.ended) && paths.includes(files.stdout) && paths.includes(files.prompt));
  });

  for (const [what, launch, expected] of [
    ['a command that is not there', { command: 'no-such-command-4711' }, /"no-such-command-4711" was not found/],
    [
      'a folder that is not there',
      { command: '/bin/true', cwd: '/no/such/folder' },
      /working folder \/no\/such\/folder is not there/,
    ],
    ['a file that is no program', { command: '/etc/passwd' }, /"\/etc\/passwd" may not be run/],
    [
      'an interpreter that is not there (E13)',
      { command: script('missing', '#!/no/such/interpreter\n') },
      /missing runs with \/no\/such\/interpreter, which is not there/,
    ],
    [
      'an interpreter that is no program (E13)',
      { command: script('noProgram', '#!/etc/passwd\n') },
      /noProgram runs with \/etc\/passwd, which may not be executed/,
    ],
    [
      'a first line that ends as on Windows (E13)',
      { command: script('crlf', '#!/bin/sh\r\nexit 0\r\n') },
      /first line of .*crlf ends as on Windows \(CRLF\)/,
    ],
    [
      'a first line with env that ends as on Windows (E13)',
      { command: script('envCrlf', '#!/usr/bin/env sh\r\nexit 0\r\n') },
      /first line of .*envCrlf ends as on Windows \(CRLF\)/,
    ],
    [
      'an interpreter that env does not find (E13)',
      { command: script('envMissing', '#!/usr/bin/env no-such-interpreter-4711\n') },
      /envMissing runs with no-such-interpreter-4711, which was not found on the PATH/,
    ],
    ['a folder', { command: '/usr/' }, /"\/usr\/" may not be run: \/usr\/ is a folder/],
    ['a folder that is a file', { command: '/bin/true', cwd: '/etc/passwd' }, /working folder \/etc\/passwd is a file/],
    ['arguments that are too long', { command: '/bin/true', args: ['x'.repeat(300_000)] }, /arguments are too long/],
  ] as const) {
    it(`R5.3 says why nothing could be started: ${what}`, async () => {
      const { command, ...more } = { args: [] as readonly string[], ...launch };
      const { told } = harness.launch(command, more.args, 'cwd' in more ? { cwd: more.cwd } : {});
      const end = await told.whenEnded;
      assert.equal(end.kind, 'spawn');
      assert.match(end.error ?? '', expected);
      // Where `env` looks for the interpreter, something was started.
      assert.deepEqual(
        told.calls.filter((call) => call !== 'started' || !what.includes('env')),
        ['ended'],
      );
    });
  }

  describe('R5.3 a start that fails for a reason that may pass is not for good', () => {
    let busy: string;
    let writer: number;

    beforeEach(function () {
      busy = join(harness.folder, 'busy');
      writeFileSync(busy, '#!/bin/sh\n', { mode: 0o755 });
      writer = openSync(busy, 'r+');
      // Linux refuses to run what is being written, but for a few versions (6.11).
      if ((spawnSync(busy).error as NodeJS.ErrnoException | undefined)?.code !== 'ETXTBSY') this.skip();
    });

    afterEach(() => closeSync(writer));

    it('of the agent', async () => {
      const end = await harness.launch(busy).told.whenEnded;
      assert.equal(end.kind, 'void');
      assert.match(end.error ?? '', /is being replaced just now/);
    });

    it('of its guardian', async () => {
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ nodePath: busy });
      const end = await harness.launch('/bin/true').told.whenEnded;
      assert.equal(end.kind, 'void');
      assert.match(end.error ?? '', /its guardian could not begin: .*ETXTBSY/);
    });
  });

  it('R5.3 a guardian that is killed before it has begun is no trouble of the machine', async () => {
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ nodePath: script('killed', '#!/bin/sh\nkill -KILL $$\n') });
    const end = await harness.launch('/bin/true').told.whenEnded;
    assert.deepEqual([end.kind, end.trouble], ['void', undefined]);
    assert.match(end.error ?? '', /ended by SIGKILL before it began/);
  });

  it('R7.2 a stop is heard while the environment is still awaited (G5)', async () => {
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ environment: () => new Promise(() => undefined) });
    for (const stop of ['stop', 'signal'] as const) {
      const { run, told, token, files } = harness.launch('/bin/sleep', ['1000']);
      if (stop === 'stop') run.stop('user', 5_000);
      else assert.equal(await run.signal('SIGKILL', 'user'), false);
      const end = await told.whenEnded;
      assert.deepEqual([end.kind, end.stoppedBy, told.calls], ['void', 'user', ['ended']]);
      // Whoever adopts it, after a crash of this window, finds the same.
      assert.equal(seen(lookAtEnded(files))?.stoppedBy, 'user');
      assert.deepEqual(harness.processesOf(token), []);
    }
  });

  it('R7.2 a stop during the preparation is final although the environment comes after it', async () => {
    const environment = Promise.withResolvers<Record<string, string>>();
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ environment: () => environment.promise });
    const { run, told, token, files } = harness.launch('/bin/sleep', ['1000']);
    run.stop('user', 5_000);
    await told.whenEnded;
    environment.resolve({});
    await new Promise(setImmediate);
    assert.equal(existsSync(files.request), false);
    assert.deepEqual(harness.processesOf(token), []);
  });

  it('a Node that does not know our flags runs the guardian without them', async () => {
    const old = join(harness.folder, 'old-node');
    writeFileSync(
      old,
      `#!/bin/sh\ncase "$1" in --*) echo "bad option: $1" >&2; exit 9;; esac\nexec '${process.execPath}' "$@"\n`,
    );
    chmodSync(old, 0o755);
    harness.launcher.dispose();
    harness.launcher = harness.newLauncher({ nodePath: old });
    const { told } = harness.launch('/bin/echo', ['hello']);
    assert.equal((await told.whenEnded).kind, 'exited');
    assert.deepEqual(told.texts, ['hello']);
  });

  for (const [what, change, expected] of [
    [
      'its program is gone (B3)',
      { guardianProgram: '/no/such/guardian.cjs' },
      /guardian\.cjs is gone.* Reload the window/,
    ],
    ['Node is gone', { nodePath: '/no/such/node' }, /node is gone.* Restart VS Code/],
    ['it crashes at once', { nodePath: script('crash', '#!/bin/sh\nkill -ABRT $$\n') }, /it crashed with SIGABRT/],
    ['it says why', { nodePath: script('says', '#!/bin/sh\necho why >&2; exit 3\n') }, /exit code 3 \(why\)/],
  ] as const) {
    it(`R13.3 a guardian that cannot begin is the machine's trouble: ${what}`, async () => {
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher(change);
      const end = await harness.launch('/bin/true').told.whenEnded;
      assert.deepEqual([end.kind, end.trouble], ['void', 'machine']);
      assert.match(end.error ?? '', expected);
      assert.match(end.error ?? '', /^The agent was not started: /);
    });
  }
});

function hash(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
