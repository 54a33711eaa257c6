import assert from 'node:assert/strict';
import type { GateRecord } from '../../src/core/model/gate.ts';
import { gatesOf, withGatesOf } from '../../src/core/state/sharedGates.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { FakeLauncher } from '../support/fakeLauncher.ts';
import { fakeMachine } from '../support/fakeMachine.ts';
import { machineForEachTest } from '../support/harness.ts';

describe('Holds where several machines share the store', () => {
  const base = machineForEachTest();

  async function machine(id: string) {
    const launcher = new FakeLauncher(base.clock);
    const window = await base.open({}, { launcher, machine: fakeMachine(base.clock, id) });
    const submit = (loopId: string) => window.submit({ prompt: 'work', loopId, agent: 'claude', whenBlocked: 'queue' });
    return { launcher, window, submit };
  }

  const holds = (window: Supervisor) => window.status().holds.map(({ of, reason }) => [of.kind, reason]);

  it('R14.1 R16.4 a login that is missing holds its own machine, and the others go on', async () => {
    const [one, two] = [await machine('one'), await machine('two')];
    await one.submit('a');
    one.launcher.of('a').end({ says: [{ type: 'end', ok: false, reason: 'not logged in', cause: 'auth' }] });
    await base.clock.advance(1_000);
    assert.deepEqual([holds(one.window), holds(two.window)], [[['account', 'login']], []]);
    await two.submit('b');
    assert.deepEqual(
      two.launcher.runs.map(({ loopId }) => loopId),
      ['b'],
    );
    await one.submit('c');
    assert.deepEqual(
      one.window.status().parked.map(({ loopId }) => loopId),
      ['a', 'c'],
    );
    // That a loop works elsewhere proves nothing here.
    two.launcher.of('b').ok();
    await base.clock.advance(1_000);
    assert.deepEqual(holds(one.window), [['account', 'login']]);
    await one.window.tryNow('claude');
    one.launcher.of('a').ok();
    await base.clock.advance(1_000);
    assert.deepEqual([holds(one.window), base.books().changes()?.control.gates], [[], {}]);
  });

  it('R14.1 R16.4 a loop that is held on its own machine is parked on all, with the reason and where', async () => {
    const [one, two] = [await machine('one'), await machine('two')];
    const parked = (window: Supervisor) => window.status().parked.map(({ loopId, reason }) => [loopId, reason]);
    await one.submit('a');
    one.launcher.of('a').end({ says: [{ type: 'end', ok: false, reason: 'not logged in', cause: 'auth' }] });
    await base.clock.advance(1_000);
    assert.deepEqual([parked(one.window), parked(two.window)], [[['a', 'login']], [['a', 'login']]]);
    assert.match(two.window.status().parked[0]?.why ?? '', /^on the one: .*not logged in/);
    assert.equal(two.window.live()[0]?.waitingFor, 'login');
    // What is held here alone holds none of theirs.
    await two.submit('b');
    two.launcher.of('b').end({ says: [{ type: 'end', ok: false, reason: 'not logged in', cause: 'auth' }] });
    await base.clock.advance(1_000);
    await one.window.tryNow('claude');
    await base.clock.advance(1_000);
    assert.deepEqual(
      one.launcher.alive.map(({ loopId }) => loopId),
      ['a'],
    );
    assert.deepEqual(parked(two.window), [['b', 'login']]);
  });

  it('R14.2 R16.4 what begins on another machine does not take the place of the one that goes first here', async () => {
    const [one, two] = [await machine('one'), await machine('two')];
    await one.submit('a');
    one.launcher.of('a').end({ says: [{ type: 'end', ok: false, reason: 'not logged in', cause: 'auth' }] });
    await base.clock.advance(1_000);
    await one.window.cancel('a');
    await one.window.tryNow('claude');
    await two.submit('b');
    await base.clock.advance(1_000);
    assert.equal((await one.submit('c')).queued, false);
  });

  it('R14.1 R14.4 a usage limit holds the account on all machines', async () => {
    const [one, two] = [await machine('one'), await machine('two')];
    await one.submit('a');
    await two.submit('b');
    one.launcher.of('a').end({ says: [{ type: 'end', ok: false, reason: 'not logged in', cause: 'auth' }] });
    await base.clock.advance(1_000);
    const until = base.clock.now() + 3_600_000;
    two.launcher.of('b').end({ says: [{ type: 'limit', reason: 'used up', until }], exit: { exitCode: 1 } });
    await base.clock.advance(1_000);
    assert.deepEqual(holds(one.window).sort(), [
      ['account', 'login'],
      ['account', 'usageLimit'],
    ]);
    assert.deepEqual(holds(two.window), [['account', 'usageLimit']]);
  });

  it('R13.3 R14.1 a full disk holds its own machine', async () => {
    const [one, two] = [await machine('one'), await machine('two')];
    await one.submit('a');
    one.launcher.of('a').end({ kind: 'void', trouble: 'machine', error: 'no space' });
    await base.clock.advance(100);
    assert.deepEqual([holds(one.window), holds(two.window)], [[['machine', 'machine']], []]);
  });

  it('R14.1 R16.4 a hold of one machine hides the same one of all machines, and does not undo it', () => {
    const facts = { state: 'held', why: '', since: 1, tries: 0 } as const;
    const limit: GateRecord = { ...facts, of: { kind: 'account', name: 'claude' }, reason: 'usageLimit', until: 9 };
    const login: GateRecord = { ...facts, of: { ...limit.of, machine: 'one' }, reason: 'login' };
    const stored = withGatesOf('one', { 'account:claude': limit }, {});
    assert.deepEqual(stored, {});
    const both = { ...withGatesOf('one', {}, { 'account:claude': login }), 'account:claude': limit };
    assert.deepEqual(gatesOf('one', both), { 'account:claude': login });
    assert.deepEqual(gatesOf('two', both), { 'account:claude': limit });
    assert.deepEqual(withGatesOf('one', both, {}), { 'account:claude': limit });
    assert.deepEqual(Object.values(withGatesOf('two', both, {})), [login]);
  });
});
