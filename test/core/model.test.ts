import fc from 'fast-check';
import { type Command, command } from '../support/model/command.ts';
import { Invariants } from '../support/model/invariants.ts';
import { KNOWN_COURSES } from '../support/model/knownCourses.ts';
import { World } from '../support/model/world.ts';

/** More by hand: `MODEL_RUNS=5000 mocha test/core/model.test.ts`. */
const RUNS = Number(process.env.MODEL_RUNS ?? 200);
/** On a slow machine there are fewer runs, and what was found is made small for so long (ms) only. */
const LONGEST_MS = 20_000 + RUNS * 50;
const MOST_COMMANDS = 40;

async function play(commands: readonly Command[]): Promise<void> {
  const world = new World();
  const invariants = new Invariants(world);
  try {
    await world.apply({ act: 'open', folder: 0, quick: false });
    for (const one of commands) {
      await world.apply(one);
      if (!one.quick) await invariants.check();
    }
    await invariants.check();
    await world.drain();
    await invariants.check();
    await invariants.checkBooks();
  } finally {
    world.dispose();
  }
}

describe('the supervisor under any course of events', () => {
  it(`R2 R3 R4.1 R6 R9 R10 keeps cap, order, depth, budget and books over ${RUNS} courses of commands in up to three windows`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: MOST_COMMANDS, size: 'max' }), play), {
      numRuns: RUNS,
      examples: KNOWN_COURSES.map((course): [Command[]] => [[...course]]),
      interruptAfterTimeLimit: LONGEST_MS,
    });
  });
});
