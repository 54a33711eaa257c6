import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/host/paths.ts';

describe('the package for a server without VS Code', () => {
  let folder: string;
  const run = (...words: string[]) =>
    spawnSync(join(folder, 'bin/loops'), words, {
      cwd: join(folder, 'home/project'),
      env: { PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`, HOME: join(folder, 'home') },
      encoding: 'utf8',
    });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-npm-'));
    const packed = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    execFileSync('npm', packed, { cwd: ROOT, stdio: 'ignore' });
    const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    const global = ['install', '--global', '--offline', '--no-audit', '--no-fund', '--prefix', folder];
    execFileSync('npm', [...global, join(folder, archive)], { stdio: 'ignore' });
    mkdirSync(join(folder, 'home/project'), { recursive: true });
    mkdirSync(join(folder, 'home/.loop-supervisor'));
    const settings = {
      'loopSupervisor.defaultAgent': 'worker',
      'loopSupervisor.agents': { worker: { command: 'cat' } },
      'loopSupervisor.budget.dailyLimitUsd': 5,
    };
    writeFileSync(join(folder, 'home/.loop-supervisor/settings.json'), JSON.stringify(settings));
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it('R15.3 gives loops, with settings from a file of the same names', () => {
    assert.equal(run('trust').status, 0);
    const submitted = run('submit', '--wait', '--check', 'true', 'some work');
    assert.equal(submitted.status, 0, submitted.stderr);
    assert.doesNotMatch(submitted.stderr, /Warning/);
    assert.equal(run('logs', submitted.stdout.trim(), '--attempt', '2').stdout, 'some work');
    assert.equal(JSON.parse(run('budget', '--json').stdout).limitUsd, 5);
    assert.equal(run('host', 'stop').status, 0);
  });

  it('holds nothing of VS Code', () => {
    const files = readdirSync(join(folder, 'lib/node_modules/loop-supervisor'), { recursive: true }).map(String);
    assert.deepEqual(
      files.filter((name) => /extension|webview|media|src|test/.test(name)),
      [],
    );
  });
});
