import { parseArgs } from 'node:util';
import type { Containment } from '../../src/core/model/containment.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { runSoak } from './soak.ts';

/** `npm run soak -- --minutes 10 --seed 1`: everything goes wrong, for a while; `--containment search` as for chaos. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    containment: { type: 'string' },
  },
});
const seed = Number(values.seed);
const containment = values.containment as Containment | undefined;
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`soak of ${values.minutes} minutes with seed ${seed}`);
const { violations, line } = await runSoak({
  seed,
  durationMs: Number(values.minutes) * 60_000,
  guardianProgram: await bundledGuardian(),
  containment,
  say,
});
say(`end: ${line}`);
for (const violation of violations) say(`VIOLATION: ${violation}`);
if (violations.length > 0) say(`To see it again: npm run soak -- --minutes ${values.minutes} --seed ${seed}`);
process.exitCode = violations.length === 0 ? 0 : 1;
