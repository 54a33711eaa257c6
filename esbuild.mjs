// Bundles what ships: the extension, its helper programs and its webviews. --watch rebuilds on change, --production
// minifies.
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { build, context } from 'esbuild';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
// Another folder than dist, for tests of what ships.
const outdir = /^--outdir=(.+)$/m.exec(process.argv.join('\n'))?.[1] ?? 'dist';
const common = {
  bundle: true,
  minify: production,
  sourcemap: !production,
  // The licences of what is bundled go into a file of their own, below.
  legalComments: 'none',
  metafile: true,
  logLevel: watch ? 'info' : 'warning',
  outdir,
};

// What is imported only when it is needed becomes a bundle of its own, so that activation loads little.
const LATER = {
  './cli.ts': './cli.cjs',
  './list.ts': './list.cjs',
  '../mcpServer.ts': './mcp.cjs',
  './parts.ts': './parts.cjs',
  './agents/catalog.ts': './agents.cjs',
  './ui/webviewHost/allPages.ts': './pages.cjs',
  './headless/windowSide.ts': './headless.cjs',
  './store/postgres/main.ts': './postgres.cjs',
  './git/workTrees.ts': './git.cjs',
  './workTreeActions.ts': './home.cjs',
  '../runtime/workTreeActions.ts': './home.cjs',
  './store/sqlite/store.ts': './sqlite.cjs',
  './acpRun.ts': './acp.cjs',
  './findContainment.ts': './contain.cjs',
  './ui/agentCheck/createAgentChecks.ts': './agentChecks.cjs',
  execa: './execa.cjs',
};
const later = {
  name: 'later',
  setup: (build) =>
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'dynamic-import' && path in LATER ? { path: LATER[path], external: true } : undefined,
    ),
};

// An import of the API becomes a plain `require`: as a module namespace each of our files would copy its 500 names when
// it is loaded.
const API = "import * as vscode from 'vscode';";
const plainApi = {
  name: 'plain API',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return text.includes(API)
        ? { contents: text.replace(API, "const vscode = require('vscode');"), loader: 'ts' }
        : undefined;
    }),
};

// Node 22 is the oldest that runs us: VS Code 1.103's.
const programs = {
  ...common,
  entryPoints: {
    extension: 'src/extension.ts',
    parts: 'src/parts.ts',
    agents: 'src/agents/catalog.ts',
    pages: 'src/ui/webviewHost/allPages.ts',
    sqlite: 'src/store/sqlite/store.ts',
    postgres: 'src/store/postgres/main.ts',
    git: 'src/git/workTrees.ts',
    home: 'src/core/runtime/workTreeActions.ts',
    contain: 'src/process/contain/findContainment.ts',
    agentChecks: 'src/ui/agentCheck/createAgentChecks.ts',
    execa: 'execa',
    headless: 'src/headless/windowSide.ts',
    loops: 'src/loops.ts',
    cli: 'src/cli.ts',
    list: 'src/list.ts',
    mcp: 'src/cli/mcpServer.ts',
    host: 'src/host.ts',
    guardian: 'src/process/guardian/main.ts',
    sampleAgent: 'src/agents/sample/main.ts',
    driver: 'src/driver/main.ts',
    acp: 'src/driver/acpRun.ts',
  },
  charset: 'utf8',
  plugins: [later, plainApi],
  supported: { 'dynamic-import': false },
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // The last is a native driver that pg would use if it were there.
  external: ['vscode', 'pg-native'],
};

// src/ui/<part>/webview/main.ts with main.css beside it becomes dist/webview/<part>.js and .css.
const webviews = {
  ...common,
  entryPoints: globSync('src/ui/*/webview/main.{ts,css}').map((file) => ({
    in: file,
    out: `webview/${file.split(sep).at(-3)}`,
  })),
  platform: 'browser',
  target: 'es2024',
  format: 'iife',
};

const inputs = [];
for (const options of [programs, webviews]) {
  if (watch) await (await context(options)).watch();
  else inputs.push(...Object.keys((await build(options)).metafile.inputs));
}
if (!watch) writeNotices(inputs);

/** Writes the licence of every package that is bundled: most ask for it. One that cannot be told fails the build. */
function writeNotices(files) {
  const folders = new Set(files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const notices = [...folders].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
    const text = file ? readFileSync(join(folder, file), 'utf8') : standardText(manifest);
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`;
  });
  mkdirSync(outdir, { recursive: true });
  const head = 'Loop Supervisor contains code of these packages.\n';
  writeFileSync(join(outdir, 'THIRD_PARTY_NOTICES.txt'), [head, ...notices].join(`\n${'-'.repeat(72)}\n\n`));
}

/** A few packages only name the MIT licence: its text is that of our own, with their author. */
function standardText({ name, license, author }) {
  if (license !== 'MIT')
    throw new Error(`${name} is bundled, ships no licence text, and is not under the MIT licence.`);
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  return readFileSync('LICENSE', 'utf8').replace(/^Copyright .*$/m, `Copyright (c) ${holder}`);
}
