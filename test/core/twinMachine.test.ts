import assert from 'node:assert/strict';
import { NotReadyError, StoreError } from '../../src/core/model/errors.ts';
import type { Store, StoreChanges } from '../../src/core/ports/store.ts';
import { fakeMachine } from '../support/fakeMachine.ts';
import { machineForEachTest } from '../support/harness.ts';

/** Two machines of one identity, as copies of a disk image have it. */
describe('a machine whose twin has taken its place', () => {
  const harness = machineForEachTest();
  /** Boots of which nothing reaches the store. */
  let cutOff: Set<string>;
  beforeEach(() => {
    cutOff = new Set();
  });

  const open = (bootId: string) =>
    harness.open(
      {},
      {
        machine: fakeMachine(harness.clock, 'laptop'),
        inspector: (inspector) => ({ ...inspector, self: { ...inspector.self, bootId } }),
        store: (store) => onNetwork(store, bootId),
      },
    );
  const onNetwork = (store: Store, bootId: string): Store =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === 'write' && cutOff.has(bootId))
          return () => Promise.reject(new StoreError('unreachable', 'Nothing passes.'));
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const stored = async (): Promise<Pick<StoreChanges, 'windows' | 'control'>> =>
    harness.books().write((tx) => tx.changes()) as Promise<StoreChanges>;

  it('R16.5 R9.1 it takes its leave, and the lease stays that of its twin, although it should be renewed', async () => {
    const first = await open('monday');
    cutOff.add('monday');
    await harness.clock.advance(66_000);
    const twin = await open('tuesday');
    cutOff.add('tuesday');
    await harness.clock.advance(40_000);
    cutOff.clear();
    await assert.rejects(first.pause(), NotReadyError);

    await first.shutdown(1_000);
    const { windows, control } = await stored();
    assert.deepEqual(
      windows.map(({ id }) => id),
      [harness.idOf(twin)],
    );
    assert.equal(control.machines?.laptop?.lease?.bootId, 'tuesday');
    await twin.submit({ prompt: 'work', loopId: 'a' });
    assert.deepEqual(harness.alive(), ['a']);
  });
});
