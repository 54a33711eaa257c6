import assert from 'node:assert/strict';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE = 60_000;
const machine = machineForEachTest();
const agents = fakeCatalog(fakeProfile('sample'), fakeProfile('claude', { account: 'claude' }));
const windowsOf = (window: Supervisor) =>
  window
    .accounts()
    .find(({ account }) => account === 'claude')
    ?.windows.map(({ name, used }) => [name, used]);

async function working(reserves: { readonly [account: string]: number }): Promise<Supervisor> {
  const window = await machine.open({ reserves, maxConcurrent: 3 }, { agents });
  await window.submit({ prompt: 'work', loopId: 'a', agent: 'claude' });
  return window;
}
const tell = async (used: number, resetsAt = machine.clock.now() + 60 * MINUTE) => {
  machine.launcher.of('a').say({ type: 'window', name: 'five hour', used, resetsAt });
  await machine.soon();
};

describe('usage windows', () => {
  it('R14.6 are shown as the agent last told them, in every window and after a reload, until they reset', async () => {
    const window = await working({});
    await tell(0.4);
    machine.launcher.of('a').say({ type: 'window', name: 'seven day', used: 0.6 });
    await tell(0.5);
    assert.deepEqual(windowsOf(window), [
      ['seven day', 0.6],
      ['five hour', 0.5],
    ]);
    machine.kill(window);
    const next = await machine.open({ maxConcurrent: 3 }, { agents });
    assert.equal(windowsOf(next)?.length, 2);
    await machine.clock.advance(61 * MINUTE);
    assert.deepEqual(windowsOf(next), [['seven day', 0.6]]);
  });

  it('R14.6 what is reserved is left to the user: new loops wait for the reset, what runs goes on', async () => {
    const window = await working({ claude: 20 });
    await tell(0.79);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    assert.deepEqual(machine.alive(), ['a', 'b']);
    await tell(0.8);
    await window.submit({ prompt: 'work', loopId: 'c', agent: 'claude' });
    await window.submit({ prompt: 'work', loopId: 'other', agent: 'sample' });
    assert.deepEqual(machine.alive(), ['a', 'b', 'other']);
    const [parked] = window.status().parked;
    assert.deepEqual([parked?.loopId, parked?.reason], ['c', 'usageLimit']);
    assert.equal(parked?.why, '80 % of its five hour window is used, and 20 % is kept for you');
    for (const loopId of ['a', 'b']) machine.launcher.of(loopId).ok();
    await machine.clock.advance(61 * MINUTE);
    assert.deepEqual(machine.alive(), ['other', 'c']);
  });

  it('R14.6 without a reserve, or without a time at which it ends, nothing is held', async () => {
    const window = await working({ codex: 50 });
    await tell(0.99);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    assert.deepEqual(machine.alive(), ['a', 'b']);
    window.dispose();
    const strict = await machine.open({ reserves: { claude: 50 }, maxConcurrent: 3 }, { agents });
    await machine.clock.advance(20_000);
    machine.launcher.of('a').say({ type: 'window', name: 'five hour', used: 0.99 });
    await machine.soon();
    await strict.submit({ prompt: 'work', loopId: 'c', agent: 'claude' });
    assert.deepEqual(machine.alive(), ['a', 'b', 'c']);
  });

  it('R14.6 R6.9 a reserve that cannot be read keeps its last good value', async () => {
    machine.kill(await working({ claude: 20 }));
    const doubts = { accounts: { kind: 'unreadable', why: 'what "claude" keeps is no number' } } as const;
    const window = await machine.open({ maxConcurrent: 3 }, { agents, doubts });
    await machine.soon();
    await tell(0.8);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    assert.deepEqual([machine.alive(), window.status().parked[0]?.reason], [['a'], 'usageLimit']);
  });

  it('R14.2 a hand goes before the reserve: Try Now lets one loop go first', async () => {
    const window = await working({ claude: 20 });
    await tell(0.9);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    assert.deepEqual(machine.alive(), ['a']);
    await window.tryNow('claude');
    await tell(0.9);
    assert.deepEqual(machine.alive(), ['a', 'b']);
  });
});
