import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askProgram, findProgram } from '../../src/process/environment/programCheck.ts';
import { cleanEnvironment, terminalEnvironment } from '../../src/process/environment/shellEnvironment.ts';
import { shellArguments } from '../../src/process/environment/shellQuestion.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createResourceSampler } from '../../src/process/tables/resources.ts';
import { seen } from '../support/seen.ts';
import { until } from '../support/until.ts';
import { kill, lives } from './support/runHarness.ts';

/** Leaves a program running in a session of its own; its pid goes to the file that follows. */
const LEFT_RUNNING = `setsid -f /bin/sh -c 'echo $$ > "$0"; exec sleep 1000'`;

describe('The surroundings of agents', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-surroundings-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A shell that puts `answer` between the marks that it is asked to print. */
  function fakeAnswer(answer: string): string {
    const marks = `printf '%s' "$4" | grep -o '"[0-9a-f]*"' | tr -d '"\n'`;
    return `#!/bin/sh\nm=$(${marks})\nprintf '%.32s%s%s' "$m" '${answer}' "$(printf '%s' "$m" | cut -c33-64)"\n`;
  }

  function script(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  describe('the environment of a terminal', () => {
    const logged: string[] = [];
    const options = { nodePath: process.execPath, log: (message: string) => logged.push(message) };

    beforeEach(() => {
      logged.length = 0;
    });

    it('is what the login shell says, asked once, without what VS Code adds', async () => {
      const shell = script(
        'shell',
        `#!/bin/sh
echo asked >> "${folder}/asked"
echo "Welcome {\\"to\\": 1}"
export PATH="/from/profile:$PATH" NODE_OPTIONS=--no-warnings MULTI='a
b=c' VSCODE_FROM_PROFILE=1
shift 2
exec /bin/sh "$@"
`,
      );
      const environment = {
        PATH: '/bin:/usr/bin',
        HOME: '/root',
        ELECTRON_RUN_AS_NODE: '1',
        VSCODE_PID: '5',
        NODE_OPTIONS: '--inspect',
        LOOP_SUPERVISOR_LOOP: 'x',
        KEEP: 'me',
        SHLVL: '1',
      };
      const ask = terminalEnvironment({ ...options, shell, environment });
      const [one, two] = await Promise.all([ask(), ask()]);
      assert.deepEqual(one, {
        PATH: '/from/profile:/bin:/usr/bin',
        HOME: '/root',
        NODE_OPTIONS: '--no-warnings',
        MULTI: 'a\nb=c',
        KEEP: 'me',
        SHLVL: '1',
      });
      assert.equal(one, two);
      await ask();
      assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), 'asked\n');
      assert.deepEqual(logged, []);
    });

    it('is that of a real bash, with its profile', async function () {
      writeFileSync(join(folder, '.bash_profile'), 'export FROM_PROFILE="it is $0 \'quoted\'"\n');
      const bash = findProgram('bash', { PATH: process.env['PATH'] ?? '' });
      if (!bash) this.skip();
      const answer = await terminalEnvironment({
        ...options,
        shell: bash,
        environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
      })();
      assert.match(answer['FROM_PROFILE'] ?? '', /^it is .*bash 'quoted'$/);
      assert.deepEqual(logged, []);
    });

    it('is that of the editor where the shell hangs, and all that the shell started is ended', async () => {
      const shell = script(
        'shell',
        `#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho $! > "${folder}/pid"\nwait\nsleep 1000\n`,
      );
      const answer = await terminalEnvironment({
        ...options,
        shell,
        environment: { PATH: '/bin:/usr/bin', VSCODE_X: '1' },
        timeoutMs: 300,
      })();
      assert.deepEqual(answer, { PATH: '/bin:/usr/bin' });
      assert.match(logged[0] ?? '', /did not print its environment/);
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
      await until('its child to be gone', () => !lives(pid));
    });

    it('is there though the system knows nothing of the user', async () => {
      const { userInfo, homedir } = os;
      const nobody = () => {
        throw new Error('uv_os_get_passwd returned ENOENT');
      };
      Object.assign(os, { userInfo: nobody, homedir: nobody });
      syncBuiltinESMExports();
      try {
        assert.equal(
          (await terminalEnvironment({ ...options, environment: { PATH: '/bin:/usr/bin', A: '1' } })())['A'],
          '1',
        );
        assert.deepEqual(logged, []);
      } finally {
        Object.assign(os, { userInfo, homedir });
        syncBuiltinESMExports();
      }
    });

    for (const [what, text] of [
      ['fails', '#!/bin/sh\nexit 3\n'],
      ['says nothing', '#!/bin/sh\nexit 0\n'],
      ['says nonsense', fakeAnswer('{')],
      ['says a text', fakeAnswer('"PATH=/evil"')],
      ['says a list', fakeAnswer('["PATH"]')],
      ['says what is no text', fakeAnswer('{"PATH":1}')],
    ] as const) {
      it(`is that of the editor where the shell ${what}`, async () => {
        assert.deepEqual(
          await terminalEnvironment({ ...options, shell: script('shell', text), environment: { A: '1' } })(),
          { A: '1' },
        );
        assert.equal(logged.length, 1);
      });
    }

    it('is what stands between the marks', async () => {
      const shell = script('shell', fakeAnswer('{"A":"2"}'));
      const environment = { PATH: process.env['PATH'] ?? '' };
      assert.equal((await terminalEnvironment({ ...options, shell, environment })())['A'], '2');
    });

    it('is there at once though a profile leaves something running that holds its output (G5)', async () => {
      const shell = script('shell', `#!/bin/sh\n${LEFT_RUNNING} "${folder}/pid"\nA=1; export A\nexec /bin/sh "$@"\n`);
      const begun = performance.now();
      const environment = { PATH: process.env['PATH'] ?? '' };
      try {
        assert.equal((await terminalEnvironment({ ...options, shell, environment, timeoutMs: 60_000 })())['A'], '1');
        assert.ok(performance.now() - begun < 30_000);
      } finally {
        kill(await until('its pid', () => Number(readFileSync(join(folder, 'pid'), 'utf8'))));
      }
    });

    it('is that of the editor, in time, where a hanging profile left something that holds its output (G5)', async () => {
      const shell = script('shell', `#!/bin/sh\n${LEFT_RUNNING} "${folder}/pid"\nexec sleep 1000\n`);
      const environment = { PATH: process.env['PATH'] ?? '', A: '1' };
      try {
        const answer = await terminalEnvironment({ ...options, shell, environment, timeoutMs: 500 })();
        assert.deepEqual(answer, environment);
        assert.match(logged[0] ?? '', /did not print its environment/);
      } finally {
        kill(await until('its pid', () => Number(readFileSync(join(folder, 'pid'), 'utf8'))));
      }
    });

    for (const [what, profile] of [
      ['prints each command in a DEBUG trap', `trap 'echo "$BASH_COMMAND"' DEBUG`],
      ['traces its commands to standard output', 'BASH_XTRACEFD=1; set -x'],
      ['greets before and after', `echo '{"PATH":"/evil"}'; trap 'echo bye' EXIT`],
    ] as const) {
      it(`is what the shell has, where its profile ${what} (G6)`, async function () {
        const bash = findProgram('bash', { PATH: process.env['PATH'] ?? '' });
        if (!bash) this.skip();
        writeFileSync(join(folder, '.bash_profile'), `export PATH="/from/profile:$PATH"\n${profile}\n`);
        const environment = { PATH: process.env['PATH'] ?? '', HOME: folder };
        const answer = await terminalEnvironment({ ...options, shell: bash, environment })();
        assert.deepEqual({ ...answer, PATH: answer['PATH']?.split(':')[0] }, { ...environment, PATH: '/from/profile' });
        assert.deepEqual(logged, []);
      });
    }

    it('is asked for again after a while where the shell did not answer', async () => {
      const shell = script(
        'shell',
        `#!/bin/sh\n[ -e "${folder}/ready" ] || exit 3\nA=1; export A\nexec /bin/sh "$@"\n`,
      );
      const environment = terminalEnvironment({
        ...options,
        shell,
        environment: { PATH: '/bin:/usr/bin' },
        againMs: 1,
      });
      assert.equal((await environment())['A'], undefined);
      writeFileSync(join(folder, 'ready'), '');
      await until('the shell to be asked again', async () => (await environment())['A'] === '1');
      const asked = environment();
      assert.equal(environment(), asked);
    });

    it('R7.4 has no marker of another run in it', () => {
      assert.deepEqual(
        cleanEnvironment({
          A: '1',
          B: undefined,
          LOOP_SUPERVISOR_ATTEMPT: 'x',
          LOOP_SUPERVISOR_KEEP: '1',
          VSCODE_IPC_HOOK: 'x',
          ELECTRON_NO_ASAR: '1',
          NODE_OPTIONS: 'x',
          NODE_PATH: 'y',
        }),
        { A: '1', NODE_PATH: 'y' },
      );
    });

    it('asks each kind of shell in its own way', () => {
      const command = `'/a b/it'\\''s/node' -e 'M'`;
      assert.deepEqual(shellArguments('/bin/zsh', "/a b/it's/node", 'M'), ['-i', '-l', '-c', command]);
      assert.deepEqual(shellArguments('/bin/tcsh', "/a b/it's/node", 'M'), ['-ic', command]);
      assert.equal(shellArguments('/usr/bin/pwsh', '/n', 'M')[0], '-Login');
      assert.deepEqual(shellArguments('/usr/bin/nu', '/n', 'M').slice(0, 3), ['-i', '-l', '-c']);
    });
  });

  describe('a program', () => {
    it('is found on the PATH that it will be started with', () => {
      mkdirSync(join(folder, 'a'));
      mkdirSync(join(folder, 'b', 'agent'), { recursive: true });
      mkdirSync(join(folder, 'c'));
      writeFileSync(join(folder, 'a', 'agent'), 'no program');
      const path = script('c/agent', '#!/bin/sh\n');
      const PATH = ['a', 'b', 'c'].map((name) => join(folder, name)).join(':');
      assert.equal(findProgram('agent', { PATH }), path);
      assert.equal(findProgram(path, {}), path);
      assert.equal(findProgram('c/agent', {}, folder), path);
      assert.equal(findProgram('other', { PATH }), undefined);
      assert.equal(findProgram(join(folder, 'a', 'agent'), { PATH }), undefined);
    });

    it('says its version, through no shell and with a closed standard input', async () => {
      const path = script('agent', '#!/bin/sh\ncat\necho "$1 $HOME"\necho careful >&2\nexit 2\n');
      assert.deepEqual(
        await askProgram(path, ['$(id)'], { environment: { HOME: 'h', PATH: '/bin:/usr/bin' }, timeoutMs: 5_000 }),
        {
          exitCode: 2,
          output: '$(id) h',
          errorOutput: 'careful',
          timedOut: false,
        },
      );
    });

    it('that hangs is ended with what it started', async () => {
      const path = script('agent', `#!/bin/sh\nsleep 1000 &\necho $! > "${folder}/pid"\nwait\n`);
      const answer = await askProgram(path, [], { environment: { PATH: '/bin:/usr/bin' }, timeoutMs: 300 });
      assert.equal(answer.timedOut, true);
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
      await until('its child to be gone', () => !lives(pid));
    });

    it('is found and asked although the folder is gone that the editor was started in', async () => {
      const before = process.cwd();
      const gone = join(folder, 'gone');
      mkdirSync(gone);
      process.chdir(gone);
      rmSync(gone, { recursive: true });
      try {
        assert.equal(findProgram('sh', { PATH: '/bin' }), '/bin/sh');
        assert.equal(
          (await askProgram('/bin/echo', ['1.2.3'], { environment: {}, timeoutMs: 10_000 })).output,
          '1.2.3',
        );
      } finally {
        process.chdir(before);
      }
    });

    it('that is not there is reported with the reason', async () => {
      const answer = await askProgram(join(folder, 'nothing'), [], { environment: {}, timeoutMs: 1_000 });
      assert.equal(answer.exitCode, undefined);
      assert.match(answer.error ?? '', /ENOENT/);
    });
  });

  describe('what a run uses', () => {
    it('is CPU and memory of its whole tree, sampled when asked', async () => {
      const busy = 'setsid sh -c "while :; do :; done" & echo up; exec sleep 1000';
      const leader = spawn('/bin/sh', ['-c', busy], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await new Promise((resolve) => leader.stdout.once('data', resolve));
        const identity = seen(await createTable().find(leader.pid!))!;
        const sampler = createResourceSampler();
        await until('both', async () => (await sampler.sample([identity])).get(leader.pid!)?.processes.length === 2);
        const gone = { ...identity, startTime: '1' };
        await until('its use', async () => ((await sampler.sample([identity])).get(leader.pid!)?.cpuPercent ?? 0) > 10);
        const uses = await sampler.sample([gone, identity]);
        assert.deepEqual([...uses.keys()], [leader.pid]);
        const use = uses.get(leader.pid!)!;
        assert.ok(
          use.cpuPercent !== undefined && use.cpuPercent <= 130 && use.memoryBytes > 100_000,
          JSON.stringify(use),
        );
        assert.ok(
          use.processes.some(({ command }) => command === 'sleep 1000'),
          JSON.stringify(use),
        );
        assert.deepEqual(await sampler.sample([gone]), new Map());
      } finally {
        for (const { pid, session, parent } of seen(await createTable().list()) ?? [])
          if (session === leader.pid || parent === leader.pid) kill(pid);
      }
    });
  });
});
