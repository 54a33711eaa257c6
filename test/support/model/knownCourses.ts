import type { Command } from './command.ts';

/** Courses of commands that once broke a rule: they are played in every run, whatever the seed. */
export const KNOWN_COURSES: readonly (readonly Command[])[] = [
  // R3.3 A correction freed budget, and the head that waited for it was not started.
  [
    { act: 'submit', window: 0, loop: 1, priority: 0, estimate: 1, maxCost: undefined, agent: 'claude', quick: false },
    {
      act: 'submit',
      window: 0,
      loop: 2,
      priority: 0,
      estimate: undefined,
      maxCost: undefined,
      agent: 'sample',
      quick: true,
    },
    {
      act: 'submit',
      window: 0,
      loop: 0,
      priority: 0,
      estimate: 223,
      maxCost: undefined,
      agent: 'sample',
      quick: false,
    },
    { act: 'end', run: 0, how: 'provider', cost: 278, quick: false },
    { act: 'end', run: 0, how: 'ok', cost: 0, quick: false },
    { act: 'end', run: 0, how: 'signal', cost: 0, quick: true },
    { act: 'failingWrites', count: 1, quick: false },
    { act: 'cost', run: 2, cost: 83, earlier: 8, quick: false },
  ],
  // The same where the correction is of an estimate alone.
  [
    {
      act: 'submit',
      window: 0,
      loop: 1,
      priority: 0,
      estimate: 200,
      maxCost: undefined,
      agent: 'claude',
      quick: false,
    },
    { act: 'end', run: 0, how: 'signal', cost: 0, quick: false },
    { act: 'pass', ms: 2_000, quick: false },
    { act: 'pause', window: 0, quick: false },
    {
      act: 'submit',
      window: 0,
      loop: 0,
      priority: 0,
      estimate: 100,
      maxCost: undefined,
      agent: 'sample',
      quick: false,
    },
    { act: 'record', window: 0, loop: 1, cost: 250, key: undefined, quick: false },
    { act: 'resume', window: 0, quick: false },
    { act: 'cost', run: 0, cost: 0, earlier: 0, quick: false },
  ],
  // R3.3 The disk had room again in the moment after a loop was refused for it, and it waited on.
  [
    { act: 'fullDisk', on: true, quick: false },
    {
      act: 'submit',
      window: 0,
      loop: 0,
      priority: 0,
      estimate: undefined,
      maxCost: undefined,
      agent: 'sample',
      quick: true,
    },
    { act: 'fullDisk', on: false, quick: false },
  ],
  // R9.1 A window that shut down took over the run of one that died meanwhile.
  [
    { act: 'open', folder: 0, quick: false },
    { act: 'submit', window: 0, loop: 1, priority: 0, estimate: 0, maxCost: undefined, agent: 'sample', quick: false },
    { act: 'submit', window: 1, loop: 2, priority: 0, estimate: 0, maxCost: undefined, agent: 'sample', quick: false },
    { act: 'stubborn', on: true, quick: false },
    { act: 'shutdown', window: 0, quick: true },
    { act: 'crash', window: 0, quick: true },
    { act: 'pass', ms: 1_000, quick: false },
    { act: 'open', folder: 0, quick: false },
  ],
  // R2.2 A submit that was decided on when its window had begun to go was queued without a place.
  [
    { act: 'configure', setting: { maxQueueDepth: 0 }, quick: true },
    {
      act: 'submit',
      window: 0,
      loop: 0,
      priority: 0,
      estimate: undefined,
      maxCost: undefined,
      agent: 'sample',
      quick: true,
    },
    { act: 'shutdown', window: 0, quick: true },
  ],
  // R3.3 The loop that failed last stood behind a later one of another account that waited for money.
  [
    { act: 'configure', setting: { failureThreshold: 1, halfOpenMaxProbes: 2 }, quick: false },
    { act: 'submit', window: 3, loop: 2, priority: 0, estimate: 7, maxCost: 299, agent: 'sample', quick: true },
    { act: 'submit', window: 1, loop: 5, priority: -1, estimate: 295, maxCost: undefined, agent: 'twin', quick: false },
    { act: 'end', run: 5, how: 'auth', cost: 3, quick: true },
    { act: 'submit', window: 2, loop: 6, priority: 1, estimate: 295, maxCost: 294, agent: 'twin', quick: false },
    { act: 'end', run: 1, how: 'lost', cost: 0, quick: false },
    { act: 'tryNow', agent: 'twin', quick: false },
    { act: 'jump', ms: 600_000, quick: false },
  ],
];
