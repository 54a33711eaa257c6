import assert from 'node:assert/strict';
import type { AgentErrorCause, AgentEvent } from '../../src/core/model/agentEvent.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const refused = (cause: AgentErrorCause, reason = 'Not logged in') => ({
  exit: { exitCode: 1 },
  says: [{ type: 'end', ok: false, reason, cause }] satisfies AgentEvent[],
});
const limited = (until?: number) => ({
  exit: { exitCode: 1 },
  says: [
    { type: 'limit', reason: '5-hour limit reached', ...(until !== undefined && { until }) },
  ] satisfies AgentEvent[],
});
const WORKS: AgentEvent = { type: 'text', text: 'I go on.', delta: false };

describe('accounts, profiles and the machine', () => {
  const machine = machineForEachTest();

  const many = async (window: Awaited<ReturnType<typeof machine.open>>, count: number, spec: object = {}) => {
    for (let n = 0; n < count; n++) await window.submit({ prompt: 'work', loopId: `l${n}`, ...spec });
  };
  const failed = () => machine.eventsOf('loop:failed').length;

  for (const [name, ending, reason] of [
    ['a login that is missing', refused('auth'), 'login'],
    ['a credit that is used up', refused('billing', 'Credit balance is too low'), 'billing'],
    ['a program that is not there', { kind: 'spawn', exit: {}, error: 'claude was not found on PATH' }, 'program'],
    ['a flag that its program does not know', refused('config', 'unknown option --foo'), 'config'],
  ] as const) {
    it(`R14.1 B1 ${name} holds the others of the queue after one attempt, and uses none of them up`, async () => {
      const window = await machine.open({ maxConcurrent: 1, maxQueueDepth: 30 });
      await many(window, 22);
      machine.launcher.of('l0').end(ending);
      await machine.soon();
      const { parked, holds, circuitState, budget } = window.status();
      assert.deepEqual([parked.length, failed(), circuitState, budget.spent], [22, 0, 'closed', 0]);
      assert.deepEqual(new Set(parked.map((loop) => loop.reason)), new Set([reason]));
      assert.equal(holds[0]?.reason, reason);
      assert.equal((await window.get('l0'))?.loop.restarts.length, 0, 'no restart is used up');
      assert.equal(machine.launcher.runs.length, 1);
    });
  }

  for (const [cause, hold] of [
    ['auth', 'login'],
    ['billing', 'billing'],
  ] as const) {
    it(`R14.1 an agent whose ${cause} is refused, and that goes on trying, is stopped at once`, async () => {
      const window = await machine.open({ maxConcurrent: 1 });
      await many(window, 3);
      machine.launcher.of('l0').say({ type: 'retry', attempt: 1, maxAttempts: 10, cause, reason: '401 Unauthorized' });
      await machine.soon();
      const { parked, holds } = window.status();
      assert.deepEqual([machine.launcher.of('l0').stops, parked.length, failed()], [['refused'], 3, 0]);
      assert.deepEqual([holds[0]?.reason, holds[0]?.why], [hold, '401 Unauthorized']);
    });
  }

  it('R8.4 an agent that tries again for its provider’s sake goes on', async () => {
    const window = await machine.open();
    await many(window, 1);
    machine.launcher.of('l0').say({ type: 'retry', cause: 'provider', reason: 'Overloaded' });
    await machine.soon();
    assert.deepEqual(machine.launcher.of('l0').stops, []);
  });

  it('R14.1 one that fails while others run holds what has not begun, and those that run go on', async () => {
    const window = await machine.open({ maxConcurrent: 2 });
    await many(window, 4);
    machine.launcher.of('l0').end(refused('auth'));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['l1']);
    machine.launcher.of('l1').ok();
    await machine.soon();
    assert.equal((await window.get('l1'))?.state, 'completed');
  });

  it('R4.3 an outage of one provider trips its own circuit: other agents start and are taken', async () => {
    const window = await machine.open({ maxConcurrent: 9, restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 0 } });
    await many(window, 5, { agent: 'claude' });
    for (let n = 0; n < 5; n++) machine.launcher.of(`l${n}`).end(refused('provider', 'Overloaded'));
    await machine.soon();
    const { circuits, circuitState, accounts } = window.status();
    assert.deepEqual(
      circuits.map(({ account, state, consecutiveFailures }) => [account, state, consecutiveFailures]),
      [['claude', 'open', 5]],
    );
    assert.equal(circuitState, 'open', 'the worst of them');
    assert.deepEqual(
      accounts.map((one) => [one.account, one.circuitState]),
      [
        ['sample', 'closed'],
        ['claude', 'open'],
      ],
    );
    assert.equal((await window.submit({ prompt: 'work', agent: 'sample' })).queued, false);
    await assert.rejects(window.submit({ prompt: 'work', agent: 'claude' }), { code: 'circuit-open' });
    assert.deepEqual(
      machine.eventsOf('circuit:trip').map(({ account }) => account),
      ['claude'],
    );
    await window.resetCircuit('sample');
    assert.equal(window.status().circuitState, 'open');
    await window.resetCircuit('claude');
    assert.equal(window.status().circuitState, 'closed');
  });

  it('R14.1 profiles of one account share its holds and its circuit, and each has its own program', async () => {
    const agents = fakeCatalog(
      fakeProfile('claude'),
      fakeProfile('careful', { account: 'claude' }),
      fakeProfile('sample'),
    );
    const window = await machine.open({ maxConcurrent: 1, defaultAgent: 'claude' }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'careful' });
    machine.launcher.of('a').end(limited(machine.clock.now() + HOUR_MS));
    await machine.soon();
    assert.deepEqual(
      window.status().parked.map(({ loopId }) => loopId),
      ['b'],
    );
    assert.deepEqual(
      window.accounts().map(({ account, agents: names, holds }) => [account, names, holds.length]),
      [
        ['claude', ['claude', 'careful'], 1],
        ['sample', ['sample'], 0],
      ],
    );
    await window.tryNow('claude');
    assert.deepEqual(machine.alive(), ['a']);
    machine.launcher.of('a').end({ kind: 'spawn', exit: {}, error: 'claude was not found' });
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['b'], 'the trial goes on with the other profile');
  });

  it('R14.2 the first after a hold goes alone; the others follow once it shows progress', async () => {
    const window = await machine.open();
    await many(window, 20, { agent: 'claude' });
    const until = machine.clock.now() + HOUR_MS;
    for (const run of [...machine.launcher.alive]) run.end(limited(until));
    await machine.soon();
    assert.deepEqual(
      [machine.alive(), window.status().parked.length],
      [[], 16],
      'F9 four wait, and the rest is parked',
    );
    await machine.clock.advance(HOUR_MS);
    assert.deepEqual(machine.alive().length, 1);
    assert.equal(machine.eventsOf('hold:change').filter(({ state }) => state === 'trial').length, 1, 'told once');
    machine.launcher.alive[0]?.say(WORKS);
    await machine.soon();
    assert.equal(machine.alive().length, 4);
  });

  it('R14.2 the others follow when the first ends well, or has run five minutes without failing in the same way', async () => {
    const window = await machine.open({ maxConcurrent: 3 });
    await many(window, 3);
    machine.launcher.of('l0').end(refused('auth'));
    machine.launcher.of('l1').ok();
    await machine.soon();
    await window.tryNow('sample');
    assert.deepEqual(machine.alive(), ['l2', 'l0']);
    await window.submit({ prompt: 'work', loopId: 'x' });
    assert.deepEqual(machine.alive(), ['l2', 'l0']);
    await machine.clock.advance(5 * MINUTE_MS);
    assert.deepEqual(machine.alive(), ['l2', 'l0', 'x']);
  });

  it('R14.2 R4.5 nobody waits longer for the first one because the clock has gone back', async () => {
    const window = await machine.open({ maxConcurrent: 3 });
    await many(window, 2);
    machine.launcher.of('l0').end(refused('auth'));
    machine.launcher.of('l1').ok();
    await machine.soon();
    await window.tryNow('sample');
    await window.submit({ prompt: 'work', loopId: 'x' });
    machine.clock.jump(-48 * HOUR_MS);
    // It is noticed when the trial was to end, and then begins anew.
    await machine.clock.advance(10 * MINUTE_MS + 1_000);
    assert.deepEqual(machine.alive(), ['l0', 'x']);
  });

  it('R14.3 a hold that is tried and stands is tried again with growing pauses', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await many(window, 2);
    const starts: number[] = [];
    const begun = machine.clock.now();
    for (let n = 0; n < 5; n++) {
      machine.launcher.alive[0]?.end(refused('auth'));
      const runs = machine.launcher.runs.length;
      while (machine.launcher.runs.length === runs) await machine.clock.advance(30_000);
      starts.push(Math.round((machine.clock.now() - begun) / MINUTE_MS));
    }
    assert.deepEqual(starts, [1, 6, 21, 81, 141]);
    assert.deepEqual([failed(), window.status().parked.length], [0, 1]);
  });

  it('R14.3 a login that a check can see is tried when it is there, and not before', async () => {
    let login: 'works' | 'broken' | 'unknown' = 'broken';
    const checks: string[] = [];
    const check = async (agent: string) => {
      checks.push(agent);
      return login;
    };
    const window = await machine.open({ maxConcurrent: 1 }, { check });
    await many(window, 2);
    machine.launcher.of('l0').end(refused('auth'));
    await machine.clock.advance(30 * MINUTE_MS);
    assert.deepEqual([checks.length, machine.launcher.runs.length], [3, 1], 'after 1, 6 and 21 minutes');
    login = 'works';
    await machine.clock.advance(52 * MINUTE_MS);
    assert.deepEqual(machine.alive(), ['l0']);
    assert.deepEqual(new Set(checks), new Set(['sample']));
    assert.equal(window.status().holds[0]?.state, 'trial');
  });

  it('R14.2 what one folder’s own settings may have caused holds that folder, until another one meets it too', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    for (const [loopId, cwd] of [
      ['a', '/project'],
      ['b', '/project'],
      ['c', '/project/sub'],
      ['d', '/other'],
    ])
      await window.submit({ prompt: 'work', loopId: loopId as string, cwd: cwd as string });
    machine.launcher.of('a').end(refused('auth'));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['c'], 'another folder goes on');
    assert.deepEqual(
      window.status().parked.map(({ loopId }) => loopId),
      ['a', 'b'],
    );
    machine.launcher.of('c').end(refused('auth'));
    await machine.soon();
    assert.deepEqual([machine.alive(), window.status().parked.length], [[], 4]);
    assert.deepEqual(
      window.status().holds.map(({ of }) => of),
      [{ kind: 'account', name: 'sample' }],
    );
  });

  it('R14.4 a later limit never shortens a standing one', async () => {
    const window = await machine.open();
    await many(window, 3);
    const now = machine.clock.now();
    machine.launcher.of('l0').end(limited(now + 5 * HOUR_MS));
    machine.launcher.of('l1').end(limited(now + HOUR_MS));
    machine.launcher.of('l2').end(limited());
    await machine.soon();
    assert.deepEqual(
      window.status().holds.map(({ until, guessed }) => [until, guessed]),
      [[now + 5 * HOUR_MS, false]],
    );
    assert.deepEqual(
      window.status().waiting.map(({ until }) => until),
      [now + 5 * HOUR_MS, now + 5 * HOUR_MS, now + 5 * HOUR_MS],
    );
  });

  it('R14.4 onLimitReset: ask waits for a hand when the time has come', async () => {
    const window = await machine.open({ onLimitReset: 'ask' });
    await many(window, 2);
    for (const loopId of ['l0', 'l1']) machine.launcher.of(loopId).end(limited(machine.clock.now() + HOUR_MS));
    await machine.clock.advance(3 * HOUR_MS);
    assert.deepEqual(machine.alive(), []);
    assert.deepEqual(
      machine.eventsOf('hold:change').map(({ state }) => state),
      ['held', 'asks'],
    );
    assert.equal(await window.tryNow('sample'), true);
    assert.deepEqual(machine.alive(), ['l0']);
  });

  it('R14.4 an account is held and tried by hand', async () => {
    const window = await machine.open();
    await many(window, 1);
    await window.hold('sample');
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.deepEqual(machine.alive(), ['l0'], 'what runs goes on');
    await machine.clock.advance(3 * HOUR_MS);
    assert.equal(window.status().parked[0]?.reason, 'user');
    await window.hold('sample', machine.clock.now() + HOUR_MS);
    await machine.clock.advance(HOUR_MS);
    assert.deepEqual(machine.alive(), ['l0', 'a']);
    assert.equal(await window.tryNow('claude'), false);
  });

  it('R14.2 C6 a limit whose loop was cancelled can be lifted by itself, and by the loops that it holds', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await many(window, 3);
    const until = machine.clock.now() + 5 * 24 * HOUR_MS;
    machine.launcher.of('l0').end(limited(until));
    await machine.soon();
    await window.cancel('l0');
    assert.equal(await window.restartNow('l1'), true);
    assert.deepEqual(machine.alive(), ['l1']);
    machine.launcher.of('l1').end(limited(until));
    await machine.soon();
    await window.cancel('l1');
    assert.equal(await window.tryNow('sample'), true);
    assert.deepEqual(machine.alive(), ['l2']);
  });

  it('R4.1 B9 a probe that has made progress for a minute closes its circuit', async () => {
    const window = await machine.open({ restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 0 } });
    for (let n = 0; n < 5; n++) {
      await window.submit({ prompt: 'work', loopId: `l${n}` });
      machine.launcher.of(`l${n}`).fail();
      await machine.soon();
    }
    await machine.clock.advance(120_000);
    await window.submit({ prompt: 'work', loopId: 'probe' });
    machine.launcher.of('probe').say(WORKS);
    await machine.clock.advance(59_000);
    machine.launcher.of('probe').say({ type: 'retry', reason: 'Overloaded' });
    await assert.rejects(window.submit({ prompt: 'work' }), { code: 'circuit-open' });
    await machine.clock.advance(1_000);
    machine.launcher.of('probe').say(WORKS);
    await machine.soon();
    assert.equal(window.status().circuitState, 'closed');
    assert.equal((await window.submit({ prompt: 'work' })).queued, false);
  });

  it('R4.1 B7 the loop that failed last lets another one probe first', async () => {
    const circuit = { failureThreshold: 1, cooldownMs: 120_000, halfOpenMaxProbes: 1 };
    const window = await machine.open({ circuit });
    await window.submit({ prompt: 'work', loopId: 'bad' });
    machine.launcher.of('bad').fail();
    await machine.clock.advance(130_000);
    machine.launcher.of('bad').fail();
    await machine.clock.advance(119_000);
    assert.equal(window.status().circuitState, 'open');
    await window.pause();
    await machine.clock.advance(1_000);
    assert.equal((await window.submit({ prompt: 'work', loopId: 'good' })).queued, true, 'it speaks for the probe');
    await window.resume();
    assert.deepEqual(machine.alive(), ['good']);
  });

  it('R13.3 a machine that cannot run is held, says why, and is tried again by itself', async () => {
    const window = await machine.open({ maxConcurrent: 2 });
    await many(window, 8);
    for (const run of [...machine.launcher.alive])
      run.end({ kind: 'void', exit: {}, trouble: 'machine', error: 'the disk is full' });
    await machine.soon();
    const { parked } = window.status();
    assert.deepEqual([parked.length, failed()], [8, 0], 'B3 B4');
    assert.deepEqual([parked[0]?.reason, parked[0]?.why], ['machine', 'the disk is full']);
    await machine.clock.advance(MINUTE_MS);
    assert.deepEqual(machine.alive(), ['l0'], 'one goes first');
    machine.launcher.of('l0').say(WORKS);
    await machine.soon();
    assert.deepEqual(machine.alive(), ['l0', 'l1']);
  });

  it('R14.2 new profiles are tried at once where the old ones were held', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await many(window, 2);
    machine.launcher.of('l0').end(refused('config', 'unknown option'));
    await machine.soon();
    window.useAgents(fakeCatalog(fakeProfile('sample'), fakeProfile('claude')));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['l0']);
  });
});
