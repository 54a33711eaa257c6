import fc from 'fast-check';

/**
 * Every run plays the same courses: what fails for one person fails for all. `LOOP_TEST_SEED` names others, to look for
 * courses that nobody has tried yet.
 */
fc.configureGlobal({ seed: Number(process.env['LOOP_TEST_SEED'] ?? 20_261_130) });
