import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { toNano } from '../../src/core/model/money.ts';
import { machineForEachTest } from '../support/harness.ts';

const cost = (usd: number): AgentEvent => ({ type: 'cost', cost: toNano(usd), source: 'reported' });
const OK: AgentEvent = { type: 'end', ok: true };
const TEXT: AgentEvent = { type: 'text', text: 'more to do', delta: false };

describe('What the ends of runs mean', () => {
  const machine = machineForEachTest();

  async function running(loopId = 'a') {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId });
    const run = machine.launcher.of(loopId);
    run.start();
    return { window, run };
  }

  for (const facts of [
    { exit: { exitCode: 1 } },
    { exit: { signal: 'SIGKILL' } },
    { exit: { signal: 'SIGTERM' }, stoppedBy: 'ended' },
    { exit: { signal: 'SIGKILL' }, stoppedBy: 'output-limit' },
  ] as const) {
    it(`R5.6 a success is not undone by the process that said it, and is done once: ${JSON.stringify(facts)}`, async () => {
      const { window, run } = await running();
      run.say(TEXT, OK);
      run.end(facts);
      await machine.soon();
      assert.equal((await window.get('a'))?.state, 'completed');
      assert.equal(machine.launcher.runs.length, 1);
    });
  }

  it('R8.2 what the agent said last is kept with its attempt, also when another window follows it', async () => {
    const { window, run } = await running();
    const piece = (text: string): AgentEvent => ({ type: 'text', text, delta: true });
    const call: AgentEvent = { type: 'toolCall', name: 'Bash', summary: 'ls' };
    run.say(piece('I look '), piece('around.'), call, piece('All '));
    run.say(cost(0.1), piece('tests '));
    await machine.soon();
    machine.kill(window);
    const next = await machine.open();
    await machine.soon();
    machine.launcher.of('a').end({ says: [piece('pass.'), piece('x'.repeat(5_000)), OK] });
    await machine.soon();
    const [attempt] = (await next.get('a'))?.attempts ?? [];
    assert.equal(attempt?.lastWords?.length, 2_000);
    assert.match(attempt?.lastWords ?? '', /^All tests pass\.x+$/);
  });

  it('R5.6 a success that was followed by more work is none', async () => {
    const { window, run } = await running();
    run.say(OK);
    run.say(TEXT);
    run.fail(1);
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'backingOff');
  });

  for (const trouble of ['machine', 'folder'] as const) {
    it(`R13.3 R5.7 the trouble of the ${trouble} uses up no restart, and the loop comes back (B3, B10)`, async () => {
      const { window, run } = await running();
      run.end({ kind: 'void', exit: {}, trouble, error: 'The disk is full.', hadOutput: false });
      await machine.soon();
      const detail = await window.get('a');
      assert.ok(detail && detail.state !== 'failed' && detail.state !== 'completed', detail?.state);
      assert.deepEqual(detail.loop.restarts, []);
      assert.equal(window.status().circuitState, 'closed');
      assert.ok(detail.history.some(({ why }) => why.includes('The disk is full')));
    });
  }

  it('R5.3 a guardian that was signalled by somebody else uses up a restart (B6)', async () => {
    const { window, run } = await running();
    run.end({ exit: { signal: 'SIGTERM' }, stoppedBy: 'shutdown', foreignSignal: 'SIGTERM' });
    await machine.soon();
    const detail = await window.get('a');
    assert.equal(detail?.state, 'backingOff');
    assert.equal(detail?.loop.restarts.length, 1);
  });

  it('R8.4 R17.3 a run that asked in vain waits for its user, and is not restarted (E5)', async () => {
    const { window, run } = await running();
    run.lines({ asking: 'Allow? (y/n):' });
    assert.equal(window.live().find(({ loop }) => loop.loopId === 'a')?.activity?.asking, 'Allow? (y/n):');
    run.end({ exit: { signal: 'SIGTERM' }, stoppedBy: 'hung', asked: 'Allow? (y/n):' });
    await machine.soon();
    const detail = await window.get('a');
    assert.equal(detail?.state, 'waiting');
    assert.ok(detail?.loop.state === 'waiting' && detail.loop.for === 'you');
    assert.equal(detail?.attempts[0]?.outcome, 'asks');
    assert.match(detail?.attempts[0]?.reason ?? '', /Allow\? \(y\/n\)/);
    await machine.clock.advance(3_600_000);
    assert.equal(machine.launcher.runs.length, 1);
  });

  it('R8.1 what is read twice is billed once, and equal lines are billed each (E7)', async () => {
    const { window, run } = await running();
    run.report([cost(1), cost(1)], { costKeys: ['x.1.0', 'x.2.0'] });
    run.report([cost(1), cost(1), cost(2)], { costKeys: ['x.1.0', 'x.2.0', 'y.1.0'], anew: 'replaced' });
    await machine.soon();
    const detail = await window.get('a');
    assert.equal(detail?.costUsd, 4);
    assert.ok(detail?.history.some(({ why }) => /the log of the run was replaced/.test(why)));
  });
});
