import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import type { CheckRequest } from '../../src/core/model/check.ts';
import { InvalidLoopError, WrongStateError } from '../../src/core/model/errors.ts';
import { toNano } from '../../src/core/model/money.ts';
import type { PlanRequest } from '../../src/core/ports/agents.ts';
import type { WorkTrees } from '../../src/core/ports/workTrees.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const NO_FIRST = { command: 'npm test', checkFirst: false } as const;

describe('a loop with a check', () => {
  const machine = machineForEachTest();
  const submit = (window: Supervisor, check: CheckRequest = NO_FIRST, more = {}) =>
    window.submit({ prompt: 'work', loopId: 'a', check, ...more });
  const run = () => machine.launcher.of('a');
  const isCheck = () => run().request?.plan.command === 'sh';
  const stateOf = async (window: Supervisor) => (await window.get('a'))?.state;
  const need = async (window: Supervisor) => {
    const loop = (await window.get('a'))?.loop;
    return loop && 'need' in loop ? loop.need : loop?.state;
  };
  const found = (report = '', digest = report): AgentEvent => ({ type: 'checked', report, digest });

  /** Ends the present run: an agent's well, a check with this exit code. */
  async function end(exitCode = 0, says: AgentEvent[] = [found(`exit ${exitCode}`)]): Promise<void> {
    if (isCheck()) run().end({ exit: { exitCode }, says });
    else run().ok();
    await machine.soon();
  }

  it('R11.1 runs its check in its slot when the agent has ended well, and completes when that passes', async () => {
    const window = await machine.open();
    await submit(window);
    await end();
    assert.equal(await stateOf(window), 'checking');
    assert.deepEqual([isCheck(), run().request?.plan.args.at(-1)], [true, 'npm test']);
    assert.equal(window.status().concurrencyUsed, 1);
    await end(0);
    assert.equal(await stateOf(window), 'completed');
    const checks = (await window.get('a'))?.checks;
    assert.deepEqual(
      checks?.map(({ round, outcome, exitCode, report }) => [round, outcome, exitCode, report]),
      [[1, 'passed', 0, 'exit 0']],
    );
    const types = machine.events.map(({ type }) => type).filter((type) => /check|completed/.test(type));
    assert.deepEqual(types, ['loop:checking', 'loop:checked', 'loop:completed']);
  });

  it('R11.1 without a check everything is as before', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    run().ok();
    await machine.soon();
    assert.equal(await stateOf(window), 'completed');
    assert.equal(machine.launcher.runs.length, 1);
  });

  it('R11.2 a check that fails begins the next round, whose prompt tells the command, the code and the output', async () => {
    const asked: PlanRequest[] = [];
    const agent = fakeProfile('claude', {
      canResume: true,
      plan: (request) => {
        asked.push(request);
        return { command: 'claude', args: [], env: {}, sessionId: request.resume ?? 's1', stopSteps: [] };
      },
    });
    const window = await machine.open({ defaultAgent: 'claude' }, { agents: fakeCatalog(agent) });
    await submit(window);
    run().say({ type: 'session', sessionId: 's1' });
    await end();
    await end(1, [found('2 failing')]);
    assert.equal(await stateOf(window), 'running');
    const [first, second] = asked;
    assert.equal(first?.prompt, 'work');
    assert.equal(second?.resume, 's1', 'the session goes on');
    assert.deepEqual([first?.newMessage, second?.newMessage], [undefined, true]);
    for (const part of ['npm test', 'exit code 1', '2 failing', '/runs/'])
      assert.ok(second?.prompt.includes(part), part);
    await end();
    await end(0);
    assert.equal(await stateOf(window), 'completed');
  });

  it('R11.2 with a fresh context each round starts a session of its own, with the original prompt', async () => {
    const asked: PlanRequest[] = [];
    const agent = fakeProfile('claude', {
      canResume: true,
      plan: (request) => {
        asked.push(request);
        return { command: 'claude', args: [], env: {}, sessionId: `s${asked.length}`, stopSteps: [] };
      },
    });
    const window = await machine.open({ defaultAgent: 'claude' }, { agents: fakeCatalog(agent) });
    await submit(window, { ...NO_FIRST, context: 'fresh' });
    run().say({ type: 'session', sessionId: 's1' });
    await end();
    await end(1);
    assert.equal(asked[1]?.resume, undefined);
    assert.ok(asked[1]?.prompt.startsWith('work\n\n'));
  });

  it('R11.2 the check is run once before the first round, and the agent works whatever it says', async () => {
    const window = await machine.open();
    await submit(window, { command: 'npm test' });
    assert.deepEqual([isCheck(), await stateOf(window)], [true, 'checking']);
    await end(0);
    assert.deepEqual([isCheck(), await stateOf(window)], [false, 'running']);
    await end();
    await end(0);
    const checks = (await window.get('a'))?.checks;
    assert.deepEqual(
      checks?.map(({ round, outcome }) => [round, outcome]),
      [
        [0, 'passed'],
        [1, 'passed'],
      ],
    );
  });

  it('R11.3 at every bound it waits for you, keeps no slot, and goes on with as much again', async () => {
    const window = await machine.open();
    await submit(window, { ...NO_FIRST, maxRounds: 2 }, { maxCostUsd: 3 });
    for (const round of [1, 2]) {
      await end();
      await end(1, [found(`try ${round}`)]);
    }
    const waiting = (await window.get('a'))?.loop;
    assert.deepEqual([waiting?.state, waiting && 'need' in waiting && waiting.need], ['waiting', 'maxRounds']);
    assert.equal(window.status().concurrencyUsed, 0);
    await window.continueLoop('a');
    await machine.soon();
    assert.equal(await stateOf(window), 'running');
    assert.equal((await window.get('a'))?.loop.maxCost, toNano(6));
    for (const round of [3, 4]) {
      await end();
      await end(1, [found(`try ${round}`)]);
    }
    assert.equal(await stateOf(window), 'waiting');
    await window.acceptAsIs('a');
    assert.equal(await stateOf(window), 'completed');
    await assert.rejects(window.continueLoop('a'), WrongStateError);
  });

  it('R11.3 no progress, no money and no time left each stop the rounds', async () => {
    const window = await machine.open();
    await submit(window);
    for (let round = 1; round <= 3; round++) {
      await end();
      await end(1, [found('always the same')]);
    }
    assert.equal(await need(window), 'noProgress');
    await window.cancel('a');
    await submit(window, { ...NO_FIRST, maxMinutes: 1 });
    await end();
    await machine.clock.advance(60_000);
    await end(1);
    assert.equal(await need(window), 'maxMinutes');
    await window.cancel('a');
    await submit(window, NO_FIRST, { maxCostUsd: 1 });
    run().say({ type: 'cost', cost: toNano(1), source: 'reported' });
    await end();
    await end(1);
    assert.equal(await need(window), 'maxCost');
  });

  it('R11.3 R4.5 their time is never longer than was granted, though the clock goes back', async () => {
    const window = await machine.open();
    await submit(window, { ...NO_FIRST, maxMinutes: 1 });
    await end();
    machine.clock.jump(-48 * 3_600_000);
    await end(1, [found('one')]);
    await end();
    await machine.clock.advance(61_000);
    await end(1, [found('another')]);
    assert.equal(await need(window), 'maxMinutes');
  });

  describe('in a Git repository', () => {
    /** Work trees that only take snapshots. */
    function trees(snapshot: (name: string) => Promise<string>, look: 'repository' | 'none' = 'repository') {
      const forgotten: string[] = [];
      const workTrees = {
        snapshot: async (_root: string, name: string) => ({
          tree: await snapshot(name),
          commit: 'c',
          commonFolder: '/g',
          leftOut: [],
        }),
        changes: async () => [],
        isWorkTree: async () => look === 'repository',
        forgetEverywhere: async (loops: readonly string[]) => void forgotten.push(...loops),
      } as unknown as WorkTrees;
      return { workTrees, forgotten };
    }

    it('R11.3 the same output on other files is progress, and on the same files is none', async () => {
      const names: string[] = [];
      let tree = '';
      const { workTrees, forgotten } = trees(async (name) => {
        names.push(name);
        return tree;
      });
      const window = await machine.open({}, { workTrees });
      await submit(window);
      for (tree of ['one', 'two', 'three', 'three', 'three']) {
        assert.equal(await stateOf(window), 'running');
        await end();
        await end(1, [found('always the same')]);
      }
      assert.equal(await need(window), 'noProgress');
      assert.deepEqual(names.slice(0, 4), ['1/1-before', '1/1', '1/2-before', '1/2'], 'around each run');
      const { checks } = (await window.get('a')) ?? {};
      assert.deepEqual(
        checks?.map((check) => check.tree),
        ['one', 'two', 'three', 'three', 'three'],
      );
      await window.cancel('a');
      await window.clearFinished();
      assert.deepEqual(forgotten, ['1']);
    });

    it('R11.3 a snapshot that fails is logged and fails nothing, and a folder without Git is not worth a word', async () => {
      for (const look of ['repository', 'none'] as const) {
        const { workTrees } = trees(() => Promise.reject(new Error('no luck')), look);
        const window = await machine.open({}, { workTrees });
        await submit(window);
        await end();
        await end(0);
        assert.equal(await stateOf(window), 'completed');
        assert.equal(machine.logged.filter((line) => line.includes('no luck')).length, 1, look);
      }
    });

    it('R11.3 a snapshot that does not end holds the round up for half a minute at most', async () => {
      const { workTrees } = trees((name) => (name === '1/2' ? new Promise(() => undefined) : Promise.resolve(name)));
      const window = await machine.open({}, { workTrees });
      await submit(window);
      await end();
      await end(1);
      assert.equal(await stateOf(window), 'checking');
      await machine.clock.advance(30_000);
      await machine.soon();
      assert.equal(await stateOf(window), 'running');
      assert.match(machine.logged.join(), /took too long/);
    });

    it('R11.2 a host that goes while a snapshot is taken leaves the end of the check to the next one', async () => {
      const { workTrees } = trees((name) => (name === '1/2' ? new Promise(() => undefined) : Promise.resolve(name)));
      const window = await machine.open({}, { workTrees });
      await submit(window);
      await end();
      await end(0);
      machine.kill(window);
      await machine.clock.advance(60_000);
      const next = await machine.open();
      await machine.soon();
      assert.equal(await stateOf(next), 'completed');
      assert.equal((await next.get('a'))?.checks.length, 1);
    });
  });

  it('R11.2 a check that takes too long is a failed round; one that cannot start waits for you', async () => {
    const window = await machine.open();
    await submit(window, { ...NO_FIRST, timeoutMinutes: 3 });
    await end();
    const { limits } = run().request ?? {};
    assert.deepEqual([limits?.timeoutMs, limits?.silenceMs, limits?.firstOutputMs], [180_000, 0, 0]);
    run().end({ exit: { signal: 'SIGTERM' }, stoppedBy: 'timeout' });
    await machine.soon();
    assert.equal(await stateOf(window), 'running');
    await end();
    run().end({ kind: 'spawn', exit: {}, error: 'there is no shell' });
    await machine.soon();
    const loop = (await window.get('a'))?.loop;
    assert.equal(loop && 'need' in loop && loop.need, 'checkUnstartable');
    await window.continueLoop('a');
    await machine.soon();
    assert.deepEqual(
      [isCheck(), await stateOf(window)],
      [true, 'checking'],
      'the same check again, no agent before it',
    );
  });

  it('R11.2 a pause between two rounds holds the next one', async () => {
    const window = await machine.open();
    await submit(window);
    await end();
    await window.pause();
    await end(1);
    assert.deepEqual([await stateOf(window), machine.alive()], ['queued', []]);
    await window.resume();
    await machine.soon();
    assert.deepEqual([await stateOf(window), isCheck()], ['running', false]);
  });

  it('R11.2 a budget that is used up between two rounds holds the next one', async () => {
    const window = await machine.open({
      budget: { dailyLimit: toNano(1), warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'stop' },
    });
    await submit(window);
    run().say({ type: 'cost', cost: toNano(0.9), source: 'reported' });
    await end();
    await window.submit({ prompt: 'other', loopId: 'b' });
    machine.launcher.of('b').say({ type: 'cost', cost: toNano(0.3), source: 'reported' });
    await machine.soon();
    assert.equal(await stateOf(window), 'checking', 'a check costs nothing, so it is not stopped for money');
    await end(1);
    assert.equal(await stateOf(window), 'queued');
  });

  it('R11.2 a shutdown interrupts a check, which is run again and costs no restart', async () => {
    const window = await machine.open();
    await submit(window);
    await end();
    await window.shutdown();
    const second = await machine.open();
    await machine.soon();
    assert.deepEqual([isCheck(), await stateOf(second)], [true, 'checking']);
    assert.deepEqual((await second.get('a'))?.loop.restarts, []);
    await end(0);
    assert.equal(await stateOf(second), 'completed');
  });

  it('R9.1 R11.1 an agent that ends well in a shutdown has its check run by the next window', async () => {
    const window = await machine.open();
    await submit(window);
    machine.launcher.onStop = (stopped) => stopped.ok();
    await window.shutdown();
    assert.deepEqual([machine.launcher.runs.length, await stateOf(window)], [1, 'queued']);
    const next = await machine.open();
    assert.deepEqual([await stateOf(next), isCheck(), machine.launcher.runs.length], ['checking', true, 2]);
    await end(0);
    assert.equal(await stateOf(next), 'completed');
  });

  it('R11.2 the next round has its slot before any other, unless a gate is closed', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    await submit(window);
    await window.submit({ prompt: 'urgent', loopId: 'b', priority: 9 });
    await end();
    await end(1);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R11.4 rounds are no failures: they use no restart and open no circuit', async () => {
    const circuit = { failureThreshold: 1, cooldownMs: 120_000, halfOpenMaxProbes: 1 };
    const window = await machine.open({ circuit, restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } });
    await submit(window);
    for (let round = 1; round <= 4; round++) {
      await end();
      await end(1, [found(`try ${round}`)]);
    }
    assert.equal(window.status().circuitState, 'closed');
    assert.equal(await stateOf(window), 'running');
  });

  it('R11.4 a failed attempt within a round restarts as any other', async () => {
    const window = await machine.open();
    await submit(window);
    run().fail();
    await machine.soon();
    assert.equal(await stateOf(window), 'backingOff');
    await machine.clock.advance(5_000);
    assert.equal(await stateOf(window), 'running');
    assert.equal((await window.get('a'))?.loop.rounds?.round, 1);
  });

  it('R7.2 a cancel during the check is final', async () => {
    const window = await machine.open();
    await submit(window);
    await end();
    await window.cancel('a');
    await machine.soon();
    assert.equal(await stateOf(window), 'cancelled');
  });

  it('R9.2 a window that adopts a loop goes on with its check where that is', async () => {
    const first = await machine.open();
    await submit(first);
    await end();
    machine.kill(first);
    const second = await machine.open();
    await machine.soon();
    await end(1, [found('still failing')]);
    assert.equal(await stateOf(second), 'running');
    assert.equal((await second.get('a'))?.checks.length, 1);
  });

  it('R11.7 its events tell round, result, exit code and score', async () => {
    const window = await machine.open();
    await submit(window, { ...NO_FIRST, score: { pattern: '(\\d+)', better: 'higher' } });
    await end();
    await end(1, [{ type: 'checked', report: 'r', digest: 'd', score: 42 }]);
    const [checked] = machine.eventsOf('loop:checked');
    const { round, passed, outcome, exitCode, score } = checked ?? {};
    assert.deepEqual([round, passed, outcome, exitCode, score], [1, false, 'failed', 1, 42]);
  });

  it('R1.3 a check that makes no sense is refused with the field', async () => {
    const window = await machine.open();
    const bad: unknown[] = [
      { command: ' ' },
      { command: 'x', timeoutMinutes: 0 },
      { command: 'x', timeoutMinutes: Number.NaN },
      { command: 'x', maxRounds: 1.5 },
      { command: 'x', maxMinutes: -1 },
      { command: 'x', context: 'other' },
      { command: 'x', checkFirst: 1 },
      { command: 'x', score: { pattern: '(', better: 'higher' } },
      { command: 'x', score: { pattern: 'x' } },
      'npm test',
      null,
    ];
    for (const check of bad) {
      await assert.rejects(submit(window, check as CheckRequest), (error) => {
        assert.ok(error instanceof InvalidLoopError, String(error));
        assert.match(error.message, /check/);
        return true;
      });
    }
  });
});
