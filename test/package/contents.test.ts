import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installExtension } from '../support/host/installExtension.ts';
import { ROOT, VSIX } from '../support/host/paths.ts';

const KILOBYTE = 1000;
const ALLOWED =
  /^(package\.json|readme\.md|changelog\.md|license\.txt|\.vsixmanifest|dist\/(extension|parts|agents|pages|postgres|sqlite|git|contain|agentchecks|execa|headless|host|home|cli|list|driver|acp|mcp|loops|guardian|sampleagent)\.cjs|dist\/third_party_notices\.txt|dist\/webview\/\w+\.(js|css)|media\/[\w/.-]+\.(svg|png|md))$/i;

describe('the package that users install', () => {
  let folder: string;
  let home: string;

  before(async () => {
    folder = await installExtension(VSIX);
    home = join(folder, readdirSync(folder).find((name) => name.startsWith('loopsupervisor.loop-supervisor-'))!);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const size = (name: string) => statSync(join(home, name)).size;

  it('is under 1 MB', () => {
    assert.ok(statSync(VSIX).size < 1_000 * KILOBYTE, `${statSync(VSIX).size} bytes`);
  });

  it('has extension bundles under 300 KB each and a guardian under 60 KB', () => {
    for (const name of [
      'extension',
      'parts',
      'agents',
      'pages',
      'postgres',
      'sqlite',
      'git',
      'home',
      'execa',
      'headless',
      'host',
      'cli',
      'list',
      'driver',
      'acp',
      'mcp',
    ])
      assert.ok(size(`dist/${name}.cjs`) < 300 * KILOBYTE, `${name}: ${size(`dist/${name}.cjs`)} bytes`);
    assert.ok(size('dist/guardian.cjs') < 60 * KILOBYTE, `guardian: ${size('dist/guardian.cjs')} bytes`);
  });

  it('carries the licence text of every package that is bundled', () => {
    const notices = readFileSync(join(home, 'dist/THIRD_PARTY_NOTICES.txt'), 'utf8');
    // What the sources import, apart from what VS Code and Node bring.
    const imported = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import\() ?'((?:@[\w-]+\/)?[\w-]+)[^']*'/g)].map(
        ([, name]) => name as string,
      ),
    );
    const packages = new Set(imported.filter((name) => name !== 'vscode' && name !== 'node'));
    assert.ok(packages.size >= 3, [...packages].join(', '));
    for (const name of packages) assert.match(notices, new RegExp(`^${name.replace('/', '\\/')} \\d`, 'm'), name);
    assert.ok(
      (notices.match(/Permission is hereby granted|Permission to use, copy, modify/g) ?? []).length >= packages.size,
    );
  });

  it('holds only what it needs', () => {
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const names = files.map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
    assert.deepEqual(
      names.filter((name) => !ALLOWED.test(name)),
      [],
    );
    for (const program of ['extension', 'guardian', 'sampleAgent'])
      assert.ok(existsSync(join(home, `dist/${program}.cjs`)), program);
  });
});
