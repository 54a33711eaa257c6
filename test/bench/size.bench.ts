import { execFileSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { type Figure, hand } from './support/figures.ts';

/** What is shipped. `test/package` fails above these sizes. */
const root = new URL('../../', import.meta.url).pathname;
execFileSync(process.execPath, ['esbuild.mjs', '--production'], { cwd: root, stdio: 'ignore' });
const kilobytes = (path: string) => statSync(path).size / 1024;
const figures: Figure[] = [
  { what: 'extension bundle', value: kilobytes(`${root}dist/extension.cjs`), unit: 'KB', goal: 300 },
  { what: 'guardian bundle', value: kilobytes(`${root}dist/guardian.cjs`), unit: 'KB', goal: 60 },
  ...globSync('*.vsix', { cwd: root }).map((name) => ({ what: `VSIX (${name})`, value: kilobytes(root + name), unit: 'KB', goal: 500 })),
];
hand({ bench: 'Size', figures });
