import fc from 'fast-check';
import { type Harness, harness } from '../harness.ts';
import { type Command, command } from './command.ts';
import { Invariants } from './invariants.ts';
import { KNOWN_COURSES } from './knownCourses.ts';
import { World } from './world.ts';

/** Makes the machine of each course. */
export type Machines = () => Harness | Promise<Harness>;

/**
 * Plays so many courses of up to `steps` commands in up to three windows, the known ones first, and throws where a rule
 * is broken. After `longestMs` (ms) no further course is begun. The same seed plays the same courses.
 */
export async function playCourses(runs: number, steps: number, longestMs: number, seed: number): Promise<void> {
  const courses = fc.array(command, { maxLength: steps, size: 'max' });
  const property = fc.asyncProperty(courses, (course) => play(course));
  await fc.assert(property, {
    numRuns: runs,
    seed,
    examples: KNOWN_COURSES.map((course): [Command[]] => [[...course]]),
    interruptAfterTimeLimit: longestMs,
  });
}

/** The course of just so many commands that belongs to a seed. */
export function courseOf(seed: number, steps: number): Command[] {
  const [course = []] = fc.sample(fc.array(command, { minLength: steps, maxLength: steps }), { seed, numRuns: 1 });
  return course;
}

/** Plays one course on a machine of its own, and throws where it breaks a rule. */
export async function play(commands: readonly Command[], machine: Machines = harness): Promise<void> {
  const world = new World(await machine());
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

/** What is left of a course that breaks a rule, with that error, when all that is not needed for it is left out. */
export async function smallest(
  course: readonly Command[],
  error: unknown,
  machine: Machines = harness,
): Promise<readonly Command[]> {
  let small = course;
  for (let size = Math.ceil(course.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < small.length; ) {
      const rest = [...small.slice(0, from), ...small.slice(from + size)];
      const breaks = await play(rest, machine).then(
        () => false,
        (other: unknown) => kindOf(other) === kindOf(error),
      );
      if (breaks) small = rest;
      else from += size;
    }
  return small;
}

/** What an error is about, whatever the numbers and loops in it. */
function kindOf(error: unknown): string {
  return String(error)
    .replace(/[\d,]+|\bl\d\b/g, '')
    .split('\n')
    .slice(0, 6)
    .join();
}
