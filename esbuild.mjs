// Bundles what ships: the extension, its helper programs and its webviews. --watch rebuilds on change, --production minifies.
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { build, context } from 'esbuild';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
const common = {
  bundle: true,
  minify: production,
  sourcemap: !production,
  legalComments: 'none',
  logLevel: watch ? 'info' : 'warning',
  outdir: 'dist',
};

// What is imported only when it is needed becomes a bundle of its own, so that activation loads little.
const LATER = {
  './parts.ts': './parts.cjs',
  './store/postgres/main.ts': './postgres.cjs',
  execa: './execa.cjs',
};
const later = {
  name: 'later',
  setup: (build) =>
    build.onResolve({ filter: /^(\.\/parts\.ts|\.\/store\/postgres\/main\.ts|execa)$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: LATER[path], external: true } : undefined,
    ),
};

// An import of the API becomes a plain `require`: as a module namespace each of our files would copy its 500 names when it is loaded.
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

// Node 22 is the oldest that runs us: VS Code 1.101's.
const programs = {
  ...common,
  entryPoints: {
    extension: 'src/extension.ts',
    parts: 'src/parts.ts',
    postgres: 'src/store/postgres/main.ts',
    execa: 'execa',
    guardian: 'src/process/guardian/main.ts',
    sampleAgent: 'src/agents/sample/main.ts',
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

for (const options of [programs, webviews]) {
  if (watch) await (await context(options)).watch();
  else await build(options);
}
