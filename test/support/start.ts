import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installExtension } from './host/installExtension.ts';
import { pack } from './host/pack.ts';
import { CACHE, ROOT } from './host/paths.ts';
import { Server } from './host/server.ts';

// npm start: a VS Code with the extension and a folder to try it in. The desktop's if there is one, else a server of
// our own on the loopback. Its data stay in a folder of the cache, or the one that is named as an argument.
const home = process.argv[2] ?? join(CACHE, 'start');
const workspace = join(home, 'try-it');
mkdirSync(workspace, { recursive: true });
const prompts = join(workspace, 'prompts.md');
if (!existsSync(prompts)) {
  writeFileSync(
    prompts,
    [
      '# Prompts to try',
      '',
      'Select a line and run "Loop Supervisor: Submit Selection". The sample agent needs no account and costs nothing.',
      '',
      'Tidy up the imports of this project [slow 10] [cost 0.05]',
      'Fix the failing test [fail]',
      'Write the release notes [slow 20] [spawn 2]',
      '',
    ].join('\n'),
  );
}

if (onPath('git') && !existsSync(join(workspace, '.git'))) {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: workspace });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('-c', 'user.name=Loop Supervisor', '-c', 'user.email=loops@localhost', 'commit', '--quiet', '-m', 'Begin');
}

if (onPath('code')) {
  execFileSync('node', ['esbuild.mjs'], { cwd: ROOT, stdio: 'inherit' });
  console.log('Opening VS Code with the extension …');
  const opened = spawnSync('code', ['--new-window', `--extensionDevelopmentPath=${ROOT}`, workspace, prompts], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = opened.status ?? 1;
} else {
  await serve();
}

async function serve(): Promise<void> {
  console.log('There is no desktop VS Code (no "code" on PATH), so a VS Code server is used. Packing the extension …');
  const extensionsDir = await installExtension(await pack(), join(home, 'extensions'));
  const token = randomBytes(16).toString('hex');
  const server = await Server.start({
    extensionsDir,
    token,
    dataDir: join(home, 'data'),
    log: console.log,
    settings: { 'git.enabled': true, 'loopSupervisor.background': 'untilIdle' },
  });
  const stop = (): void => {
    console.log('\nStopping the server …');
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  console.log(
    `\nOpen this address in a browser on this machine:\n\n  ${server.url(workspace)}\n\nThen run "Loop Supervisor: Run Sample Loops" from the palette (F1). Ctrl+C ends the server.`,
  );
  await server.ended;
}

function onPath(program: string): boolean {
  const names = process.platform === 'win32' ? [`${program}.cmd`, `${program}.exe`] : [program];
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => names.some((name) => existsSync(join(folder, name))));
}
