import assert from 'node:assert/strict';
import { toNano } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { PlanRequest } from '../../src/core/ports/agents.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('restarts', () => {
  const machine = machineForEachTest();

  const restarts = (maxRestarts: number): Partial<Settings> => ({
    restart: { maxRestarts, windowMs: 300_000, maxTotal: 1_000 },
    circuit: { failureThreshold: 1_000, cooldownMs: 120_000, halfOpenMaxProbes: 1 },
  });

  it('R5.1 maxRestarts 0 never restarts', async () => {
    const window = await machine.open(restarts(0));
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').fail();
    await machine.clock.advance(120_000);
    assert.deepEqual([(await window.get('a'))?.state, machine.launcher.runs.length], ['failed', 1]);
  });

  it('R5.1 the window slides: failures that are far enough apart are restarted for ever', async () => {
    const window = await machine.open(restarts(1));
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (let n = 0; n < 6; n++) {
      machine.launcher.of('a').fail();
      await machine.clock.advance(2_000);
      machine.clock.jump(300_000);
      await machine.clock.advance(1_000);
      assert.deepEqual(machine.alive(), ['a'], `restart ${n + 1}`);
    }
    machine.launcher.of('a').fail();
    await machine.clock.advance(2_000);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed', 'two within the window are one too many');
    const loop = (await window.get('a'))?.loop;
    assert.ok((loop?.restarts.length ?? 9) <= 1, 'R9.4 what has left the window is forgotten');
  });

  it('R5.2 the back-off grows with the restarts in the window, and the loop keeps its attempts, id and prompt', async () => {
    const window = await machine.open(restarts(3));
    await window.submit({ prompt: 'the prompt', loopId: 'a' });
    for (let n = 0; n < 3; n++) {
      machine.launcher.of('a').fail();
      await machine.clock.advance(6_000);
    }
    assert.deepEqual(
      machine.eventsOf('loop:recovered').map(({ delayMs }) => delayMs),
      [750, 1_500, 3_000],
      'half of the ceiling and half of the rest: the jitter of these tests is 0.5',
    );
    assert.deepEqual(
      machine.launcher.runs.map(({ request }) => [request?.loopId, request?.plan.stdin]),
      Array.from({ length: 4 }, () => ['a', 'the prompt']),
    );
    assert.deepEqual(
      (await window.get('a'))?.attempts.map(({ number, outcome }) => [number, outcome]),
      [
        [1, 'exit'],
        [2, 'exit'],
        [3, 'exit'],
        [4, undefined],
      ],
    );
    assert.equal(new Set(machine.launcher.runs.map(({ token }) => token)).size, 4, 'each attempt has its own token');
  });

  it('R5.2 a restarted loop goes ahead of later ones of its priority, and behind higher ones', async () => {
    const window = await machine.open({ ...restarts(3), maxConcurrent: 1 });
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    await window.submit({ prompt: 'work', loopId: 'c' });
    await window.submit({ prompt: 'work', loopId: 'd', priority: 1 });
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    assert.deepEqual(machine.alive(), ['d']);
    assert.deepEqual(
      window.status().queued.map(({ loopId }) => loopId),
      ['a', 'b', 'c'],
    );
  });

  it('R14.1 a command that cannot be started holds its profile and says why; the loop keeps its place and its restarts', async () => {
    const window = await machine.open(restarts(3));
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ kind: 'spawn', exit: {}, error: 'codex was not found on PATH', hadOutput: false });
    await machine.clock.advance(50_000);
    assert.equal(machine.launcher.runs.length, 1);
    assert.deepEqual(machine.eventsOf('loop:failed'), []);
    const [parked] = window.status().parked;
    assert.deepEqual([parked?.reason, parked?.why], ['program', 'codex was not found on PATH']);
    assert.deepEqual((await window.get('a'))?.loop.restarts, []);
  });

  it('R5.3 the class of a failure is shown with its reason', async () => {
    const window = await machine.open(restarts(3));
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 7 }, errorLine: 'segfault' });
    await machine.soon();
    assert.deepEqual((await window.get('a'))?.loop.lastError, {
      class: 'exit',
      reason: 'exit code 7: segfault',
      at: machine.clock.now(),
    });
    assert.equal(window.status().backingOff[0]?.reason, 'exit code 7: segfault');
    assert.ok((await window.get('a'))?.history.some(({ why }) => why === 'exit: exit code 7: segfault'));
  });

  it('R5.3 an orderly shutdown and a stop for the budget use up no restart; a start that its host did not live to make does', async () => {
    const budget = { dailyLimit: toNano(1), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'stop' as const };
    const first = await machine.open({ ...restarts(1), budget });
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0 });
    await first.shutdown();
    const second = await machine.open({ ...restarts(1), budget });
    assert.deepEqual((await second.get('a'))?.loop.restarts, []);
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(1.5), source: 'reported' });
    await machine.soon();
    assert.equal((await second.get('a'))?.state, 'queued');
    assert.deepEqual(
      (await second.get('a'))?.attempts.map(({ outcome }) => outcome),
      ['interrupted', 'interrupted'],
    );
    assert.deepEqual((await second.get('a'))?.loop.restarts, []);
    assert.deepEqual(machine.launcher.of('a').stops, ['budget']);

    // The host dies between the commit that records the attempt and its launch.
    machine.launcher.launch = () => {
      machine.kill(second);
      throw new Error('gone');
    };
    second.configure({ ...DEFAULT_SETTINGS, ...restarts(1) });
    await machine.soon();
    const third = await machine.open(restarts(1));
    await machine.soon();
    assert.equal((await third.get('a'))?.attempts[2]?.outcome, 'interrupted');
    assert.equal((await third.get('a'))?.state, 'backingOff', 'a loop that kills hosts must end');
    assert.equal((await third.get('a'))?.loop.restarts.length, 1);
    assert.equal(third.status().circuit.consecutiveFailures, 0);
  });

  it('R5.5 a retry that is refused changes nothing and says why', async () => {
    const budget = { dailyLimit: toNano(2), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' as const };
    const window = await machine.open({ ...restarts(0), maxConcurrent: 1, maxQueueDepth: 1, budget });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').fail();
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 1.5 });
    const before = await window.get('a');
    await assert.rejects(window.retry('a'), { code: 'budget-exceeded' });
    assert.deepEqual(await window.get('a'), before);
    await window.cancel('b');
    await machine.soon();
    for (const loopId of ['c', 'd']) await window.submit({ prompt: 'work', loopId, estimatedCostUsd: 0 });
    await assert.rejects(window.retry('a'), { code: 'queue-full' });
    assert.deepEqual(await window.get('a'), before);
    assert.deepEqual(window.status().permanentlyFailed, ['a']);
    assert.deepEqual(
      machine.eventsOf('loop:rejected').map(({ loopId, reason }) => [loopId, reason]),
      [
        ['a', 'budget'],
        ['a', 'queue-full'],
      ],
    );
    await assert.rejects(window.retry('c'), { code: 'wrong-state' });
    await assert.rejects(window.retry('nobody'), { code: 'unknown-loop' });
  });

  it("R5.5 a retry begins with a clean slate of restarts, and keeps the loop's history and cost", async () => {
    const window = await machine.open(restarts(1));
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (let n = 0; n < 2; n++) {
      machine.launcher.of('a').say({ type: 'cost', cost: 5, source: 'reported' });
      machine.launcher.of('a').fail();
      await machine.clock.advance(2_000);
    }
    assert.equal((await window.get('a'))?.state, 'failed');
    await window.retry('a');
    assert.deepEqual(
      [
        (await window.get('a'))?.loop.restarts,
        (await window.get('a'))?.loop.cost,
        (await window.get('a'))?.attempts.length,
      ],
      [[], 10, 3],
    );
    machine.launcher.of('a').fail();
    await machine.clock.advance(2_000);
    assert.deepEqual(machine.alive(), ['a'], 'one restart again');
  });

  it('R5.7 an outage of the provider uses up no restart, and is waited out with growing pauses', async () => {
    const agents = fakeCatalog(fakeProfile('claude', { hasCost: true }));
    const restart = { maxRestarts: 0, windowMs: 300_000, maxTotal: 0 };
    const window = await machine.open({ restart }, { agents });
    const overloaded = { says: [{ type: 'end', ok: false, reason: 'Overloaded', cause: 'provider' }] } as const;
    await window.submit({ prompt: 'work', loopId: 'a', agent: 'claude' });
    const pauses: number[] = [];
    for (let outage = 0; outage < 14; outage++) {
      machine.launcher.of('a').end(overloaded);
      await machine.soon();
      const [wait] = window.status().backingOff;
      pauses.push((wait?.until ?? Number.NaN) - machine.clock.now());
      while (machine.launcher.alive.length === 0) await machine.clock.advance(10_000);
    }
    assert.deepEqual(pauses.slice(0, 4), [750, 1_500, 3_000, 6_000]);
    assert.equal(pauses.at(-1), 0.75 * 15 * 60_000, 'never longer than a quarter of an hour');
    const { length } = machine.eventsOf('loop:recovered');
    assert.equal(length, 14);
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'completed');
  });

  it('R5.7 R5.1 an attempt that has cost something before its provider failed is restarted as any other', async () => {
    const agents = fakeCatalog(fakeProfile('claude', { hasCost: true }));
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 0 } }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a', agent: 'claude' });
    machine.launcher.of('a').end({
      says: [
        { type: 'cost', cost: 1_000, source: 'reported' },
        { type: 'end', ok: false, reason: 'Overloaded', cause: 'provider' },
      ],
    });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed');
  });

  describe('with a session', () => {
    function resuming(plans: PlanRequest[]) {
      const profile = fakeProfile('claude');
      return fakeCatalog(
        fakeProfile('claude', {
          canResume: true,
          plan: (request) => {
            plans.push(request);
            return profile.plan(request);
          },
        }),
      );
    }

    async function play() {
      const plans: PlanRequest[] = [];
      const window = await machine.open({ ...restarts(9), defaultAgent: 'claude' }, { agents: resuming(plans) });
      await window.submit({ prompt: 'work', loopId: 'a' });
      return { plans, window, resumes: () => plans.map(({ resume }) => resume) };
    }

    it('R5.1 a restart continues the session that the agent told', async () => {
      const { resumes, window } = await play();
      machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
      await machine.clock.advance(2_000);
      machine.launcher.of('a').fail();
      await machine.clock.advance(2_000);
      assert.deepEqual(resumes(), [undefined, 's1']);
      assert.deepEqual(
        (await window.get('a'))?.attempts.map(({ resumed }) => resumed),
        [false, true],
      );
    });

    it('R5.1 a session that is unknown is given up: the loop starts afresh, and that uses up no restart', async () => {
      const { resumes, window } = await play();
      machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
      await machine.clock.advance(2_000);
      machine.launcher.of('a').fail();
      await machine.clock.advance(2_000);
      machine.launcher.of('a').end({
        exit: { exitCode: 1 },
        says: [{ type: 'end', ok: false, reason: 'no such session', cause: 'session' }],
      });
      await machine.soon();
      assert.deepEqual(resumes(), [undefined, 's1', undefined]);
      assert.equal((await window.get('a'))?.loop.restarts.length, 1);
    });

    it('R5.1 three crashes in the second of the start, one after the other: the session is not continued', async () => {
      const { resumes } = await play();
      machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
      for (let crash = 0; crash < 3; crash++) {
        machine.launcher.of('a').fail();
        await machine.soon();
        await machine.clock.advance(machine.eventsOf('loop:recovered').at(-1)?.delayMs ?? 0);
      }
      assert.deepEqual(resumes(), [undefined, 's1', 's1', undefined]);
    });
  });

  it('R5.3 a loop whose attempt could not start for a reason that may pass is restarted, at no cost', async () => {
    const agents = fakeCatalog(fakeProfile('sample', { hasCost: true }));
    const window = await machine.open(restarts(1), { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    const noProcess = {
      kind: 'void',
      exit: {},
      error: 'The command "sample" was not started: spawn EAGAIN.',
      hadOutput: false,
    } as const;
    machine.launcher.of('a').end(noProcess);
    await machine.soon();
    const { loop, costUsd } = (await window.get('a')) ?? {};
    assert.deepEqual(
      [loop?.state, loop?.lastError?.class, loop?.lastError?.reason, costUsd],
      ['backingOff', 'lost', noProcess.error, 0],
    );
    assert.equal(window.status().circuit.consecutiveFailures, 0, 'R4.2 it says nothing of the provider');
    await machine.clock.advance(5_000);
    machine.launcher.of('a').end(noProcess);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed', 'R5.1 not for ever');
  });

  it('R5.4 a restart by the user ends the present attempt, or the wait, and uses up no restart', async () => {
    const window = await machine.open(restarts(1));
    await window.submit({ prompt: 'work', loopId: 'a' });
    assert.equal(await window.restartNow('a'), true);
    await machine.soon();
    assert.deepEqual(
      [
        (await window.get('a'))?.state,
        (await window.get('a'))?.attempts.length,
        (await window.get('a'))?.loop.restarts.length,
      ],
      ['running', 2, 0],
    );
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'backingOff');
    assert.equal(await window.restartNow('a'), true);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('a'))?.attempts.length], ['running', 3]);
    assert.equal(await window.restartNow('nobody'), false);
  });

  it('R5.4 a restart by the user of a loop that waits for its agent’s limit lifts that for the account: one goes first, and says so again if it is not over', async () => {
    const window = await machine.open();
    const until = machine.clock.now() + 3_600_000;
    const limit = { exit: { exitCode: 1 }, says: [{ type: 'limit' as const, until, reason: 'limit reached' }] };
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.of('a').end(limit);
    machine.launcher.of('b').fail();
    await machine.clock.advance(60_000);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('b'))?.state], ['waiting', 'queued']);
    assert.equal(await window.restartNow('a'), true);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('b'))?.state], ['running', 'queued']);
    machine.launcher.of('a').end(limit);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'waiting');
    await window.submit({ prompt: 'work', loopId: 'c' });
    assert.equal((await window.get('c'))?.state, 'queued');
  });
});
