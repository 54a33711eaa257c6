import assert from 'node:assert/strict';
import { type CircuitRecord, CLOSED_CIRCUIT } from '../../src/core/model/circuit.ts';
import {
  BudgetExceededError,
  CircuitOpenError,
  InvalidLoopError,
  QueueFullError,
} from '../../src/core/model/errors.ts';
import { GONE, there, unknown } from '../../src/core/model/looks.ts';
import type { Loop } from '../../src/core/model/loop.ts';
import type { LoopSpec } from '../../src/core/model/loopSpec.ts';
import { toNano } from '../../src/core/model/money.ts';
import { LiveState } from '../../src/core/state/liveState.ts';
import { type AdmissionFacts, checkSpec, lacksRoom, REJECT_REASON, refusal } from '../../src/core/steps/admission.ts';
import { inLine } from '../../src/core/steps/dispatch.ts';
import { activeLoop, contextWith, liveStateWith, queuedLoop } from '../support/coreParts.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';

const MEBIBYTE = 1024 * 1024;

describe('checks of a submit', () => {
  /** Anything that a caller without types may send. */
  const loose = (fields: { readonly [name: string]: unknown }) =>
    ({ prompt: 'work', ...fields }) as unknown as LoopSpec;

  const wrong: readonly (readonly [fields: { readonly [name: string]: unknown }, field: string, why: RegExp])[] = [
    [{ prompt: '' }, 'prompt', /is empty/],
    [{ prompt: ' \n\t\u00a0\u2003' }, 'prompt', /is empty/],
    [{ prompt: undefined }, 'prompt', /is empty/],
    [{ prompt: 5 }, 'prompt', /is empty/],
    [{ loopId: '' }, 'loopId', /1 to 128 letters, digits/],
    [{ loopId: 'x'.repeat(129) }, 'loopId', /1 to 128/],
    [{ loopId: 'a b' }, 'loopId', /1 to 128/],
    [{ loopId: '../x' }, 'loopId', /1 to 128/],
    [{ loopId: 'ä' }, 'loopId', /1 to 128/],
    [{ loopId: 'a\n' }, 'loopId', /1 to 128/],
    [{ loopId: 7 }, 'loopId', /1 to 128/],
    [{ priority: 0.5 }, 'priority', /finite integer, but is 0\.5/],
    [{ priority: Number.NaN }, 'priority', /finite integer, but is NaN/],
    [{ priority: Number.POSITIVE_INFINITY }, 'priority', /finite integer, but is Infinity/],
    [{ priority: '1' }, 'priority', /finite integer/],
    [{ estimatedCostUsd: -0.01 }, 'estimatedCostUsd', /0 or more, but is -0\.01/],
    [{ estimatedCostUsd: Number.NaN }, 'estimatedCostUsd', /but is NaN/],
    [{ estimatedCostUsd: Number.POSITIVE_INFINITY }, 'estimatedCostUsd', /but is Infinity/],
    [{ estimatedCostUsd: '1' }, 'estimatedCostUsd', /0 or more/],
    [{ maxCostUsd: 0 }, 'maxCostUsd', /above 0, but is 0/],
    [{ maxCostUsd: Number.NaN }, 'maxCostUsd', /above 0, but is NaN/],
    [{ metadata: ['x'] }, 'metadata', /must be an object/],
    [{ metadata: { n: 5n } }, 'metadata', /must be JSON/],
    [{ agent: 'nobody' }, 'agent', /"nobody" is not known: choose one of sample, shy/],
    [{ agent: 'shy' }, 'prompt', /too long for it/],
    [{ cwd: 'nowhere' }, 'cwd', /must be the absolute path of a folder, but is "nowhere"/],
    [{ cwd: 5 }, 'cwd', /must be the absolute path of a folder, but is 5/],
    [{ cwd: '/gone' }, 'cwd', /"\/gone" is not an existing folder/],
    [{ cwd: '/dark' }, 'cwd', /"\/dark" could not be looked at \(no descriptors\): submit it again/],
  ];
  const context = contextWith({
    agents: fakeCatalog(fakeProfile('sample'), fakeProfile('shy', { refuse: () => 'is too long for it' })),
    folders: { look: (path) => (path === '/gone' ? GONE : path === '/dark' ? unknown('no descriptors') : there(path)) },
  });

  for (const [fields, field, why] of wrong) {
    const shown = Object.entries(fields).map(
      ([name, value]) => `${name} ${typeof value === 'object' ? 'object' : JSON.stringify(String(value)).slice(0, 24)}`,
    );
    it(`R1.3 refuses ${shown}: names ${field}, and says why`, () => {
      assert.throws(
        () => checkSpec(loose(fields), context),
        (error) =>
          error instanceof InvalidLoopError &&
          error.field === field &&
          why.test(error.message) &&
          error.message.includes(`: ${field} `),
      );
    });
  }

  const right: readonly { readonly [name: string]: unknown }[] = [
    { loopId: 'a' },
    { loopId: 'x'.repeat(128) },
    { loopId: 'Az09._:-' },
    { priority: -5 },
    { priority: Number.MAX_SAFE_INTEGER },
    { estimatedCostUsd: 0 },
    { estimatedCostUsd: 0.000_000_001 },
    { maxCostUsd: 0.01 },
    { cwd: '/elsewhere' },
    { metadata: { deep: [{ n: 1 }] } },
    { prompt: '-rf $(rm) `x` "y" \' 😀\n' },
  ];
  for (const fields of right) {
    it(`R1.3 takes ${JSON.stringify(fields).slice(0, 60)}`, () => {
      const spec = loose(fields);
      const checked = checkSpec(spec, context);
      assert.equal(checked.prompt, spec.prompt, 'R1.4 the prompt is text, kept as it is');
    });
  }

  it('R1.4 takes a prompt of 10 MiB, and refuses one byte more', () => {
    assert.equal(checkSpec({ prompt: 'x'.repeat(10 * MEBIBYTE) }, context).prompt.length, 10 * MEBIBYTE);
    assert.throws(() => checkSpec({ prompt: 'x'.repeat(10 * MEBIBYTE + 1) }, context), /longer than 10 MiB/);
  });

  for (const character of ['é', '€', '😀']) {
    it(`R1.4 counts bytes, not characters: ${character}`, () => {
      const bytes = Buffer.byteLength(character);
      const fits = character.repeat(Math.floor((10 * MEBIBYTE) / bytes));
      const room = 'x'.repeat(10 * MEBIBYTE - Buffer.byteLength(fits));
      assert.equal(checkSpec({ prompt: fits + room }, context).prompt, fits + room);
      assert.throws(() => checkSpec({ prompt: `${fits}${room}x` }, context), /longer than 10 MiB/);
    });
  }

  it("R1.1 fills in what is not given: priority 0, the default agent, the window's folder, a title of the first line", () => {
    const checked = checkSpec({ prompt: `\n  ${'word '.repeat(60)}\nsecond` }, context);
    assert.deepEqual(
      [checked.priority, checked.agent, checked.cwd, checked.loopId],
      [0, 'sample', '/project', undefined],
    );
    assert.ok(
      checked.title.startsWith('word word') && checked.title.endsWith('…') && checked.title.length <= 120,
      checked.title,
    );
    const homeless = contextWith({ window: { id: 'w1', folders: [], home: '/home' } });
    assert.equal(checkSpec({ prompt: 'work' }, homeless).cwd, '/home');
    assert.equal(checkSpec({ prompt: 'work', title: '  mine ' }, context).title, 'mine');
    assert.equal(checkSpec({ prompt: 'work', title: '  ' }, context).title, 'work');
  });
});

describe('admission', () => {
  const HALF_OPEN: CircuitRecord = {
    ...CLOSED_CIRCUIT,
    state: 'half-open',
    generation: 2,
    consecutiveFailures: 5,
    openedAt: 0,
  };

  type Check = 'permanently-failed' | 'duplicate-loop' | 'circuit-open' | 'budget-exceeded';
  const ORDER: readonly Check[] = ['permanently-failed', 'duplicate-loop', 'circuit-open', 'budget-exceeded'];

  /** A situation in which just these checks fail. */
  function refuse(...failing: readonly Check[]): string | undefined {
    const context = contextWith({
      settings: {
        budget: { dailyLimit: toNano(5), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
      },
    });
    const liveState = liveStateWith(queuedLoop(1), queuedLoop(2));
    if (failing.includes('circuit-open'))
      liveState.control = {
        ...liveState.control,
        circuits: { sample: { ...CLOSED_CIRCUIT, state: 'open', openedAt: context.clock.now() } },
      };
    let latest: Loop | undefined;
    const { state: _, fresh: __, ...loop } = queuedLoop(9, { loopId: 'mine' });
    const failure = { class: 'exit' as const, reason: 'exit code 1', at: 0 };
    if (failing.includes('duplicate-loop')) latest = queuedLoop(9, { loopId: 'mine' });
    if (failing.includes('permanently-failed'))
      latest = { ...loop, state: 'failed', finishedAt: 0, failure, cleared: false };
    const facts: AdmissionFacts = {
      agent: 'sample',
      account: 'sample',
      reserve: failing.includes('budget-exceeded') ? toNano(6) : toNano(1),
      latest,
      queueIfBlocked: false,
      inLine: 0,
      now: context.clock.now(),
      today: context.clock.day(context.clock.now()),
    };
    return refusal(facts, liveState, context)?.code;
  }

  it('R1.2 takes a loop when no check fails', () => assert.equal(refuse(), undefined));

  for (const [index, first] of ORDER.entries()) {
    it(`R1.2 ${first} alone is named`, () => assert.equal(refuse(first), first));
    for (const second of ORDER.slice(index + 1)) {
      // One id cannot be both failed for good and live.
      if (first === 'permanently-failed' && second === 'duplicate-loop') continue;
      it(`R1.2 ${first} is named before ${second}`, () => assert.equal(refuse(second, first), first));
    }
  }

  const facts = (rest: Partial<AdmissionFacts>): AdmissionFacts => ({
    agent: 'sample',
    account: 'sample',
    reserve: 0,
    latest: undefined,
    queueIfBlocked: false,
    inLine: 0,
    now: 1_000_000,
    today: '2026-01-15',
    ...rest,
  });

  it('R1.2 the errors carry their figures: seconds left, amounts, depth', () => {
    const context = contextWith({
      settings: {
        budget: { dailyLimit: toNano(5), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
        maxQueueDepth: 1,
      },
    });
    const open = new LiveState();
    const sample = { ...CLOSED_CIRCUIT, state: 'open' as const, openedAt: 1_000_000 - 32_500 };
    open.control = { ...open.control, circuits: { sample } };
    const circuit = refusal(facts({}), open, context);
    assert.ok(circuit instanceof CircuitOpenError && circuit.secondsLeft === 88, String(circuit));
    const spent = liveStateWith(queuedLoop(1, { estimate: toNano(2) }));
    spent.day = { day: '2026-01-15', spent: toNano(1), unknown: 0, warned: false, exceeded: false };
    const budget = refusal(facts({ reserve: toNano(2.5) }), spent, context);
    assert.ok(budget instanceof BudgetExceededError);
    assert.deepEqual([budget.spentUsd, budget.reservedUsd, budget.limitUsd], [1, 2, 5]);
    const second = queuedLoop(2);
    spent.put(second);
    const full = lacksRoom(second, spent, context);
    assert.ok(full instanceof QueueFullError);
    assert.deepEqual([full.depth, full.limit], [1, 1]);
  });

  it("R6.1 yesterday's spend is not today's", () => {
    const context = contextWith({
      settings: { budget: { dailyLimit: toNano(5), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' } },
    });
    const liveState = new LiveState();
    liveState.day = { day: '2026-01-14', spent: toNano(100), unknown: 0, warned: true, exceeded: true };
    assert.equal(refusal(facts({ reserve: toNano(5) }), liveState, context), undefined);
  });

  it('R1.2 the id of a completed or cancelled loop, and of a failed one that was cleared, may be used again', () => {
    const { state: _, fresh: __, ...loop } = queuedLoop(9, { loopId: 'mine' });
    const failure = { class: 'exit' as const, reason: 'exit code 1', at: 0 };
    const over: Loop[] = [
      { ...loop, state: 'completed', finishedAt: 0 },
      { ...loop, state: 'cancelled', finishedAt: 0 },
      { ...loop, state: 'failed', finishedAt: 0, failure, cleared: true },
    ];
    for (const latest of over) assert.equal(refusal(facts({ latest }), new LiveState(), contextWith()), undefined);
  });

  it('R2.2 loops that came back, or were parked for a time, do not count against the depth', () => {
    const context = contextWith({ settings: { maxQueueDepth: 1 } });
    const last = queuedLoop(3);
    const returned = [queuedLoop(1, { fresh: false }), queuedLoop(2, { fresh: false })];
    assert.equal(lacksRoom(last, liveStateWith(...returned, last), context), undefined);
    assert.equal(lacksRoom(last, liveStateWith(queuedLoop(1), last), context)?.code, 'queue-full');
    const wasParked = { ...queuedLoop(1), wasParked: true as const };
    assert.equal(lacksRoom(last, liveStateWith(wasParked, last), context), undefined, 'once parked, it does not count');
  });

  it('R4.1 in half-open a probe place is free, taken by a probe that runs, or spoken for by one that waits', () => {
    const submit = (liveState: LiveState, halfOpenMaxProbes: number, inLine = 0) => {
      liveState.control = { ...liveState.control, circuits: { sample: HALF_OPEN } };
      const context = contextWith({
        settings: { circuit: { failureThreshold: 5, cooldownMs: 120_000, halfOpenMaxProbes } },
      });
      return refusal(facts({ inLine }), liveState, context)?.code;
    };
    const probe = activeLoop(1, {}, { probe: true, generation: 2 });
    assert.equal(submit(liveStateWith(), 1), undefined);
    assert.equal(submit(liveStateWith(probe), 1), 'circuit-open');
    assert.equal(submit(liveStateWith(queuedLoop(1)), 1, 1), 'circuit-open');
    assert.equal(submit(liveStateWith(probe), 2), undefined);
    assert.equal(submit(liveStateWith(probe, queuedLoop(2)), 2, 1), 'circuit-open');
    assert.equal(
      submit(liveStateWith(activeLoop(1, {}, { generation: 1 })), 1),
      undefined,
      'one begun before the trip is no probe',
    );
  });

  it('R4.1 only loops that could start speak for a place: not those of a window that does not answer, or of another account', () => {
    const liveState = liveStateWith(
      queuedLoop(1, { windowId: 'late' }),
      queuedLoop(2, { agent: 'other' }),
      queuedLoop(3),
      queuedLoop(4),
    );
    const context = contextWith();
    const view = {
      hostOf: (loop: Loop) => (loop.windowId === 'late' ? ('elsewhere' as const) : ('here' as const)),
      isPassedBy: () => true,
    };
    assert.equal(inLine({ liveState, context }, view, 'sample', 9), 2);
    assert.equal(inLine({ liveState, context }, view, 'sample', 1), 1, 'no more are counted than matter');
    const sample = { ...HALF_OPEN, lastFailed: 3 };
    liveState.control = { ...liveState.control, circuits: { sample } };
    assert.equal(inLine({ liveState, context }, view, 'sample', 9), 1, 'the one that failed last lets others go first');
  });

  it('R1.2 every error of a submit has its reason in loop:rejected', () => {
    assert.deepEqual(REJECT_REASON, {
      'not-ready': 'not-ready',
      'invalid-loop': 'invalid',
      'no-work-tree': 'invalid',
      'not-allowed': 'invalid',
      'shutting-down': 'shutdown',
      'permanently-failed': 'permanently-failed',
      'duplicate-loop': 'duplicate',
      'circuit-open': 'circuit',
      'budget-exceeded': 'budget',
      'queue-full': 'queue-full',
      store: 'store',
    });
  });
});
