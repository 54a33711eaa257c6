import assert from 'node:assert/strict';
import type { FinishedLoop } from '../../src/core/model/loop.ts';
import { toNano } from '../../src/core/model/money.ts';
import { absenceSummary } from '../../src/ui/notifications/absence.ts';
import { eventPayload } from '../../src/ui/notifications/eventPayload.ts';
import { completed, facts, NOW } from './support/views.ts';

describe('after an absence', () => {
  const since = new Date(2026, 2, 9, 18, 5).getTime();
  const failed: FinishedLoop = {
    ...facts('f', { cost: toNano(0.2) }),
    state: 'failed',
    finishedAt: NOW,
    failure: { class: 'exit', reason: 'It exited with code 1.', at: NOW },
    cleared: false,
  };

  it('one sentence gives the results, who needs the user, and the cost', () => {
    const demo = completed('b', { agent: 'demo', cost: toNano(8) });
    const finished = [completed('a', { cost: toNano(3) }), demo, failed];
    assert.equal(
      absenceSummary({ finished, needYou: 1, isDemo: (agent) => agent === 'demo' }, since, NOW),
      'While you were away since Mon 18:05: 2 completed, 1 failed, 1 needs you. Finished loops cost $3.20.',
      'play money is left out',
    );
  });

  it('says nothing if nothing happened', () => {
    const cancelled: FinishedLoop = { ...facts('c'), state: 'cancelled', finishedAt: NOW };
    assert.equal(absenceSummary({ finished: [cancelled], needYou: 0, isDemo: () => false }, since, NOW), undefined);
  });
});

describe('what the notify command gets', () => {
  it('is the event, with its kind, the title of the loop and a sentence', () => {
    const event = { type: 'loop:completed', at: NOW, host: 'w1', loopId: 'a', costUsd: 0.5 } as const;
    assert.deepEqual(eventPayload('completion', event, 'Fix it'), {
      ...event,
      kind: 'completion',
      title: 'Fix it',
      message: '“Fix it” completed for $0.50.',
    });
  });
});
