import { parseArgs } from 'node:util';
import { courseOf, play, smallest } from '../support/model/play.ts';

/**
 * `npm run model -- --runs 10000 --steps 100 --seed 1`: plays courses of commands in up to three windows, one after the
 * other, and prints those that break a rule, made small. Course `n` has the seed `seed + n`.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    steps: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const [runs, steps, seed] = [Number(values.runs), Number(values.steps), Number(values.seed)];
const say = (line: string) => process.stdout.write(`${line}\n`);
let broken = 0;
for (let run = 0; run < runs; run++) {
  const course = courseOf(seed + run, steps);
  try {
    await play(course);
  } catch (error) {
    broken++;
    say(`seed ${seed + run}: ${error instanceof Error ? error.message : String(error)}`);
    for (const command of await smallest(course, error)) say(`  ${JSON.stringify(command)}`);
  }
  if ((run + 1) % 500 === 0) say(`${run + 1} courses of ${steps} commands, ${broken} broke a rule`);
}
process.exitCode = broken === 0 ? 0 : 1;
