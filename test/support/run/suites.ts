import { globSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ROOT, VSIX } from '../host/paths.ts';
import type { Suite } from './suite.ts';

const MOCHA = ['node', 'node_modules/mocha/bin/mocha.js', '--reporter', 'test/support/run/recordReporter.ts'] as const;

const CHECK: readonly Suite[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of webviews', command: ['tsc', '-p', 'src/ui/tsconfig.webview.json'] },
  { name: 'lint', command: ['biome', 'ci', '--colors=off', '--error-on-warnings', '.'] },
  { name: 'dead code', command: ['knip'] },
];

const BUILD: Suite = { name: 'build', command: ['node', 'esbuild.mjs', '--production'], alone: true };

// Packing builds first: what is tested is what is shipped.
const PACK: Suite = { name: 'pack', command: ['npm', 'run', 'package', '--', '--out', VSIX], alone: true };

const VSCODE: Suite = { name: 'vscode', command: ['node', 'test/support/run/vscodeSuite.ts'], records: true };

const VSCODE_OLDEST: Suite = {
  ...{ name: 'vscode, the oldest', command: ['node', 'test/support/run/vscodeSuite.ts', '--oldest'], records: true },
};

// Much of a test is waiting, so that a few side by side take little longer than one.
const UI: Suite = {
  ...{ name: 'ui', command: ['node', 'test/support/run/worker.ts'], records: true, workers: 3 },
};

const PACKAGE = 'package';

/**
 * These take longest, so they begin first; the UI comes last, since it takes all that the machine has left. One test of
 * the package builds it anew, so that it goes before what loads the build.
 */
const LONG = [
  ...[PACKAGE, 'chaos', 'process', 'git', 'headless', 'store', 'core'],
  ...[VSCODE.name, VSCODE_OLDEST.name, 'soak', 'fuzz', 'webviews'],
];

/** One suite for each folder of tests that need nothing but Node. */
function unit(): Suite[] {
  const special = new Set(['vscode', 'ui', 'package']);
  const files = globSync('test/{*,*/**}/*.test.ts', { cwd: ROOT }).concat(globSync('test/*.test.ts', { cwd: ROOT }));
  const folders = new Set(files.map((file) => dirname(file).split(sep)[1] ?? ''));
  return [...folders]
    .filter((folder) => !special.has(folder))
    .sort()
    .map((folder) => mocha(folder || 'repository', folder ? `test/${folder}/**/*.test.ts` : 'test/*.test.ts'));
}

/**
 * Suites that may run side by side, the longest first: none of them begins when the others are done. Those up to the
 * last that runs alone keep their places, since it makes what the others need.
 */
export function longestFirst(suites: readonly Suite[]): Suite[] {
  const from = suites.findLastIndex(({ alone }) => alone) + 1;
  return [...suites.slice(0, from), ...suites.slice(from).sort((a, b) => rank(a) - rank(b))];
}

function rank({ name }: Suite): number {
  if (name === UI.name) return Number.POSITIVE_INFINITY;
  return LONG.includes(name) ? LONG.indexOf(name) : LONG.length;
}

function mocha(name: string, spec: string): Suite {
  return { name, command: [...MOCHA, spec], records: true };
}

/**
 * The files of a suite, the largest first: they tend to take longest, and no worker is to begin one when the others are
 * done.
 */
function filesOf(pattern: string): string[] {
  const size = (file: string) => statSync(join(ROOT, file)).size;
  return globSync(pattern, { cwd: ROOT }).sort((a, b) => size(b) - size(a));
}

/** The suites by the names that the command line knows, in the order in which `all` runs them. */
export const GROUPS: Readonly<Record<string, () => readonly Suite[]>> = {
  check: () => CHECK,
  build: () => [BUILD],
  package: () => [PACK, mocha(PACKAGE, 'test/package/**/*.test.ts')],
  unit,
  // A desktop is of one version: the one that the environment names.
  vscode: () => [BUILD, VSCODE, ...(process.env.VSCODE_TEST_HOST === 'desktop' ? [] : [VSCODE_OLDEST])],
  ui: () => [PACK, { ...UI, command: [...UI.command, ...filesOf('test/ui/**/*.test.ts')] }],
};
