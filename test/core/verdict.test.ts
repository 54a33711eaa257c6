import assert from 'node:assert/strict';
import type { AgentErrorCause } from '../../src/core/model/agentEvent.ts';
import type { FailureClass, StopBy } from '../../src/core/model/attempt.ts';
import type { CircuitVote } from '../../src/core/policy/circuitBreaker.ts';
import { circuitVote, decideOutcome, type EndFacts, type Verdict } from '../../src/core/policy/verdict.ts';

type End = EndFacts['end'];
type Said = NonNullable<EndFacts['said']>;
type Limit = NonNullable<EndFacts['limit']>;

const STOPS: readonly StopBy[] = [
  'user',
  'shutdown',
  'budget',
  'cap',
  'restart',
  'timeout',
  'hung',
  'output-limit',
  'unattended',
  'ended',
  'refused',
];
const CAUSES: readonly AgentErrorCause[] = [
  'provider',
  'auth',
  'config',
  'session',
  'budget',
  'turns',
  'aborted',
  'task',
];
const LIMIT: Limit = { type: 'limit', until: 99, reason: 'usage limit reached' };
const NO_TIME: Limit = { type: 'limit', reason: 'usage limit reached' };
const USED_UP: Said = { type: 'end', ok: false, reason: 'the budget is used up', cause: 'budget' };
const ALLOWANCE = { amount: 5, of: 'day', heldBy: 'agent' } as const;
const SAID_OK: Said = { type: 'end', ok: true, reason: 'all done' };

function exited(facts: Partial<End> = {}): End {
  return { kind: 'exited', exit: { exitCode: 0 }, errorLine: '', ...facts };
}

function saidNot(cause: AgentErrorCause): Said {
  return { type: 'end', ok: false, reason: `the agent said ${cause}`, cause };
}

/** A verdict in short: kind, class, and whether it is charged or permanent. */
function short(verdict: Verdict): string {
  if (verdict.kind === 'failed') return `${verdict.class}${verdict.permanent ? ' for good' : ''}`;
  if (verdict.kind === 'interrupted') return verdict.charged ? 'interrupted, charged' : 'interrupted';
  return verdict.kind === 'limited' ? `limited until ${verdict.until ?? 'unnamed'}` : verdict.kind;
}

/** Everything that can be known of an end beside the stops: how the process ended × what the agent said × a limit. */
function* everyEnd(): Generator<EndFacts> {
  const ends: End[] = [
    exited(),
    exited({ exit: { exitCode: 1 } }),
    exited({ exit: { exitCode: 143 }, errorLine: 'Terminated' }),
    exited({ exit: { signal: 'SIGKILL' } }),
    { kind: 'spawn', exit: {}, error: 'ENOENT', errorLine: '' },
    { kind: 'void', exit: {}, errorLine: '' },
    { kind: 'lost', exit: {}, errorLine: '' },
  ];
  for (const end of ends) {
    for (const said of [undefined, SAID_OK, ...CAUSES.map(saidNot)]) {
      for (const limit of [undefined, LIMIT, NO_TIME]) yield { end, ...(said && { said }), ...(limit && { limit }) };
    }
  }
}

describe('outcome of an attempt', () => {
  const rows: readonly (readonly [title: string, facts: EndFacts, expected: string, vote: CircuitVote])[] = [
    ['exit code 0', { end: exited() }, 'ok', 'success'],
    ['exit code 0, agent says done', { end: exited(), said: SAID_OK }, 'ok', 'success'],
    ['exit code 0, agent says that it failed', { end: exited(), said: saidNot('task') }, 'agent', 'failure'],
    ['exit code 1', { end: exited({ exit: { exitCode: 1 } }) }, 'exit', 'failure'],
    [
      'exit code 1 after the agent has said done (E2)',
      { end: exited({ exit: { exitCode: 1 } }), said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'SIGKILL from outside after the agent has said done (E2)',
      { end: exited({ exit: { signal: 'SIGKILL' } }), said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'stopped at the log limit after the agent has said done (E2)',
      { end: exited({ exit: { signal: 'SIGKILL' }, stoppedBy: 'output-limit' }), said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'timeout after the agent has said done',
      { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'timeout' }), said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'exit code 0 by itself when a shutdown was on record already (E3)',
      { end: exited(), stop: 'shutdown' },
      'ok',
      'success',
    ],
    [
      'exit code 0 by itself when a budget stop was on record already (E3)',
      { end: exited(), stop: 'budget' },
      'ok',
      'success',
    ],
    [
      'exit code 0 of a handler, when the shutdown had begun',
      { end: exited({ stoppedBy: 'shutdown' }), stop: 'shutdown' },
      'interrupted',
      'neither',
    ],
    [
      'its guardian got a signal that nobody had ordered (B6)',
      { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'shutdown', foreignSignal: 'SIGTERM' }) },
      'interrupted, charged',
      'neither',
    ],
    [
      'its guardian got a signal since no order could be written',
      { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'shutdown', foreignSignal: 'SIGTERM' }), stop: 'budget' },
      'interrupted',
      'neither',
    ],
    [
      'its guardian got a signal after the agent has said done',
      { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'shutdown', foreignSignal: 'SIGTERM' }), said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'the machine could not run its guardian (B3, B4)',
      { end: { kind: 'void', exit: {}, trouble: 'machine', error: 'the disk is full', errorLine: '' } },
      'interrupted',
      'neither',
    ],
    [
      'its folder was removed while it ran (B10)',
      { end: exited({ exit: { exitCode: 128 }, trouble: 'folder' }), said: saidNot('task') },
      'interrupted',
      'neither',
    ],
    [
      'killed for want of memory (B11)',
      { end: exited({ exit: { signal: 'SIGKILL' }, trouble: 'memory' }) },
      'memory',
      'neither',
    ],
    ['SIGKILL from outside', { end: exited({ exit: { signal: 'SIGKILL' } }) }, 'signal', 'failure'],
    ['exit code 143 of a handler, from outside', { end: exited({ exit: { exitCode: 143 } }) }, 'exit', 'failure'],
    ['command not found', { end: { kind: 'spawn', exit: {}, error: 'ENOENT', errorLine: '' } }, 'held', 'neither'],
    ['never claimed', { end: { kind: 'void', exit: {}, errorLine: '' } }, 'interrupted, charged', 'neither'],
    [
      'no process was free',
      { end: { kind: 'void', exit: {}, error: 'EAGAIN', errorLine: '' } },
      'interrupted, charged',
      'neither',
    ],
    ['guardian lost', { end: { kind: 'lost', exit: {}, errorLine: '' } }, 'lost', 'failure'],
    [
      'guardian lost after the agent had said done',
      { end: { kind: 'lost', exit: {}, errorLine: '' }, said: SAID_OK },
      'ok',
      'success',
    ],
    [
      'usage limit, exit code 1',
      { end: exited({ exit: { exitCode: 1 } }), limit: LIMIT },
      'limited until 99',
      'neither',
    ],
    [
      'usage limit, agent says that it failed',
      { end: exited(), said: saidNot('provider'), limit: LIMIT },
      'limited until 99',
      'neither',
    ],
    [
      'usage limit without a time',
      { end: exited({ exit: { exitCode: 1 } }), limit: NO_TIME },
      'limited until unnamed',
      'neither',
    ],
    [
      'usage limit that was got over, then its cap of turns',
      { end: exited(), said: saidNot('turns'), limit: LIMIT },
      'agent for good',
      'neither',
    ],
    [
      'usage limit that was got over, then a failure of its own',
      { end: exited(), said: saidNot('task'), limit: LIMIT },
      'agent',
      'failure',
    ],
    ['usage limit that the agent got over', { end: exited(), said: SAID_OK, limit: LIMIT }, 'ok', 'success'],
    ['provider trouble', { end: exited({ exit: { exitCode: 1 } }), said: saidNot('provider') }, 'agent', 'failure'],
    ['wrong key', { end: exited({ exit: { exitCode: 1 } }), said: saidNot('auth') }, 'held', 'neither'],
    [
      'bad flag or unknown model',
      { end: exited({ exit: { exitCode: 1 } }), said: saidNot('config') },
      'held',
      'neither',
    ],
    ["the agent's own cost cap", { end: exited(), said: saidNot('budget') }, 'agent for good', 'neither'],
    ["the agent's own cap of turns", { end: exited(), said: saidNot('turns') }, 'agent for good', 'neither'],
    ['unknown session', { end: exited({ exit: { exitCode: 1 } }), said: saidNot('session') }, 'agent', 'neither'],
    [
      'the agent was interrupted from outside',
      { end: exited({ exit: { exitCode: 130 } }), said: saidNot('aborted') },
      'agent',
      'failure',
    ],
    ['stopped by the user', { end: exited({ exit: { signal: 'SIGTERM' } }), stop: 'user' }, 'cancelled', 'neither'],
    [
      'stopped by shutdown',
      { end: exited({ exit: { signal: 'SIGTERM' } }), stop: 'shutdown' },
      'interrupted',
      'neither',
    ],
    [
      'stopped by the budget',
      { end: exited({ exit: { signal: 'SIGTERM' } }), stop: 'budget' },
      'interrupted',
      'neither',
    ],
    ['stopped because nobody was home', { end: exited({ stoppedBy: 'unattended' }) }, 'interrupted', 'neither'],
    [
      'restarted by the user',
      { end: exited({ exit: { signal: 'SIGTERM' } }), stop: 'restart' },
      'interrupted',
      'neither',
    ],
    ['its own maximum cost', { end: exited({ exit: { signal: 'SIGTERM' } }), stop: 'cap' }, 'usedUp', 'neither'],
    [
      'stopped at the end of its allowance',
      { end: exited({ stoppedBy: 'budget' }), stop: 'budget', allowance: { ...ALLOWANCE, isUsedUp: true } },
      'usedUp',
      'neither',
    ],
    [
      'stopped for the budget with some of its allowance left',
      { end: exited({ stoppedBy: 'budget' }), stop: 'budget', allowance: { ...ALLOWANCE, isUsedUp: false } },
      'interrupted',
      'neither',
    ],
    [
      'the cap that it was given with its allowance',
      { end: exited({ exit: { exitCode: 1 } }), said: USED_UP, allowance: { ...ALLOWANCE, isUsedUp: false } },
      'usedUp',
      'neither',
    ],
    [
      'a cap of its own that nobody gave it',
      {
        end: exited({ exit: { exitCode: 1 } }),
        said: USED_UP,
        allowance: { ...ALLOWANCE, heldBy: 'host', isUsedUp: false },
      },
      'agent for good',
      'neither',
    ],
    ['time-out', { end: exited({ exit: { signal: 'SIGKILL' }, stoppedBy: 'timeout' }) }, 'timeout', 'failure'],
    ['hung', { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'hung' }) }, 'hung', 'failure'],
    [
      'output limit',
      { end: exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'output-limit' }) },
      'output-limit',
      'failure',
    ],
  ];
  for (const [title, facts, expected, vote] of rows) {
    it(`R4.2 R5.3 ${title}: ${expected}, for the circuit ${vote}`, () => {
      const verdict = decideOutcome(facts);
      assert.equal(short(verdict), expected);
      assert.equal(circuitVote(verdict), vote);
    });
  }

  it('R7.2 a stop of the user is final: whatever the process did or said, it is a cancel', () => {
    for (const facts of everyEnd()) {
      for (const stoppedBy of [undefined, ...STOPS]) {
        const verdict = decideOutcome({
          ...facts,
          end: { ...facts.end, ...(stoppedBy && { stoppedBy }) },
          stop: 'user',
        });
        assert.equal(verdict.kind, 'cancelled', JSON.stringify({ facts, stoppedBy }));
      }
    }
  });

  it('R7.2 another stop of ours decides alone, on record or as the guardian tells; where they differ the guardian knows what it did', () => {
    for (const stop of STOPS) {
      const alone = decideOutcome({ end: exited({ exit: { exitCode: 143 }, stoppedBy: stop }), stop });
      for (const facts of everyEnd()) {
        const cameTooLate =
          facts.end.kind === 'exited' && facts.end.exit.exitCode === 0 && (facts.said === undefined || facts.said.ok);
        // What the agent said last counts, unless it was the user who stopped it (R5.6).
        const isDone = facts.said?.ok === true;
        if (stop !== 'user' && (cameTooLate || (isDone && stop !== 'restart'))) continue;
        if (stop === 'ended' && facts.said) continue;
        assert.deepEqual(decideOutcome({ ...facts, stop }), alone);
        const told = { ...facts, end: { ...facts.end, stoppedBy: stop } };
        for (const onRecord of STOPS.filter((other) => other !== 'user'))
          assert.deepEqual(decideOutcome({ ...told, stop: onRecord }), alone);
        assert.deepEqual(decideOutcome(told), alone);
      }
    }
  });

  it('R7.2 a stop that its guardian had not begun when the work was done came too late: the work counts, except for the user', () => {
    const done = { end: exited(), said: SAID_OK };
    for (const stop of STOPS)
      assert.equal(decideOutcome({ ...done, stop }).kind, stop === 'user' ? 'cancelled' : 'ok', stop);
    const restarted = exited({ exit: { signal: 'SIGTERM' }, stoppedBy: 'restart' });
    assert.equal(decideOutcome({ end: restarted, said: SAID_OK, stop: 'restart' }).kind, 'interrupted');
  });

  it('R5.6 what the agent said last counts, whatever became of its process, unless the user stopped it', () => {
    for (const facts of everyEnd()) {
      if (!facts.said?.ok || facts.end.kind === 'spawn' || facts.end.kind === 'void') continue;
      for (const stop of STOPS.filter((one) => one !== 'user' && one !== 'restart')) {
        for (const end of [facts.end, { ...facts.end, stoppedBy: stop }])
          assert.equal(decideOutcome({ ...facts, end, stop }).kind, 'ok', JSON.stringify({ end, stop }));
      }
    }
  });

  it('R7.2 without a stop of ours nothing is a cancel: death by an outside SIGKILL is a failure', () => {
    for (const facts of everyEnd()) assert.notEqual(decideOutcome(facts).kind, 'cancelled');
    const verdict = decideOutcome({ end: exited({ exit: { signal: 'SIGKILL' } }) });
    assert.equal(verdict.reason, 'killed from outside by SIGKILL');
  });

  it('R4.2 a program that cannot start, a question and a want of memory say nothing of the account', () => {
    const voteOf = (kind: FailureClass) => circuitVote({ kind: 'failed', class: kind, reason: '', permanent: false });
    assert.deepEqual((['spawn', 'asks', 'memory', 'exit'] as const).map(voteOf), [
      ...['neither', 'neither', 'neither'],
      'failure',
    ]);
  });

  it('R5.3 every end has a reason in words', () => {
    for (const facts of everyEnd()) assert.match(decideOutcome(facts).reason, /\S/);
    const verdict = decideOutcome({ end: exited({ exit: { exitCode: 2 }, errorLine: 'unknown flag --x' }) });
    assert.equal(verdict.reason, 'exit code 2: unknown flag --x');
    assert.equal(decideOutcome({ end: exited({ exit: { exitCode: 2 } }) }).reason, 'exit code 2');
  });

  it('R4.2 only a success clears and only a failure counts: all ends of all kinds vote accordingly', () => {
    for (const facts of everyEnd()) {
      const verdict = decideOutcome(facts);
      const vote = circuitVote(verdict);
      if (verdict.kind === 'ok') assert.equal(vote, 'success');
      else assert.notEqual(vote, 'success');
      if (verdict.kind !== 'failed') assert.notEqual(vote, 'failure');
    }
  });
});
