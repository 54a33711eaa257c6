import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../support/host/pack.ts';
import { ROOT } from '../support/host/paths.ts';
import { type Figure, hand } from './support/figures.ts';

/** What is shipped. `test/package` fails above these sizes. */
const kilobytes = (path: string) => statSync(path).size / 1000;
const bundle = (name: string) => kilobytes(join(ROOT, 'dist', `${name}.cjs`));
const vsix = kilobytes(await pack());
const figures: Figure[] = [
  { what: 'extension bundle', value: bundle('extension'), unit: 'KB', goal: 300 },
  { what: 'bundle of the parts behind it, loaded after the activation', value: bundle('parts'), unit: 'KB', goal: 300 },
  { what: 'guardian bundle', value: bundle('guardian'), unit: 'KB', goal: 60 },
  { what: 'VSIX', value: vsix, unit: 'KB', goal: 1_000 },
];
hand({ bench: 'Size', figures });
