import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { benchTables, readManifest, settingsTable, withSection } from './docs/tables.ts';

/** `npm run docs`: fills the README's tables of settings, from the manifest, and of figures, from the last bench run if there was one. */
const README = new URL('../../README.md', import.meta.url);
const REPORT = new URL('../bench/out/bench.json', import.meta.url);

let readme = withSection(readFileSync(README, 'utf8'), 'settings', settingsTable(readManifest()));
if (existsSync(REPORT)) readme = withSection(readme, 'bench', benchTables(JSON.parse(readFileSync(REPORT, 'utf8'))));
else
  process.stdout.write(
    'There is no bench run to take figures from: `npm run bench` makes one. The figures stay as they are.\n',
  );
writeFileSync(README, readme);
