import fc from 'fast-check';
import type { Json } from '../../src/core/model/agentEvent.ts';
import type { Attempt, AttemptEnd, Failure, Outcome, StopBy } from '../../src/core/model/attempt.ts';
import type { LoopFacts, LoopPhase, UserDecision } from '../../src/core/model/loop.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import type { LoopChanges, OwnWorkTree } from '../../src/core/model/workTree.ts';

/** Without NUL, which text columns do not keep. */
export const anyText = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ''));
const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
const money = fc.integer({ min: -9_000_000_000_000_000, max: 9_000_000_000_000_000 });
const count = fc.integer({ min: 0, max: 1_000_000 });
export const anyJsonValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);
const optional = { noNullPrototype: true } as const;

const identity: fc.Arbitrary<ProcessIdentity> = fc.record(
  { pid: count, startTime: anyText, bootId: anyText },
  optional,
);
const processes = fc.array(fc.record({ pid: count, startTime: anyText, bootId: anyText, command: anyText }, optional), {
  maxLength: 2,
});
const outcome = fc.constantFrom<Outcome>(
  'ok',
  'cancelled',
  'interrupted',
  'exit',
  'signal',
  'timeout',
  'hung',
  'spawn',
  'agent',
  'output-limit',
  'lost',
);
const by = fc.constantFrom<StopBy>(
  'user',
  'shutdown',
  'budget',
  'cap',
  'restart',
  'timeout',
  'hung',
  'output-limit',
  'unattended',
  'refused',
);

export const anyEnd: fc.Arbitrary<AttemptEnd> = fc.record(
  {
    outcome,
    reason: anyText,
    at: time,
    exitCode: fc.integer(),
    signal: anyText,
    lastWords: anyText,
    swept: processes,
    kept: processes,
    remaining: processes,
  },
  { requiredKeys: ['outcome', 'reason', 'at', 'swept', 'kept', 'remaining'], ...optional },
);

export const anyAttempt: fc.Arbitrary<Omit<Attempt, 'id'>> = fc.record(
  {
    ...{
      number: count,
      token: anyText,
      windowId: anyText,
      startedAt: time,
      generation: count,
      probe: fc.boolean(),
      reserved: money,
      resumed: fc.boolean(),
    },
    ...{
      readOffset: count,
      cost: money,
      costEstimated: money,
      costUnknown: money,
      costAtLeast: fc.boolean(),
      accrued: money,
      allowance: fc.record(
        {
          amount: money,
          of: fc.constantFrom('cap' as const, 'day' as const),
          heldBy: fc.constantFrom('agent' as const, 'host' as const, 'nobody' as const),
        },
        optional,
      ),
      ...{ treeBefore: anyText, treeAfter: anyText },
      leader: identity,
      guardian: identity,
      sessionId: anyText,
      readerState: anyJsonValue,
    },
    stop: fc.record({ by, at: time, signal: anyText }, { requiredKeys: ['by', 'at'], ...optional }),
  },
  {
    requiredKeys: [
      'number',
      'token',
      'windowId',
      'startedAt',
      'generation',
      'probe',
      'reserved',
      'resumed',
      'readOffset',
      'cost',
      'costEstimated',
      'costUnknown',
      'costAtLeast',
      'accrued',
    ],
    ...optional,
  },
);

const failure: fc.Arbitrary<Failure> = fc.record(
  {
    class: fc.constantFrom('exit', 'signal', 'timeout', 'hung', 'spawn', 'agent', 'output-limit', 'lost'),
    reason: anyText,
    cause: fc.constantFrom('provider', 'auth', 'config', 'session', 'budget', 'turns', 'aborted', 'task'),
    at: time,
  },
  { requiredKeys: ['class', 'reason', 'at'], ...optional },
);

const workTree: fc.Arbitrary<OwnWorkTree> = fc.record(
  {
    ...{ root: anyText, commonFolder: anyText, from: anyText, name: anyText, base: anyText },
    carry: fc.record({ commit: anyText, name: anyText }, optional),
    made: fc.record({ path: anyText, branch: anyText }, optional),
    push: fc.oneof(
      fc.record({ state: fc.constant('due' as const), attempts: count }, optional),
      fc.record(
        { state: fc.constant('pushing' as const), attempts: count, remote: anyText, host: anyText, before: anyText },
        { requiredKeys: ['state', 'attempts', 'remote', 'host'], ...optional },
      ),
      fc.record(
        { state: fc.constant('failed' as const), attempts: count, remote: anyText, why: anyText, at: time },
        optional,
      ),
      fc.record(
        {
          ...{ state: fc.constant('pushed' as const), attempts: count, remote: anyText },
          ...{ address: anyText, tip: anyText },
        },
        optional,
      ),
    ),
    isSetUp: fc.constant(true as const),
    merging: fc.constantFrom('merge' as const, 'squash' as const, 'apply' as const),
    outcome: fc.record(
      {
        how: fc.constantFrom('merged', 'squashed', 'applied', 'kept', 'discarded', 'removed'),
        at: time,
        branch: anyText,
      },
      { requiredKeys: ['how', 'at'], ...optional },
    ),
  },
  { requiredKeys: ['root', 'commonFolder', 'from', 'name', 'base'], ...optional },
);

const changes: fc.Arbitrary<LoopChanges> = fc.record(
  {
    ...{ commonFolder: anyText, start: anyText, now: anyText, files: count, insertions: count, deletions: count },
    leftOut: fc.array(anyText, { maxLength: 3 }),
  },
  { requiredKeys: ['commonFolder', 'start', 'now', 'files', 'insertions', 'deletions'], ...optional },
);

/** Facts that may change; `seq`, `loopId`, `agent`, `submittedAt` and `metadata` are given at the submit. */
export const anyFacts: fc.Arbitrary<Omit<LoopFacts, 'seq' | 'loopId' | 'agent' | 'submittedAt' | 'metadata'>> =
  fc.record(
    {
      ...{ title: anyText, cwd: anyText, folder: anyText, windowId: anyText, priority: fc.maxSafeInteger() },
      place: fc.double({ noNaN: true, noDefaultInfinity: true }).map((place) => place + 0),
      ...{ estimate: money, estimateAssumed: fc.boolean(), maxCost: money, since: time, attempts: count },
      ...{
        restarts: fc.array(time, { maxLength: 4 }),
        quickCrashes: count,
        cost: money,
        costEstimated: money,
        costUnknown: money,
        costAtLeast: fc.boolean(),
        idleAllowances: count,
        sessionId: anyText,
        lastError: failure,
      },
      ...{
        workTree,
        changes,
        followUp: anyText,
        repository: fc.record({ address: anyText, prefix: anyText }, { noNullPrototype: true }),
      },
    },
    {
      requiredKeys: [
        ...(['title', 'cwd', 'windowId', 'priority', 'place', 'estimate', 'estimateAssumed'] as const),
        ...([
          'since',
          'attempts',
          'restarts',
          'quickCrashes',
          'cost',
          'costEstimated',
          'costUnknown',
          'costAtLeast',
          'idleAllowances',
        ] as const),
      ],
      ...optional,
    },
  );

export const anyMetadata = fc
  .dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), anyJsonValue, optional)
  .map((value) => JSON.parse(JSON.stringify(value)));

/** What a loop has in each state, but for the attempt of an active one. */
export const anyPhase: fc.Arbitrary<
  Exclude<LoopPhase, { attempt: Attempt }> | { readonly state: 'running' | 'stopping' }
> = fc.oneof(
  fc.record({ state: fc.constant('queued' as const), fresh: fc.boolean() }, optional),
  fc.record({ state: fc.constantFrom('running' as const, 'stopping' as const) }, optional),
  fc.record({ state: fc.constant('preparing' as const) }, optional),
  fc.record({ state: fc.constant('backingOff' as const), until: time }, optional),
  fc.record(
    {
      ...{ state: fc.constant('waiting' as const), until: time, why: anyText },
      for: fc.constantFrom('usageLimit' as const, 'dailyBudget' as const),
    },
    optional,
  ),
  fc.record(
    {
      ...{ state: fc.constant('waiting' as const), for: fc.constant('you' as const), why: anyText },
      need: fc.constantFrom<UserDecision>('endUnknown', 'machineAway', 'notEnded', 'answer', 'allowance', 'workTree'),
    },
    optional,
  ),
  fc.record({ state: fc.constantFrom('completed' as const, 'cancelled' as const), finishedAt: time }, optional),
  fc.record({ state: fc.constant('failed' as const), finishedAt: time, failure, cleared: fc.boolean() }, optional),
);
