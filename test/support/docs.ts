import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { benchTables, readManifest, settingsTable, withSection } from './docs/tables.ts';

// npm run docs: fills in the table of settings, from the manifest, and of figures, from the last bench run if there was
// one.
const SETTINGS = new URL('../../src/ui/settings/README.md', import.meta.url);
const SPEED = new URL('../bench/README.md', import.meta.url);
const REPORT = new URL('../bench/out/bench.json', import.meta.url);

fill(SETTINGS, 'settings', settingsTable(readManifest()));
if (existsSync(REPORT)) fill(SPEED, 'bench', benchTables(JSON.parse(readFileSync(REPORT, 'utf8'))));
else process.stdout.write('There is no bench run to take figures from: `npm run bench` makes one.\n');

function fill(document: URL, section: string, text: string): void {
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), section, text));
}
