import assert from 'node:assert/strict';
import { fakeCatalog, fakeProfile, type Harness, harness, type WindowFacts } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

describe('following runs when the store or the launcher is in trouble', () => {
  let machine: Harness;
  let store: MoodyStore;

  beforeEach(() => {
    machine = harness();
    store = new MoodyStore();
  });

  afterEach(() => machine.dispose());

  const soon = () => machine.clock.advance(0);
  const RESUMING = { agents: fakeCatalog(fakeProfile('sample', { canResume: true })) };

  function open(facts: WindowFacts = {}) {
    return machine.open({}, { ...RESUMING, store: store.wrap, ...facts });
  }

  /** A window with a loop whose attempt has failed in a session: it backs off. */
  async function withSession() {
    const window = await open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
    machine.launcher.of('a').fail();
    await soon();
    return window;
  }

  for (const read of ['attempts', 'prompt'] as const) {
    it(`R5.3 a store whose ${read} can not be read fails no loop for good: it starts when it can`, async () => {
      const window = await withSession();
      store.unreadable.add(read);
      await machine.clock.advance(5_000);
      assert.deepEqual([machine.books().latest('a')?.state, machine.launcher.runs.length], ['backingOff', 1]);
      store.unreadable.clear();
      await machine.clock.advance(1_000);
      assert.deepEqual([window.get('a')?.state, window.get('a')?.attempts.at(-1)?.resumed], ['running', true]);
    });
  }

  it('R3.2 R9.2 a run that could not be taken over is taken over when it can: its end is not missed, and its slot comes back', async () => {
    const first = await withSession();
    await machine.clock.advance(2_000);
    machine.kill(first);
    machine.launcher.of('a').ok();
    store.unreadable.add('attempts');
    const second = await open();
    await machine.clock.advance(3_000);
    assert.equal(second.status().concurrencyUsed, 1);
    store.unreadable.clear();
    await machine.clock.advance(1_000);
    assert.deepEqual([second.get('a')?.state, second.status().concurrencyUsed], ['completed', 0]);
  });

  it('R7.2 a stop that could not be sent is sent again', async () => {
    const window = await open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.onStop = () => {
      machine.launcher.onStop = (run) => run.end({ exit: { signal: 'SIGTERM' } });
      throw new Error('no way to its guardian');
    };
    await window.cancel('a');
    await machine.clock.advance(1_000);
    assert.deepEqual([machine.launcher.of('a').stops, window.get('a')?.state], [['user', 'user'], 'cancelled']);
  });
});
