import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type CircuitRecord, CLOSED_CIRCUIT } from '../../src/core/model/circuit.ts';
import type { CircuitSettings } from '../../src/core/model/settings.ts';
import {
  afterAttempt,
  attemptsAllowed,
  type CircuitVote,
  circuitAt,
  cooldownRemainingMs,
  resetCircuit,
} from '../../src/core/policy/circuitBreaker.ts';

const SETTINGS: CircuitSettings = { failureThreshold: 3, cooldownMs: 120_000, halfOpenMaxProbes: 1 };
const T0 = 1_000_000_000;

function end(record: CircuitRecord, vote: CircuitVote, now = T0, generation = record.generation): CircuitRecord {
  return afterAttempt(record, SETTINGS, { seq: 1, generation, vote, reason: `${vote} at ${now}` }, now).record;
}

/** A circuit that opened at `now`. */
function opened(now = T0): CircuitRecord {
  return [1, 2, 3].reduce((record) => end(record, 'failure', now), CLOSED_CIRCUIT);
}

/** A circuit whose cool-down is over. */
function halfOpen(): CircuitRecord {
  return circuitAt(opened(), SETTINGS, T0 + SETTINGS.cooldownMs).record;
}

describe('circuit breaker', () => {
  it('R4.1 opens at the threshold, not one failure before', () => {
    const two = end(end(CLOSED_CIRCUIT, 'failure'), 'failure');
    assert.deepEqual([two.state, two.consecutiveFailures], ['closed', 2]);
    const step = afterAttempt(
      two,
      SETTINGS,
      { seq: 1, generation: two.generation, vote: 'failure', reason: 'exit code 1' },
      T0,
    );
    assert.equal(step.record.state, 'open');
    assert.equal(step.record.openedAt, T0);
    assert.equal(step.record.generation, two.generation + 1);
    assert.equal(step.reason, '3 failures in a row, the last: exit code 1');
  });

  it('R4.2 failures must be in a row: a success sets the count to 0', () => {
    const record = ['failure', 'failure', 'success', 'failure', 'failure'].reduce(
      (now, vote) => end(now, vote as CircuitVote),
      CLOSED_CIRCUIT,
    );
    assert.deepEqual([record.state, record.consecutiveFailures], ['closed', 2]);
  });

  it('R4.2 an end that is neither counts neither way', () => {
    const two = end(end(CLOSED_CIRCUIT, 'failure'), 'failure');
    assert.equal(end(two, 'neither'), two);
    const probing = halfOpen();
    assert.equal(end(probing, 'neither'), probing, 'R4.1 a probe that ends neither way decides nothing');
  });

  it('R4.1 becomes half-open when the cool-down is over, not 1 ms before', () => {
    const record = opened();
    const before = circuitAt(record, SETTINGS, T0 + SETTINGS.cooldownMs - 1);
    assert.deepEqual([before.record.state, before.reason], ['open', undefined]);
    const after = circuitAt(record, SETTINGS, T0 + SETTINGS.cooldownMs);
    assert.deepEqual([after.record.state, after.reason], ['half-open', 'the cool-down is over']);
    assert.equal(after.record.generation, record.generation + 1);
  });

  it('R4.1 nothing runs while it is open; in half-open the probes that run are counted', () => {
    assert.equal(attemptsAllowed(CLOSED_CIRCUIT, SETTINGS, 7), Number.POSITIVE_INFINITY);
    assert.equal(attemptsAllowed(opened(), SETTINGS, 0), 0);
    assert.equal(attemptsAllowed(halfOpen(), SETTINGS, 0), 1);
    assert.equal(attemptsAllowed(halfOpen(), SETTINGS, 1), 0);
    assert.equal(attemptsAllowed(halfOpen(), { ...SETTINGS, halfOpenMaxProbes: 3 }, 1), 2);
    assert.equal(attemptsAllowed(halfOpen(), SETTINGS, 2), 0, 'never less than none, though the setting was lowered');
  });

  it('R4.1 a probe that succeeds closes it and clears what was counted', () => {
    const probing = halfOpen();
    const { record, reason } = afterAttempt(
      probing,
      SETTINGS,
      { seq: 1, generation: probing.generation, vote: 'success', reason: 'exit code 0' },
      T0,
    );
    assert.deepEqual(
      [record.state, record.consecutiveFailures, record.openedAt, reason],
      ['closed', 0, undefined, 'a probe succeeded'],
    );
    assert.equal(record.generation, probing.generation + 1);
  });

  it('R4.1 a probe that fails opens it again with a fresh cool-down', () => {
    const now = T0 + SETTINGS.cooldownMs + 5_000;
    const again = end(halfOpen(), 'failure', now);
    assert.deepEqual([again.state, again.openedAt], ['open', now]);
    assert.equal(cooldownRemainingMs(again, SETTINGS, now), SETTINGS.cooldownMs);
    assert.equal(circuitAt(again, SETTINGS, now + SETTINGS.cooldownMs - 1).record.state, 'open');
  });

  it('R4.2 a late success, of an attempt begun before the trip, closes nothing', () => {
    const before = CLOSED_CIRCUIT.generation;
    const open = opened();
    assert.equal(end(open, 'success', T0, before), open);
    const probing = halfOpen();
    assert.equal(end(probing, 'success', T0, before), probing);
  });

  it('R4.2 a late failure opens nothing again', () => {
    const probing = halfOpen();
    assert.equal(end(probing, 'failure', T0, CLOSED_CIRCUIT.generation), probing);
    const closed = end(probing, 'success');
    assert.equal(
      end(closed, 'failure', T0, probing.generation),
      closed,
      'a second probe that fails after the first has closed it',
    );
  });

  it("R4.3 shows the last failures' reasons, newest first, five at most, and when the last was", () => {
    const patient = { ...SETTINGS, failureThreshold: 100 };
    let record = CLOSED_CIRCUIT;
    for (let n = 1; n <= 7; n++)
      record = afterAttempt(
        record,
        patient,
        { seq: 1, generation: 0, vote: 'failure', reason: `reason ${n}` },
        T0 + n,
      ).record;
    assert.deepEqual(record.reasons, ['reason 7', 'reason 6', 'reason 5', 'reason 4', 'reason 3']);
    assert.deepEqual([record.consecutiveFailures, record.lastFailureAt], [7, T0 + 7]);
  });

  it('R4.3 reset closes it by hand, whatever its state, and what ran before counts no more', () => {
    for (const record of [opened(), halfOpen()]) {
      const step = resetCircuit(record);
      assert.deepEqual(
        [step.record.state, step.record.consecutiveFailures, step.reason],
        ['closed', 0, 'reset by hand'],
      );
      assert.equal(end(step.record, 'failure', T0, record.generation), step.record);
    }
    const counting = end(end(CLOSED_CIRCUIT, 'failure'), 'failure');
    const step = resetCircuit(counting);
    assert.deepEqual(
      [step.record.state, step.record.consecutiveFailures, step.reason],
      ['closed', 0, undefined],
      'it was closed: no change to tell',
    );
    assert.equal(end(step.record, 'failure', T0, counting.generation).consecutiveFailures, 0);
    assert.equal(resetCircuit(CLOSED_CIRCUIT).record, CLOSED_CIRCUIT);
  });

  it('R4.5 a time in the future (the clock went back) is rewritten to now', () => {
    const record = opened(T0 + 365 * 86_400_000);
    assert.equal(
      cooldownRemainingMs(record, SETTINGS, T0),
      SETTINGS.cooldownMs,
      'what is shown is clamped before it is rewritten',
    );
    const seen = circuitAt(record, SETTINGS, T0).record;
    assert.deepEqual([seen.openedAt, seen.lastFailureAt, seen.state], [T0, T0, 'open']);
    assert.equal(circuitAt(seen, SETTINGS, T0 + SETTINGS.cooldownMs).record.state, 'half-open');
  });

  it('R4.5 a jump of the clock forwards ends the cool-down: what remains is never negative', () => {
    assert.equal(cooldownRemainingMs(opened(), SETTINGS, T0 + 1e12), 0);
    assert.equal(circuitAt(opened(), SETTINGS, T0 + 1e12).record.state, 'half-open');
  });

  const records = fc.record({
    state: fc.constantFrom('closed' as const, 'open' as const, 'half-open' as const),
    generation: fc.nat(100),
    consecutiveFailures: fc.nat(10),
    openedAt: fc.integer({ min: -1e13, max: 1e13 }),
    lastFailureAt: fc.integer({ min: -1e13, max: 1e13 }),
    reasons: fc.constant([]),
  });

  it('R4.5 whatever is stored and whatever the clock says, one cool-down later it is not open', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 1e13 }), fc.nat(600_000), (stored, now, cooldownMs) => {
        const settings = { ...SETTINGS, cooldownMs };
        const left = cooldownRemainingMs(stored, settings, now);
        assert.ok(left >= 0 && left <= cooldownMs);
        const { record } = circuitAt(stored, settings, now);
        assert.ok((record.openedAt ?? 0) <= now && (record.lastFailureAt ?? 0) <= now);
        assert.notEqual(circuitAt(record, settings, now + cooldownMs).record.state, 'open');
      }),
    );
  });

  it('R4.1 R4.2 over any course of events it agrees with a plain account of the rules', () => {
    const settings: CircuitSettings = { failureThreshold: 3, cooldownMs: 1_000, halfOpenMaxProbes: 2 };
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.record({ act: fc.constant('start' as const) }) },
        {
          weight: 4,
          arbitrary: fc.record({
            act: fc.constant('end' as const),
            which: fc.nat(5),
            vote: fc.constantFrom<CircuitVote>('success', 'failure', 'neither'),
          }),
        },
        { weight: 2, arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.nat(1_500) }) },
        { weight: 1, arbitrary: fc.record({ act: fc.constant('reset' as const) }) },
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, (plan) => {
        let record = CLOSED_CIRCUIT;
        let now = T0;
        // What state it is in, since when, failures in a row, and which attempts still count.
        const account = { state: 'closed' as CircuitRecord['state'], since: 0, inARow: 0 };
        let attempts: { counts: boolean; generation: number }[] = [];
        const become = (state: CircuitRecord['state']) => {
          account.state = state;
          account.since = now;
          if (state === 'closed') account.inARow = 0;
          for (const attempt of attempts) attempt.counts = false;
        };
        for (const step of plan) {
          if (step.act === 'pass') now += step.ms;
          record = circuitAt(record, settings, now).record;
          if (account.state === 'open' && now - account.since >= 1_000) become('half-open');
          if (step.act === 'start') {
            const allowed =
              account.state === 'closed' ||
              (account.state === 'half-open' && attempts.filter((attempt) => attempt.counts).length < 2);
            const probes = attempts.filter((attempt) => attempt.generation === record.generation).length;
            assert.equal(attemptsAllowed(record, settings, probes) > 0, allowed);
            if (allowed) attempts.push({ counts: true, generation: record.generation });
          }
          if (step.act === 'end' && attempts.length > 0) {
            const attempt = attempts[step.which % attempts.length] as (typeof attempts)[number];
            attempts = attempts.filter((other) => other !== attempt);
            record = afterAttempt(
              record,
              settings,
              { seq: 1, generation: attempt.generation, vote: step.vote, reason: 'why' },
              now,
            ).record;
            if (attempt.counts && step.vote === 'success') {
              account.inARow = 0;
              if (account.state === 'half-open') become('closed');
            } else if (attempt.counts && step.vote === 'failure') {
              account.inARow++;
              if (account.state === 'half-open' || account.inARow >= 3) become('open');
            }
          }
          if (step.act === 'reset') {
            record = resetCircuit(record).record;
            if (account.state !== 'closed' || account.inARow > 0) become('closed');
          }
          assert.equal(record.state, account.state);
          if (account.state === 'closed') assert.equal(record.consecutiveFailures, account.inARow);
          if (account.state === 'open')
            assert.equal(cooldownRemainingMs(record, settings, now), 1_000 - (now - account.since));
        }
      }),
      { numRuns: 500 },
    );
  });
});
