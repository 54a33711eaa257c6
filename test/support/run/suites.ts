import { globSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { ROOT, VSIX } from '../host/paths.ts';
import type { Suite } from './suite.ts';

const MOCHA = ['node', 'node_modules/mocha/bin/mocha.js', '--reporter', 'test/support/run/recordReporter.ts'] as const;

const CHECK: readonly Suite[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of webviews', command: ['tsc', '-p', 'src/ui/tsconfig.webview.json'] },
  { name: 'lint', command: ['biome', 'ci', '--colors=off', '--error-on-warnings', '.'] },
  { name: 'dead code', command: ['knip'] },
];

const BUILD: Suite = { name: 'build', command: ['node', 'esbuild.mjs', '--production'] };

// Packing builds first: what is tested is what is shipped.
const PACK: Suite = { name: 'pack', command: ['npm', 'run', 'package', '--', '--out', VSIX] };

const VSCODE: Suite = { name: 'vscode', command: ['node', 'test/support/run/vscodeSuite.ts'], records: true };

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

function mocha(name: string, spec: string, timeoutSeconds = 10): Suite {
  return { name, command: [...MOCHA, '--timeout', String(timeoutSeconds * 1000), spec], records: true };
}

/** The suites by the names that the command line knows, in the order in which `all` runs them. */
export const GROUPS: Readonly<Record<string, () => readonly Suite[]>> = {
  check: () => CHECK,
  build: () => [BUILD],
  unit,
  package: () => [PACK, mocha('package', 'test/package/**/*.test.ts', 120)],
  vscode: () => [BUILD, VSCODE],
  // Each file opens a VS Code of its own.
  ui: () => [PACK, { ...mocha('ui', 'test/ui/**/*.test.ts', 120), limitMinutes: 20 }],
};
