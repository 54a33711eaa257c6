import fc from 'fast-check';
import type { AgentErrorCause } from '../../../src/core/model/agentEvent.ts';

/** The agents of the world; `claude` and `twin` have one account. */
export type AgentName = 'sample' | 'claude' | 'twin';
/** Who pays for each agent. */
export const PAYERS: { readonly [agent in AgentName]: string } = { sample: 'sample', claude: 'shared', twin: 'shared' };
/** Settings that are typed wrongly at times. */
export type Mistyped = 'maxConcurrent' | 'budget.dailyLimitUsd' | 'circuitBreaker.failureThreshold';

/** How a run ends. */
export type RunEnding =
  | ('ok' | 'exit' | 'signal' | 'spawn' | 'lost' | 'limit' | 'timeout')
  | ('unnamedLimit' | 'machine' | 'folder' | 'memory')
  | AgentErrorCause;

/**
 * One thing that happens to the machine. Numbers that choose (`window`, `loop`, `run`) are taken modulo what there is.
 * `quick`: the next command follows in the same moment, before this one has settled.
 */
export type Command = { readonly quick: boolean } & (
  | {
      readonly act: 'submit';
      readonly window: number;
      readonly loop: number;
      readonly priority: number;
      readonly estimate: number | undefined;
      readonly maxCost: number | undefined;
      readonly agent: AgentName;
      /** It is queued although circuit or budget would refuse it. */
      readonly queueIfBlocked?: boolean;
    }
  | { readonly act: 'end'; readonly run: number; readonly how: RunEnding; readonly cost: number }
  | { readonly act: 'cost'; readonly run: number; readonly cost: number; readonly earlier: number | undefined }
  | { readonly act: 'session' | 'started' | 'say'; readonly run: number }
  | { readonly act: 'startStale' }
  | { readonly act: 'tryNow'; readonly agent: AgentName }
  /** The user holds who pays for that agent, for `ms` or until *Try Now*. */
  | { readonly act: 'hold'; readonly agent: AgentName; readonly ms: number | undefined }
  /** That profile is taken out of the settings, or back again. */
  | { readonly act: 'profile'; readonly agent: AgentName; readonly isThere: boolean }
  /** That folder is moved away, or back again. */
  | { readonly act: 'folder'; readonly folder: number; readonly isThere: boolean }
  /** What is written for that setting makes no sense, or does again. */
  | { readonly act: 'mistype'; readonly setting: Mistyped; readonly on: boolean }
  | { readonly act: 'accrue'; readonly run: number; readonly cost: number }
  | {
      readonly act: 'record';
      readonly window: number;
      readonly loop: number;
      readonly cost: number;
      readonly key: number | undefined;
    }
  | {
      readonly act: 'cancel' | 'undoCancel' | 'retry' | 'clearFailed' | 'restartNow' | 'takeOver' | 'moveToEnd';
      readonly window: number;
      readonly loop: number;
    }
  | { readonly act: 'kill'; readonly window: number; readonly loop: number; readonly signal: string }
  | { readonly act: 'priority'; readonly window: number; readonly loop: number; readonly priority: number }
  | { readonly act: 'moveBefore'; readonly window: number; readonly loop: number; readonly before: number | undefined }
  | {
      readonly act: 'stopAll' | 'pause' | 'resume' | 'resetCircuit' | 'crash' | 'shutdown' | 'release';
      readonly window: number;
    }
  | { readonly act: 'open'; readonly folder: number }
  | { readonly act: 'pass' | 'jump' | 'sleep'; readonly ms: number }
  | { readonly act: 'configure'; readonly setting: Setting }
  | { readonly act: 'stubborn' | 'fullDisk'; readonly on: boolean }
  | { readonly act: 'failingWrites'; readonly count: number }
);

/** A change of the settings, which is one for all windows. */
export type Setting =
  | { readonly maxConcurrent: number }
  | { readonly maxQueueDepth: number }
  | { readonly dailyLimit: number; readonly onExceeded: 'finish' | 'stop' }
  | { readonly maxRestarts: number }
  | { readonly failureThreshold: number; readonly halfOpenMaxProbes: number };

const window = fc.nat(5);
const loop = fc.nat(7);
const run = fc.nat(5);
const cents = fc.integer({ min: 0, max: 300 });
const agent = fc.constantFrom<AgentName>('sample', 'claude', 'twin');
const priority = fc.integer({ min: -1, max: 1 });
const endings: readonly RunEnding[] = [
  'ok',
  'ok',
  'exit',
  'exit',
  'signal',
  'spawn',
  'lost',
  'limit',
  'timeout',
  'provider',
  'auth',
  'billing',
  'config',
  'machine',
  'unnamedLimit',
  'memory',
  'session',
  'task',
];

function just<T extends string>(...acts: T[]) {
  return fc.constantFrom(...acts);
}

const setting: fc.Arbitrary<Setting> = fc.oneof(
  fc.record({ maxConcurrent: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ maxQueueDepth: fc.integer({ min: 0, max: 5 }) }),
  fc.record({
    dailyLimit: fc.constantFrom(0, 100, 200, 500),
    onExceeded: fc.constantFrom('finish' as const, 'stop' as const),
  }),
  fc.record({ maxRestarts: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ failureThreshold: fc.integer({ min: 1, max: 5 }), halfOpenMaxProbes: fc.integer({ min: 1, max: 2 }) }),
);

const happening = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      act: just('submit'),
      window,
      loop,
      priority,
      estimate: fc.option(cents, { nil: undefined }),
      maxCost: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined, freq: 4 }),
      agent,
      queueIfBlocked: fc.oneof(
        { weight: 4, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      act: just('end'),
      run,
      how: fc.constantFrom(...endings),
      cost: fc.oneof(fc.constant(0), cents),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: just('cost'), run, cost: cents, earlier: fc.option(cents, { nil: undefined }) }),
  },
  { weight: 4, arbitrary: fc.record({ act: just('session', 'started', 'say', 'say'), run }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: just('startStale') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: just('tryNow'), agent }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: just('hold'),
      agent,
      ms: fc.option(fc.constantFrom(1_000, 30_000, 7_200_000), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: just('profile'), agent, isThere: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: just('folder'), folder: fc.nat(1), isThere: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: just('mistype'),
      setting: just('maxConcurrent', 'budget.dailyLimitUsd', 'circuitBreaker.failureThreshold'),
      on: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: just('accrue'), run, cost: cents }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: just('record'),
      window,
      loop,
      cost: cents,
      key: fc.option(fc.nat(2), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: just('cancel', 'cancel', 'undoCancel', 'retry', 'clearFailed', 'restartNow', 'takeOver', 'moveToEnd'),
      window,
      loop,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: just('kill'), window, loop, signal: just('SIGTERM', 'SIGKILL', 'SIGSTOP') }),
  },
  { weight: 2, arbitrary: fc.record({ act: just('priority'), window, loop, priority }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: just('moveBefore'), window, loop, before: fc.option(loop, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ act: just('pause', 'resume', 'resume'), window }) },
  { weight: 1, arbitrary: fc.record({ act: just('resetCircuit', 'stopAll'), window }) },
  { weight: 3, arbitrary: fc.record({ act: just('crash', 'crash', 'shutdown', 'release'), window }) },
  { weight: 3, arbitrary: fc.record({ act: just('open'), folder: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ act: just('pass'), ms: fc.integer({ min: 0, max: 8_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: just('jump'),
      ms: fc.constantFrom(-86_400_000, -60_000, -1_000, 30_000, 120_000, 600_000, 43_200_000, 86_400_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: just('sleep'), ms: fc.constantFrom(600_000, 43_200_000, 86_400_000) }) },
  { weight: 3, arbitrary: fc.record({ act: just('configure'), setting }) },
  { weight: 2, arbitrary: fc.record({ act: just('stubborn', 'stubborn', 'fullDisk'), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: just('failingWrites'), count: fc.integer({ min: 1, max: 4 }) }) },
);

/** What may happen, in the frequencies that make trouble likely. */
export const command = fc
  .tuple(happening, fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }))
  .map(([what, quick]): Command => ({ ...what, quick }));
