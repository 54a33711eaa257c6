import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeShim } from '../../src/headless/shim.ts';
import { installed } from '../support/installed.ts';

/** What is typed before the Tab key, and what stands there after it. */
const TYPED: readonly (readonly [typed: string, completed: string])[] = [
  ['loops su', 'submit'],
  ['loops cancel my', 'cancel my-loop'],
  ['loops host sto', 'host stop'],
  ['loops help sta', 'help status'],
  ['loops list -s check', 'list -s checking'],
  ['loops kill --signal SIGK', 'kill --signal SIGKILL'],
  ['loops completion z', 'completion zsh'],
  ['loops submit --file prom', 'submit --file prompt.md'],
  ['loops --storage folder su', '--storage folder submit'],
  ['loops --storage folder help sta', '--storage folder help status'],
];

/** How a shell without the user's settings is started on a terminal, and what loads a script there. */
const AT_A_TERMINAL = {
  bash: { start: 'bash --norc --noprofile -i', load: 'source' },
  zsh: { start: 'zsh -f -i', load: 'autoload -U compinit && compinit -u -D && source' },
};

describe('completion of loops in real shells', () => {
  let storage: string;
  let project: string;
  /** `loops` itself. */
  let real: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    storage = realpathSync(mkdtempSync(join(tmpdir(), 'loop-supervisor-completion-')));
    project = join(storage, 'project');
    const bin = join(storage, 'calls');
    for (const folder of [project, bin, join(project, 'folder')]) mkdirSync(folder);
    writeFileSync(join(project, 'prompt.md'), 'work');
    const agents = { worker: { command: 'true' } };
    writeFileSync(join(storage, 'settings.json'), JSON.stringify({ defaultAgent: 'worker', agents }));
    const program = join(await installed(), 'dist/loops.cjs');
    real = join(writeShim({ storage, nodePath: process.execPath, program, platform: 'linux' }), 'loops');
    // What a completion asks for is the real thing; what was completed is only written down.
    const script = `case "$*" in *--ids) exec '${real}' "$@" ;; *) echo "$*" >> '${storage}/called' ;; esac`;
    writeFileSync(join(bin, 'loops'), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, HOME: storage, TERM: 'dumb' };
    for (const words of [['trust'], ['pause'], ['submit', '--id', 'my-loop', 'work']])
      await promisify(execFile)(real, words, { cwd: project, env });
  });
  beforeEach(() => rmSync(join(storage, 'called'), { force: true }));
  after(() => rmSync(storage, { recursive: true, force: true, maxRetries: 5 }));

  for (const [shell, { start, load }] of Object.entries(AT_A_TERMINAL)) {
    it(`R15.3 ${shell} completes commands, options, files and ids at the Tab key`, async function () {
      if (!isThere(shell) || !isThere('script')) this.skip();
      const terminal = spawn('script', ['-qec', start, '/dev/null'], {
        cwd: project,
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const shown = terminal.stdout.setEncoding('utf8').toArray();
      const lines = [`${load} <('${real}' completion ${shell})`, ...TYPED.map(([typed]) => `${typed}\t`), 'exit'];
      terminal.stdin.write(lines.map((line) => `${line}\r`).join(''));
      await once(terminal, 'exit');
      terminal.stdin.destroy();
      const called = readFileSync(join(storage, 'called'), 'utf8').trim().split('\n');
      assert.deepEqual(
        called,
        TYPED.map(([, completed]) => completed),
        (await shown).join(''),
      );
    });
  }

  it('R15.3 fish offers commands, options, files and ids', async function () {
    if (!isThere('fish')) this.skip();
    const script = `'${real}' completion fish | source; for line in $argv; complete -C $line; end`;
    const { stdout } = await promisify(execFile)(
      'fish',
      ['--no-config', '-c', script, ...TYPED.map(([typed]) => typed)],
      {
        cwd: project,
        env,
      },
    );
    const offered = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    assert.deepEqual(
      offered,
      TYPED.map(([, completed]) => completed.split(' ').at(-1)),
    );
  });
});

/** Whether this program is on the PATH. */
function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}
