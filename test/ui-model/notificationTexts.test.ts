import assert from 'node:assert/strict';
import type { SupervisorEvent } from '../../src/core/model/event.ts';
import { noticeKind, noticeOf, type Result } from '../../src/ui/notifications/notificationTexts.ts';
import { NOW } from './support/views.ts';

const titleOf = (loopId: string) => `Title of ${loopId}`;
const done = (loopId: string, costUsd = 0): SupervisorEvent => ({
  type: 'loop:completed',
  at: NOW,
  host: 'w1',
  loopId,
  costUsd,
});

describe('Notifications', () => {
  it('R11.2 a completed loop says what its check has shown, and what its agent said last', () => {
    const proof = 'npm test passed in round 2';
    const said = (result: Result) => noticeOf('completion', [done('a', 0.5)], titleOf, NOW, () => result)?.message;
    assert.equal(said({ proof }), `“Title of a” completed for $0.50: ${proof}.`);
    assert.equal(said({ proof, words: 'All done.' }), `“Title of a” completed for $0.50: ${proof}. It said: All done.`);
  });

  const single: readonly [SupervisorEvent, string | undefined, string?][] = [
    [done('a', 0.5), 'completion', '“Title of a” completed for $0.50.'],
    [done('a'), 'completion', '“Title of a” completed.'],
    [
      {
        type: 'loop:failed',
        at: NOW,
        host: 'w1',
        loopId: 'a',
        error: 'It exited with code 1.',
        permanent: true,
        reason: 'exit',
      },
      'failure',
      '“Title of a” failed (no restarts left): It exited with code 1.',
    ],
    [
      { type: 'loop:failed', at: NOW, host: 'w1', loopId: 'a', error: 'x', permanent: false, reason: 'exit' },
      undefined,
    ],
    [
      {
        ...{ type: 'loop:waiting', at: NOW, host: 'w1', loopId: 'a', for: 'usageLimit', until: NOW },
        reason: 'five hours are used up',
      },
      'waiting',
      '“Title of a” waits until 15:40: five hours are used up',
    ],
    [
      { type: 'loop:waiting', at: NOW, host: 'w1', loopId: 'a', for: 'you', reason: 'it asked: Allow? (y/n)' },
      'waiting',
      '“Title of a” needs you: it asked: Allow? (y/n)',
    ],
    [
      { type: 'loop:silent', at: NOW, host: 'w1', loopId: 'a', kind: 'silence', forMs: 900_000 },
      'silence',
      '“Title of a” has been silent for 15m 00s.',
    ],
    [
      { type: 'loop:silent', at: NOW, host: 'w1', loopId: 'a', kind: 'first-output', forMs: 300_000 },
      'silence',
      '“Title of a” has been silent since it started 5m 00s ago.',
    ],
    [{ type: 'loop:silent', at: NOW, host: 'w1', loopId: 'a', kind: 'silence' }, undefined],
    [
      {
        type: 'circuit:trip',
        account: 'claude',
        at: NOW,
        host: 'w1',
        reason: '5 failures in a row',
        cooldownMs: 120_000,
      },
      'circuit',
      'New loops are paused after failures, until 15:42. 5 failures in a row',
    ],
    [
      {
        ...{ type: 'hold:change', at: NOW, host: 'w1', of: { kind: 'account', name: 'claude' }, state: 'held' },
        ...{ reason: 'login', why: 'Not logged in' },
      },
      'hold',
      'claude is held, and its loops wait: Not logged in',
    ],
    [
      {
        ...{ type: 'hold:change', at: NOW, host: 'w1', of: { kind: 'machine' }, state: 'held', reason: 'machine' },
        why: 'the disk is full',
      },
      'hold',
      'This machine is held, and its loops wait: the disk is full',
    ],
    [
      {
        ...{ type: 'hold:change', at: NOW, host: 'w1', of: { kind: 'account', name: 'claude' }, state: 'asks' },
        ...{ reason: 'usageLimit', why: '5-hour limit reached' },
      },
      'hold',
      'claude can continue: its usage limit should be over by now.',
    ],
    [
      {
        ...{ type: 'hold:change', at: NOW, host: 'w1', of: { kind: 'account', name: 'claude' }, state: 'held' },
        ...{ reason: 'usageLimit', why: '5-hour limit reached' },
      },
      undefined,
    ],
    [
      {
        ...{ type: 'work:stale', at: NOW, host: 'w1', loopIds: ['a', 'b'], count: 2 },
        ...{ since: NOW - 36_000_000, awayMs: 36_000_000 },
      },
      'stale',
      '2 loops from 05:40 were unattended for 10h 00m and start only when you say so.',
    ],
    [
      { type: 'budget:warning', at: NOW, host: 'w1', spentUsd: 18, limitUsd: 20 },
      'budget',
      'Spent today: $18.00 of $20.00.',
    ],
    [
      { type: 'budget:exceeded', at: NOW, host: 'w1', spentUsd: 21, limitUsd: 20 },
      'budget',
      'Out of budget: spent $21.00 of $20.00 today. Loops start again at midnight.',
    ],
    [{ type: 'budget:exceeded', at: NOW, host: 'w1', spentUsd: 21, limitUsd: 20, loopId: 'a' }, undefined],
    [{ type: 'loop:started', at: NOW, host: 'w1', loopId: 'a', attempt: 1, agent: 'claude' }, undefined],
    [{ type: 'loop:rejected', at: NOW, host: 'w1', loopId: 'a', reason: 'queue-full', error: 'x' }, undefined],
    [{ type: 'circuit:recover', account: 'claude', at: NOW, host: 'w1', reason: 'x' }, undefined],
  ];
  for (const [event, kind, message] of single) {
    it(`${kind ? `tell as ${kind}` : 'do not tell'} ${JSON.stringify(event)}`, () => {
      assert.equal(noticeKind(event), kind);
      if (kind && message) assert.equal(noticeOf(noticeKind(event)!, [event], titleOf, NOW)?.message, message);
    });
  }

  it('of a burst of waiting loops say what they wait for', () => {
    const waits = (loopId: string, reason: 'you' | 'usageLimit') =>
      ({ type: 'loop:waiting', at: NOW, host: 'w1', loopId, for: reason, reason: 'x' }) as const;
    const said = (...events: ReturnType<typeof waits>[]) => noticeOf('waiting', events, titleOf, NOW)?.message;
    assert.equal(said(waits('a', 'you'), waits('b', 'you')), '2 loops need you: “Title of a” and “Title of b”.');
    assert.match(said(waits('a', 'usageLimit'), waits('b', 'usageLimit')) ?? '', /^2 loops wait for a usage limit: /);
    assert.match(said(waits('a', 'you'), waits('b', 'usageLimit')) ?? '', /^2 loops are waiting: /);
  });

  it('of a burst are one message that names three loops and counts the rest', () => {
    const loops = Array.from({ length: 40 }, (_, i) => done(`l${i}`));
    const notice = noticeOf('completion', loops, titleOf, NOW);
    assert.equal(notice?.message, '40 loops completed: “Title of l0”, “Title of l1”, “Title of l2” and 37 more.');
    assert.equal(notice?.loopIds.length, 40);
    assert.equal(
      noticeOf('completion', loops.slice(0, 2), titleOf, NOW)?.message,
      '2 loops completed: “Title of l0” and “Title of l1”.',
    );
  });

  it('look up only the names that they show', () => {
    let asked = 0;
    noticeOf(
      'completion',
      Array.from({ length: 1000 }, (_, i) => done(`l${i}`)),
      (id) => `${id}${++asked}`,
      NOW,
    );
    assert.equal(asked, 3);
  });

  it('tell the last of several about the same loop', () => {
    assert.equal(
      noticeOf('completion', [done('a', 1), done('a', 2)], titleOf, NOW)?.message,
      '“Title of a” completed for $2.00.',
    );
    assert.equal(noticeOf('completion', [], titleOf, NOW), undefined);
  });
});
