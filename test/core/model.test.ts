import { playCourses } from '../support/model/play.ts';

/** On a slow machine there are fewer, and what was found is made small for so long (ms) only. */
const LONGEST_MS = 18_000;

/** The same courses each time; others are tried by hand. */
const SEED = 20_261_129;

/** Longer ones by hand: `npm run model -- --runs 10000 --steps 100`. */
describe('the supervisor under any course of events', () => {
  it('R2 R3 R4.1 R6 R9 R10 R14 keeps cap, order, depth, budget, holds and history over 200 courses of commands in up to three windows', () =>
    playCourses(200, 40, LONGEST_MS, SEED));
});
