import assert from 'node:assert/strict';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('waits for a time that an agent has named', () => {
  const machine = machineForEachTest();

  async function limitedUntil(until: number) {
    const window = await machine.open({}, { agents: fakeCatalog(fakeProfile('sample')) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'limit' }] });
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'behind' });
    return window;
  }

  const noTimes: readonly (readonly [string, (now: number) => number])[] = [
    ['the end of time', () => 8.64e27],
    ['infinity', () => Number.POSITIVE_INFINITY],
    ['NaN', () => Number.NaN],
    ['a time in the past', (now) => now - 1],
    ['next year', (now) => now + 366 * DAY_MS],
  ];
  for (const [name, at] of noTimes) {
    it(`R3.3 ${name} is no reset: the agent is tried again after a while, as if it had named none`, async () => {
      const window = await limitedUntil(at(machine.clock.now()));
      assert.equal(machine.books().latest('a')?.state, 'waiting');
      assert.deepEqual(
        window.status().queued.map(({ loopId, waitingFor }) => [loopId, waitingFor]),
        [['behind', 'limit']],
      );
      await machine.clock.advance(16 * MINUTE_MS);
      assert.deepEqual([window.get('a')?.state, window.get('behind')?.state], ['running', 'running']);
    });
  }

  it('R3.3 a fraction of a millisecond is no trouble: the wait can be read back', async () => {
    await limitedUntil(machine.clock.now() + MINUTE_MS + 0.25);
    const books = machine.books();
    assert.equal(books.latest('a')?.state, 'waiting');
    assert.equal(books.changes()?.control.holds['sample']?.until, machine.clock.now() + MINUTE_MS + 1);
  });

  it('R4.5 a clock that goes back by years keeps nobody waiting for years', async () => {
    const window = await limitedUntil(machine.clock.now() + MINUTE_MS);
    machine.clock.jump(-3 * 366 * DAY_MS);
    await machine.clock.advance(31_000);
    assert.deepEqual([window.get('a')?.state, window.get('behind')?.state], ['running', 'running']);
  });

  it('R3.3 a reset in a month is waited for', async () => {
    const window = await limitedUntil(machine.clock.now() + 31 * DAY_MS);
    machine.clock.jump(30 * DAY_MS);
    await machine.clock.advance(31_000);
    assert.deepEqual([window.get('a')?.state, window.get('behind')?.state], ['waiting', 'queued']);
    machine.clock.jump(DAY_MS);
    await machine.clock.advance(62_000);
    assert.deepEqual([window.get('a')?.state, window.get('behind')?.state], ['running', 'running']);
  });
});
