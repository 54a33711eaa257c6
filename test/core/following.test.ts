import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
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
    await machine.soon();
    return window;
  }

  for (const read of ['attempts', 'prompt'] as const) {
    it(`R5.3 a store whose ${read} cannot be read fails no loop for good: it starts when it can`, async () => {
      const window = await withSession();
      store.unreadable.add(read);
      await machine.clock.advance(5_000);
      assert.deepEqual([(await machine.books().latest('a'))?.state, machine.launcher.runs.length], ['backingOff', 1]);
      store.unreadable.clear();
      await machine.clock.advance(1_000);
      assert.deepEqual(
        [(await window.get('a'))?.state, (await window.get('a'))?.attempts.at(-1)?.resumed],
        ['running', true],
      );
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
    assert.deepEqual([(await second.get('a'))?.state, second.status().concurrencyUsed], ['completed', 0]);
  });

  it('R3.2 R9.2 a run is followed by one host: the one that it is taken from lets go of it', async () => {
    const headless = await machine.open({}, { ...RESUMING, role: 'headless', folders: [] });
    const first = await open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    machine.kill(first);
    await machine.clock.advance(11_000);
    const run = machine.launcher.of('a');
    assert.deepEqual([run.followers, headless.status().running[0]?.loopId], [1, 'a']);
    const second = await open();
    await machine.clock.advance(1_000);
    assert.equal(run.followers, 1);
    machine.kill(second);
    assert.equal(run.followers, 0, 'it was the window that followed it');
  });

  it('R9.2 what a run has said is not stored any more by a window that has gone', async () => {
    const window = await open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await machine.soon();
    store.mood = 'broken';
    machine.launcher.of('a').say({ type: 'session', sessionId: 's1' });
    await machine.clock.advance(3_000);
    const before = store.writes;
    await machine.clock.advance(3_000);
    assert.ok(store.writes > before, 'as long as the window is there it is tried again');
    machine.kill(window);
    await machine.clock.advance(2_000);
    const { writes } = store;
    await machine.clock.advance(10_000);
    assert.equal(store.writes, writes);
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
    assert.deepEqual([machine.launcher.of('a').stops, (await window.get('a'))?.state], [['user', 'user'], 'cancelled']);
  });

  describe('the log says what fails once, and once that it is over', () => {
    /** What was logged since it was last asked for, sorted; without the error. */
    const logged = () =>
      machine.logged
        .splice(0)
        .map((line) => line.replace(/(tried again\.).*/, '$1').replace(/(attempt) \S+/i, '$1 a'))
        .sort();
    const both = (...complaints: string[]) => {
      const fails = complaints.map((what) => `${what}; it is tried again.`);
      const over = complaints.map((what) => `${what}: that is over.`);
      return [fails, over] as const;
    };

    it('of a store that cannot be written for a minute', async () => {
      const window = await open();
      const other = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'b' });
      machine.launcher.of('b').fail();
      await machine.soon();
      await window.submit({ prompt: 'work', loopId: 'a' });
      await machine.clock.advance(500);
      store.mood = 'broken';
      machine.launcher.of('a').start();
      window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 1 });
      await other.pause();
      await machine.clock.advance(60_000);
      // The other window has woken it.
      const woken = both('Loops that are due could not be woken').flat();
      const [fails, over] = both(
        'Changes of other windows could not be processed',
        'The new settings could not be applied to the queue yet',
        'What attempt a said could not be stored',
      );
      assert.deepEqual(logged(), [...woken, ...fails].sort());
      store.mood = 'well';
      await machine.clock.advance(60_000);
      assert.deepEqual(logged(), over);
      store.mood = 'broken';
      machine.launcher.of('a').ok();
      await machine.clock.advance(2_000);
      assert.deepEqual(
        logged(),
        both('What attempt a said could not be stored')[0],
        'what fails again is logged again',
      );
    });

    it('of a store and a run that cannot be read', async () => {
      const first = await withSession();
      await machine.clock.advance(2_000);
      machine.kill(first);
      store.unreadable.add('attempts');
      await open();
      await machine.clock.advance(500);
      store.unreadable.add('changes');
      await machine.clock.advance(60_000);
      const [fails, over] = both('Attempt a could not be adopted', 'The store could not be read');
      assert.deepEqual(logged(), fails);
      store.unreadable.clear();
      await machine.clock.advance(2_000);
      assert.deepEqual(logged(), over);
    });
  });
});
