import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('bounds over the life of a loop', () => {
  const machine = machineForEachTest();

  it('R5.1 B7 a loop that fails slowly is restarted ten times in all, then it has failed for good', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'slow' });
    for (let attempts = 1; (await window.get('slow'))?.state !== 'failed'; attempts++) {
      assert.ok(attempts <= 11, 'it is restarted for ever');
      await machine.clock.advance(110_000);
      const cost = { type: 'cost', cost: toNano(0.5), source: 'reported' } as const;
      machine.launcher
        .of('slow')
        .end({ exit: { exitCode: 1 }, says: [{ type: 'text', text: 'x', delta: false }, cost] });
      await machine.soon();
      while (machine.alive().length === 0 && (await window.get('slow'))?.state !== 'failed')
        await machine.clock.advance(5_000);
    }
    const detail = await window.get('slow');
    assert.deepEqual([detail?.attempts.length, detail?.costUsd], [11, 5.5]);
    assert.match(detail?.history.at(-1)?.why ?? '', /restarted 10 times in all/);
  });

  it('R5.1 restarts of quick failures count for the life too, and maxTotal: 0 allows none', async () => {
    const restart = { maxRestarts: 3, windowMs: 300_000, maxTotal: 0 };
    const window = await machine.open({ restart });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed');
  });

  it('R5.5 R2.1 a retry clears all counts, may bring a new cap, and goes to the end of its priority', async () => {
    const restart = { maxRestarts: 9, windowMs: 300_000, maxTotal: 1 };
    const window = await machine.open({ restart, maxConcurrent: 1 });
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 1 });
    machine.launcher.of('a').fail();
    await machine.clock.advance(1_000);
    machine.launcher.of('a').fail();
    await machine.soon();
    const before = await window.get('a');
    assert.deepEqual([before?.state, before?.loop.quickCrashes], ['failed', 2]);
    for (const loopId of ['b', 'c', 'd']) await window.submit({ prompt: 'work', loopId });
    await assert.rejects(window.retry('a', { maxCostUsd: -1 }), { code: 'invalid-loop', field: 'maxCostUsd' });
    assert.deepEqual(await window.retry('a', { maxCostUsd: 5 }), { loopId: 'a', queued: true, position: 3 });
    await window.submit({ prompt: 'work', loopId: 'e' });
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['c', 'd', 'a', 'e'],
    );
    const { loop } = (await window.get('a')) ?? {};
    assert.deepEqual(
      [loop?.maxCost, loop?.restarts, loop?.restartsTotal, loop?.quickCrashes],
      [toNano(5), [], undefined, 0],
    );
  });

  it('R4.5 F7 attempts during which the clock went back are no quick crashes', async () => {
    const agents = fakeCatalog(fakeProfile('claude', { canResume: true }));
    const restart = { ...DEFAULT_SETTINGS.restart, maxRestarts: 9 };
    const window = await machine.open({ defaultAgent: 'claude', restart }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say({ type: 'session', sessionId: 's' });
    for (let n = 0; n < 3; n++) {
      await machine.clock.advance(40 * MINUTE_MS);
      machine.clock.jump(-HOUR_MS);
      machine.launcher.of('a').fail();
      await machine.clock.advance(60_000);
    }
    const { loop } = (await window.get('a')) ?? {};
    assert.deepEqual([loop?.quickCrashes, loop?.state === 'running' && loop.attempt.resumed], [0, true]);
  });

  it('R7.2 H9 a loop that was cancelled cannot be restarted while it is still stopping', async () => {
    const window = await machine.open();
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.cancel('a');
    assert.equal(await window.restartNow('a'), false);
  });
});

describe('prompts that begin with a slash', () => {
  const machine = machineForEachTest();
  const agent = (commands: boolean) =>
    fakeCatalog(
      fakeProfile('claude', {
        commands,
        commandIn: (prompt) => /^\/\w+/.exec(prompt)?.[0],
        plan: ({ prompt, commands: asked }) => ({
          ...{ command: 'claude', args: [String(asked)], env: {}, stdin: prompt, stopSteps: [] },
        }),
      }),
    );

  it('R1.5 E11 go as text, and the submit says so', async () => {
    const window = await machine.open({ defaultAgent: 'claude' }, { agents: agent(false) });
    const { note } = await window.submit({ prompt: '/goal all tests pass', loopId: 'a' });
    assert.match(note ?? '', /^\/goal is sent as text/);
    assert.equal((await window.submit({ prompt: 'a goal' })).note, undefined);
    assert.deepEqual(machine.launcher.of('a').request?.plan.args, ['undefined']);
  });

  it('R1.5 are sent as commands where the loop says so, on every attempt', async () => {
    const window = await machine.open({ defaultAgent: 'claude' }, { agents: agent(false) });
    const { note } = await window.submit({ prompt: '/goal all tests pass', loopId: 'a', commands: true });
    assert.equal(note, undefined);
    machine.launcher.of('a').fail();
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.launcher.of('a').request?.plan.args, ['true']);
    await assert.rejects(window.submit({ prompt: 'work', commands: 'yes' as unknown as boolean }), {
      ...{ code: 'invalid-loop', field: 'commands' },
    });
  });

  it('R1.5 are commands where the profile says so, unless the loop says otherwise', async () => {
    const window = await machine.open({ defaultAgent: 'claude' }, { agents: agent(true) });
    assert.equal((await window.submit({ prompt: '/goal x' })).note, undefined);
    assert.match((await window.submit({ prompt: '/goal x', commands: false })).note ?? '', /as text/);
  });
});

describe('a loop that was killed for want of memory', () => {
  const machine = machineForEachTest();
  const GIBIBYTE = 1024 ** 3;
  const killed = { exit: { signal: 'SIGKILL' }, trouble: 'memory', peakMemoryBytes: 4 * GIBIBYTE } as const;

  it('R5.7 restarts once, when as much is free as it held, and blocks nobody meanwhile', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await window.submit({ prompt: 'work', loopId: 'big' });
    await window.submit({ prompt: 'work', loopId: 'small' });
    machine.launcher.freeMemory = 2 * GIBIBYTE;
    machine.launcher.of('big').end(killed);
    await machine.clock.advance(30_000);
    assert.deepEqual(machine.alive(), ['small']);
    machine.launcher.of('small').ok();
    await machine.clock.advance(30_000);
    assert.deepEqual(machine.alive(), []);
    assert.equal(window.status().parked[0]?.reason, 'memory');
    machine.launcher.freeMemory = 5 * GIBIBYTE;
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['big']);
    machine.launcher.of('big').end(killed);
    await machine.clock.advance(30_000);
    const failed = (await window.get('big'))?.loop;
    assert.deepEqual([failed?.state === 'failed' && failed.failure.class, machine.alive()], ['memory', []]);
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'R4.2 it is not the account’s fault');
  });
});

describe('what is kept of a loop that lives on and on', () => {
  const machine = machineForEachTest();

  it('R5.1 attempts, history and logs are bounded, and what was charged stays', async () => {
    const window = await machine.open({ defaultAgent: 'claude' });
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (let n = 0; n < 70; n++) {
      machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported' });
      await machine.soon();
      await window.restartNow('a');
      await machine.soon();
    }
    await machine.clock.advance(2 * HOUR_MS);
    const detail = await window.get('a');
    assert.deepEqual([detail?.attempts.length, detail?.attempts.at(-1)?.number], [50, 71]);
    assert.ok((detail?.history.length ?? 0) < 220, `${detail?.history.length} rows`);
    assert.equal(machine.launcher.removed.length, 21);
    assert.equal(detail?.costUsd, 7);
  });
});

describe('limits without a time', () => {
  const machine = machineForEachTest(MINUTE_MS);
  const text = { type: 'text', text: 'x', delta: false } as const;
  const cost = { type: 'cost', cost: toNano(0.5), source: 'reported' } as const;
  const limit = { type: 'limit', reason: 'limit' } as const;

  /** Every attempt for a day ends at one, after so long a work. Returns how many began. */
  const startsInADay = async (says: readonly AgentEvent[], workMs: number) => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const day = machine.clock.now() + 24 * HOUR_MS;
    while (machine.clock.now() < day) {
      if (machine.alive().length > 0) {
        for (const event of says) machine.launcher.of('a').say(event);
        await machine.clock.advance(workMs);
        machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [limit] });
      }
      await machine.clock.advance(5 * MINUTE_MS);
    }
    return machine.launcher.runs.length;
  };

  for (const [what, says] of [
    ['do nothing', []],
    ['work, and cost $0.50 each', [text, cost]],
  ] as const)
    it(`R14.4 B8 are waited for longer and longer, where attempts ${what}`, async () => {
      const starts = await startsInADay(says, 2 * MINUTE_MS);
      assert.ok(starts <= 10, `${starts} starts a day`);
    });

  it('R14.4 after an hour of work are waited for anew', async () => {
    const starts = await startsInADay([text, cost], HOUR_MS);
    assert.ok(starts >= 15, `${starts} starts a day`);
  });

  it('R14.4 are waited for anew once a loop has ended well, and once for all that meet the same', async () => {
    const window = await machine.open();
    const leftMs = () => (window.status().holds[0]?.until ?? 0) - machine.clock.now();
    for (const [n, ids] of [['a', 'b'], ['c']].entries()) {
      for (const loopId of ids) await window.submit({ prompt: 'work', loopId });
      for (const loopId of ids) machine.launcher.of(loopId).end({ exit: { exitCode: 1 }, says: [limit] });
      await machine.soon();
      assert.equal(leftMs(), 15 * MINUTE_MS, `time ${n}`);
      await machine.clock.advance(16 * MINUTE_MS);
      for (const loopId of ids) {
        machine.launcher.of(loopId).ok();
        await machine.soon();
      }
    }
  });
});
