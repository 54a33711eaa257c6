import { fuzzFolders } from '../fuzz/folders.ts';
import { fuzzRows } from '../fuzz/rows.ts';
import { fuzzSettings } from '../fuzz/settings.ts';
import { fuzzStreams } from '../fuzz/streams.ts';
import { type Figure, hand } from './support/figures.ts';

/** Bad input at length: 100,000 cases when this bench is asked for by name, a tenth of it when all benches run. */
const PART = process.env['LOOP_SUPERVISOR_BENCH_ALONE'] === '1' ? 1 : 0.1;
const seed = 20_260_101;
const PARTS = [
  { what: 'agent streams', fuzz: fuzzStreams, cases: 50_000 },
  { what: 'settings', fuzz: fuzzSettings, cases: 40_000 },
  { what: 'run folders', fuzz: fuzzFolders, cases: 7_000 },
  { what: 'database rows', fuzz: fuzzRows, cases: 3_000 },
] as const;

const figures: Figure[] = [];
for (const { what, fuzz, cases } of PARTS) {
  const result = await fuzz({ cases: cases * PART, seed });
  for (const found of result.found) process.stderr.write(`${what}: ${found}\n`);
  figures.push({
    what: `${what}, ${result.cases.toLocaleString('en')} cases`,
    value: result.found.length,
    unit: 'failures',
    goal: 0,
  });
}
hand({ bench: 'Bad input', figures });
process.exit(0);
