import { parseArgs } from 'node:util';
import { playMonth } from '../support/month/month.ts';
import { monthReport } from '../support/month/report.ts';

/** `npm run month -- --months 10 --seed 1 --loops 3000`: plays months, and prints a report of each. */
const { values } = parseArgs({
  options: {
    months: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    loops: { type: 'string', default: '3000' },
  },
});
let broken = 0;
for (let month = 0; month < Number(values.months); month++) {
  const seed = Number(values.seed) + month;
  const result = await playMonth({ seed, loops: Number(values.loops) });
  process.stdout.write(`${monthReport(`month with seed ${seed}`, result)}\n`);
  if (result.wrong.length > 0) broken++;
}
process.exitCode = broken === 0 ? 0 : 1;
