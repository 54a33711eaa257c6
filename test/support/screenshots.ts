import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, ROOT } from './host/paths.ts';
import { smallPng } from './smallPng.ts';

// npm run screenshots: the pictures that the README and the walkthrough show, as the last run of the UI tests saved
// them.
const pages = ['README.md'].map((name) => readFileSync(join(ROOT, name), 'utf8'));
const shown = new Set(
  pages.flatMap((page) => [...page.matchAll(/media\/(screenshot-[\w-]+)\.png/g)].map(([, name]) => name!)),
);
for (const name of shown) {
  const taken = join(OUT, `${name}.png`);
  if (!existsSync(taken)) throw new Error(`${taken} is not there. Run the UI tests first: npm run test:ui`);
  writeFileSync(join(ROOT, 'media', `${name}.png`), smallPng(readFileSync(taken)));
  console.log(`media/${name}.png`);
}
