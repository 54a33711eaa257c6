import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LoopSupervisorApi } from '../../src/api.ts';
import { carrying, look } from '../support/host/processes.ts';
import { until } from '../support/until.ts';
import { readyApi, set, useEvents, useQuietEnd, useSettings } from './extension.ts';

/** An id that the same suite in another VS Code of this machine does not have: processes are found by it. */
const own = (loopId: string) => `${loopId}-${process.pid}`;
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected;

describe('loops through the API, in VS Code', () => {
  let api: LoopSupervisorApi;
  const events = useEvents();
  useQuietEnd();
  // The sample's money is play money: what a budget sees needs other agents.
  const agents = {
    quick: { extends: 'plain', command: 'true' },
    dear: { extends: 'claude', command: 'true' },
  };
  useSettings({ killGraceSeconds: 0.3, 'restart.maxRestarts': 0, agents });

  before(async () => {
    api = await readyApi();
  });

  const state = async (loopId: string) => (await api.get(loopId))?.state;
  const typesOf = (loopId: string) =>
    events.flatMap((event) => ('loopId' in event && event.loopId === loopId ? [event.type] : []));

  it('R1.1 R6.6 a sample loop starts at once and completes; its cost is play money and leaves the budget alone', async () => {
    const spent = api.status().budget.spent;
    const answer = await api.submit({ prompt: 'Say hello [cost 0.25]', agent: 'sample', loopId: 'vs-hello' });
    assert.deepEqual(answer, { loopId: 'vs-hello', queued: false, position: 0 });
    await until('the loop to complete', async () => (await state('vs-hello')) === 'completed');
    assert.deepEqual(typesOf('vs-hello'), ['loop:started', 'loop:completed']);
    const loop = (await api.get('vs-hello'))!;
    assert.equal(loop.costUsd, 0.25);
    assert.equal(loop.attempts.length, 1);
    assert.equal(loop.attempts[0]?.outcome, 'ok');
    assert.equal(loop.attempts[0]?.exitCode, 0);
    assert.equal(loop.attempts[0]?.cost.source, 'reported');
    assert.equal(api.status().budget.spent, spent);
  });

  it('R6.6 a cost that is reported through the API reaches the budget, once', async () => {
    const spent = api.status().budget.spent;
    await until('the agent of the settings to be known', () =>
      api.submit({ prompt: 'Work', agent: 'quick', loopId: 'vs-costs' }),
    );
    await until('the loop to complete', async () => (await state('vs-costs')) === 'completed');
    assert.equal(await api.recordCost('vs-costs', 0.25, 'bill-1'), true);
    assert.equal(await api.recordCost('vs-costs', 0.25, 'bill-1'), false);
    assert.ok(Math.abs(api.status().budget.spent - spent - 0.25) < 1e-9);
  });

  it('R7.1 R7.2 cancel ends a loop with children that ignore SIGTERM, and leaves no process', async () => {
    const loopId = own('vs-cancel');
    await api.submit({ prompt: 'Work [spawn 3] [ignore-sigterm] [slow 120]', agent: 'sample', loopId });
    const marked = () => carrying('LOOP_SUPERVISOR_LOOP', loopId);
    await until('the agent and its children', () => marked().length >= 4);
    const pid = api.status().running.find((loop) => loop.loopId === loopId)?.pid;
    assert.ok(pid);
    assert.equal(look(pid)?.pgid, pid, 'the agent leads a process group');
    assert.equal(await api.cancel(loopId), true);
    await until('the loop to be cancelled', async () => (await state(loopId)) === 'cancelled');
    assert.deepEqual(marked(), []);
    assert.deepEqual(typesOf(loopId).at(-1), 'loop:cancelled');
  });

  it('R7.3 a kill leaves nothing, and is never followed by a restart', async () => {
    const loopId = own('vs-kill');
    await api.submit({ prompt: 'Work [slow 120]', agent: 'sample', loopId });
    await until('the agent', () => api.status().running.find((loop) => loop.loopId === loopId)?.pid);
    assert.equal(await api.killProcessGroup(loopId, 'SIGKILL'), true);
    await until('the loop to end', async () => (await state(loopId)) === 'cancelled');
    assert.deepEqual(carrying('LOOP_SUPERVISOR_LOOP', loopId), []);
  });

  it('R1.2 R1.3 wrong submits are rejected with their code, say which field, and leave no trace', async () => {
    await assert.rejects(
      api.submit({ prompt: ' \n' }),
      (error: Error) => code('invalid-loop')(error) && /prompt/.test(error.message),
    );
    await assert.rejects(
      api.submit({ prompt: 'x', loopId: '../up' }),
      (error: Error) => code('invalid-loop')(error) && /loopId/.test(error.message),
    );
    await assert.rejects(
      api.submit({ prompt: 'x', agent: 'nobody' }),
      (error: Error) => code('invalid-loop')(error) && /agent/.test(error.message),
    );
    await assert.rejects(api.submit({ prompt: 'x', estimatedCostUsd: Number.NaN }), code('invalid-loop'));
    await assert.rejects(api.submit({ prompt: 'x', priority: 1.5 }), code('invalid-loop'));
    await assert.rejects(api.submit({ prompt: 'x', cwd: '/no/such/folder' }), code('invalid-loop'));
    assert.equal(api.status().queued.length, 0);
    assert.equal(events.filter(({ type }) => type === 'loop:rejected').length, 6);
    await api.submit({ prompt: 'First [slow 60]', agent: 'sample', loopId: 'vs-twice' });
    await assert.rejects(api.submit({ prompt: 'Second', agent: 'sample', loopId: 'vs-twice' }), code('duplicate-loop'));
  });

  it('R3.3 a cap that is raised in the settings starts a waiting loop', async () => {
    await set('maxConcurrent', 1);
    try {
      await until('the cap', () => api.status().concurrencyMax === 1);
      await api.submit({ prompt: 'One [slow 60]', agent: 'sample', loopId: 'vs-one' });
      assert.deepEqual(await api.submit({ prompt: 'Two [slow 60]', agent: 'sample', loopId: 'vs-two' }), {
        loopId: 'vs-two',
        queued: true,
        position: 1,
      });
      await set('maxConcurrent', 2);
      await until('the second loop to run', async () => (await state('vs-two')) === 'running');
    } finally {
      await set('maxConcurrent', undefined);
    }
  });

  it('R2.3 Run Next on several loops moves those that are queued, in their order', async () => {
    await api.pause();
    for (const loopId of ['vs-q1', 'vs-q2', 'vs-q3'])
      await api.submit({ prompt: 'Wait [slow 60]', agent: 'sample', loopId });
    assert.equal(await vscode.commands.executeCommand('loopSupervisor.runNext', ['vs-hello', 'vs-q3', 'vs-q2']), 2);
    assert.deepEqual(
      api.status().queued.map(({ loopId }) => loopId),
      ['vs-q2', 'vs-q3', 'vs-q1'],
    );
  });

  it('R2.4 while paused submits queue; resume starts them', async () => {
    await api.pause();
    assert.deepEqual(await api.submit({ prompt: 'Later', agent: 'sample', loopId: 'vs-paused' }), {
      loopId: 'vs-paused',
      queued: true,
      position: 1,
    });
    assert.equal(api.status().queued[0]?.waitingFor, 'paused');
    await api.resume();
    await until('the loop to start', async () => (await state('vs-paused')) !== 'queued');
  });

  it('R6.2 an estimate that does not fit the day is rejected with spent, reserved and limit', async () => {
    const limit = api.status().budget.spent + 1;
    await set('budget.dailyLimitUsd', limit);
    try {
      await until('the limit', () => api.status().budget.limit === limit);
      await assert.rejects(
        api.submit({ prompt: 'Dear', agent: 'dear', estimatedCostUsd: 1.01 }),
        (error: Error & { limitUsd?: number; spentUsd?: number }) => {
          assert.ok(code('budget-exceeded')(error));
          assert.equal(error.limitUsd, limit);
          return true;
        },
      );
      await api.submit({ prompt: 'Just fits', agent: 'dear', estimatedCostUsd: 1, loopId: 'vs-fits' });
    } finally {
      await set('budget.dailyLimitUsd', undefined);
    }
  });

  it('R4.1 R4.3 failures in a row open the circuit; a reset by hand closes it', async () => {
    await set('circuitBreaker.failureThreshold', 2);
    // Settings are heard in their order, and this one can be seen.
    await set('maxConcurrent', 3);
    try {
      await until('the settings to be heard', () => api.status().concurrencyMax === 3);
      for (const loopId of ['vs-fail-1', 'vs-fail-2']) {
        await api.submit({ prompt: '[fail]', agent: 'sample', loopId });
        await until(`${loopId} to fail`, async () => (await state(loopId)) === 'failed');
      }
      await until('the circuit to open', () => api.status().circuitState === 'open');
      await assert.rejects(
        api.submit({ prompt: 'x', agent: 'sample' }),
        (error: Error & { secondsLeft?: number }) => code('circuit-open')(error) && (error.secondsLeft ?? 0) > 60,
      );
      assert.equal(await vscode.commands.executeCommand('loopSupervisor.resetCircuit'), 'closed');
      assert.equal(api.status().circuit.consecutiveFailures, 0);
    } finally {
      for (const key of ['circuitBreaker.failureThreshold', 'maxConcurrent']) await set(key, undefined);
    }
  });

  it('R9.3 a listener that throws affects nobody else', async () => {
    const bad = api.onEvent(() => {
      throw new Error('A listener of a test that throws on purpose.');
    });
    try {
      await api.submit({ prompt: 'Go on', agent: 'sample', loopId: 'vs-throws' });
      await until('the loop to complete', async () => (await state('vs-throws')) === 'completed');
    } finally {
      bad.dispose();
    }
  });

  it('commands take a loop id: keybindings and other extensions can use them', async () => {
    await api.submit({ prompt: 'Work [slow 60]', agent: 'sample', loopId: 'vs-command' });
    assert.equal(await vscode.commands.executeCommand('loopSupervisor.cancel', 'vs-command'), 1);
    await until('the loop to be cancelled', async () => (await state('vs-command')) === 'cancelled');
  });
});
