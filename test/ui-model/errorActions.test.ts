import assert from 'node:assert/strict';
import {
  BudgetExceededError,
  CircuitOpenError,
  DuplicateLoopError,
  InvalidLoopError,
  NotReadyError,
  NoWorkTreeError,
  PermanentlyFailedError,
  QueueFullError,
  ShuttingDownError,
  StoreError,
  UnknownLoopError,
  WrongStateError,
} from '../../src/core/model/errors.ts';
import { errorActions, errorText } from '../../src/ui/commands/errorActions.ts';

describe('The buttons of an error', () => {
  const cases: readonly [string, unknown, string[]][] = [
    ['an open circuit', new CircuitOpenError(87), ['Reset Circuit', 'Show Circuit']],
    [
      'a used-up budget',
      new BudgetExceededError({ spentUsd: 20, unknownUsd: 0, reservedUsd: 0, limitUsd: 20, estimateUsd: 1 }),
      ['Raise Limit', 'Show Budget'],
    ],
    ['a full queue', new QueueFullError(20, 20), ['Open Settings', 'Show Loops']],
    ['a permanent failure', new PermanentlyFailedError('a'), ['Retry', 'Show Output']],
    ['a loop that is here already', new DuplicateLoopError('a'), ['Show Output']],
    ['a shutdown', new ShuttingDownError(), ['Reload Window']],
    ['an unknown loop', new UnknownLoopError('a'), ['Show Loops']],
    ['a wrong state', new WrongStateError('a', 'is running'), ['Show Details']],
    ['an unknown agent', new InvalidLoopError('agent', 'is unknown'), ['Choose Agent', 'Open Settings']],
    ['a folder without a repository', new NoWorkTreeError('bare', 'it is bare.'), ['Open Settings']],
    ['a commit that no other machine can get', new NoWorkTreeError('not-pushed', 'push it.'), ['Push']],
    ['an empty prompt', new InvalidLoopError('prompt', 'is empty'), []],
    [
      'a store in trouble',
      new StoreError('disk', 'The disk is full.'),
      ['Reopen Database', 'Reload Window', 'Open Storage Folder'],
    ],
    ['anything else', new TypeError('oops'), ['Show Log']],
  ];
  for (const [what, error, titles] of cases) {
    it(`help with ${what}`, () => {
      assert.deepEqual(
        errorActions(error, 'ready').map(({ title }) => title),
        titles,
      );
    });
  }

  describe('R1.1 of a submit that is refused for now', () => {
    const overBudget = (estimateUsd: number) =>
      new BudgetExceededError({ spentUsd: 20, unknownUsd: 0, reservedUsd: 0, limitUsd: 20, estimateUsd });
    const offered = (error: unknown) => errorActions(error, 'ready', true).map(({ title }) => title);

    it('have it queued instead', () => {
      assert.deepEqual(offered(new CircuitOpenError(87)), ['Reset Circuit', 'Queue Until It Recovers', 'Show Circuit']);
      assert.deepEqual(offered(overBudget(20)), ['Raise Limit', 'Queue Until It Recovers', 'Show Budget']);
    });

    it('do not where it would wait for ever, or has no room', () => {
      assert.deepEqual(offered(overBudget(20.01)), ['Raise Limit', 'Show Budget']);
      assert.deepEqual(offered(new QueueFullError(20, 20)), ['Open Settings', 'Show Loops']);
    });
  });

  it('come with a time that stays right while the message is on screen', () => {
    const now = new Date(2026, 2, 10, 15, 40).getTime();
    assert.match(errorText(new CircuitOpenError(90), now), /paused after several failures.*due at 15:41\.$/);
    assert.doesNotMatch(errorText(new CircuitOpenError(0), now), /due at/);
    assert.equal(errorText(new TypeError('oops'), now), 'oops');
  });

  it('name the loop that they act on', () => {
    const [retry] = errorActions(new PermanentlyFailedError('a'), 'ready');
    assert.deepEqual(retry && 'args' in retry && retry.args, ['a']);
  });

  it('of what is not ready depend on why', () => {
    const titles = (state: Parameters<typeof errorActions>[1]) =>
      errorActions(new NotReadyError('not ready'), state).map(({ title }) => title);
    assert.deepEqual(titles('untrusted'), ['Manage Workspace Trust']);
    assert.deepEqual(titles('broken'), ['Reopen Database', 'Reload Window', 'Open Storage Folder']);
    assert.deepEqual(titles('opening'), []);
  });
});
