import assert from 'node:assert/strict';
import { GONE } from '../../src/core/model/looks.ts';
import type { ProcessIdentity } from '../../src/core/model/processIdentity.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';
import { MoodyStore } from '../support/moodyStore.ts';

describe('life of windows', () => {
  const machine = machineForEachTest();

  const ONE_TRY = { restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } };

  it('R3.3 settings that change while a window starts are those that it starts with', async () => {
    const first = await machine.open({ maxConcurrent: 1 });
    for (const loopId of ['a', 'b']) await first.submit({ prompt: 'work', loopId });
    machine.kill(first);
    const second = await machine.open(
      { maxConcurrent: 1 },
      { created: (window) => window.configure({ ...DEFAULT_SETTINGS, maxConcurrent: 2 }) },
    );
    assert.equal(second.status().concurrencyMax, 2);
    assert.deepEqual(machine.alive(), ['a', 'b']);
  });

  it('R9.1 shutdown stops what runs within its time, the unwilling with SIGKILL, and their loops keep their places', async () => {
    const first = await machine.open({ maxConcurrent: 2, killGraceMs: 5_000 });
    machine.launcher.onStop = () => {};
    machine.launcher.onSignal = (run, signal) => run.end({ exit: { signal } });
    for (const loopId of ['a', 'b', 'c']) await first.submit({ prompt: 'work', loopId });
    let done = false;
    const down = first.shutdown(10_000).then(() => {
      done = true;
    });
    await machine.clock.advance(1_000);
    machine.launcher.of('a').end({ exit: { signal: 'SIGTERM' } });
    await machine.clock.advance(6_999);
    assert.deepEqual([done, machine.launcher.of('b').signals], [false, []]);
    await machine.clock.advance(1);
    assert.deepEqual(machine.launcher.of('b').signals, ['SIGKILL']);
    await down;
    const second = await machine.open({ maxConcurrent: 2 });
    assert.deepEqual(machine.alive(), ['a', 'b']);
    assert.deepEqual(
      (await second.get('b'))?.attempts.map(({ outcome }) => outcome),
      ['interrupted', undefined],
    );
    assert.equal((await second.get('c'))?.state, 'queued');
  });

  it('R9.1 shutdown ends in time even if a run cannot be ended: the next window completes the stop', async () => {
    const first = await machine.open();
    machine.launcher.onStop = () => {};
    await first.submit({ prompt: 'work', loopId: 'a' });
    const down = first.shutdown(10_000);
    await machine.clock.advance(10_000);
    await down;
    const second = await machine.open();
    assert.equal((await second.get('a'))?.state, 'stopping');
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' } });
    await machine.soon();
    assert.equal((await second.get('a'))?.attempts[0]?.outcome, 'interrupted');
    assert.equal((await second.get('a'))?.state, 'running', 'and the loop goes on');
  });

  for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 40, Number.NaN, -1]) {
    it(`R9.1 a shutdown within ${timeoutMs} ms ends, and what runs is stopped`, async () => {
      const window = await machine.open();
      await window.submit({ prompt: 'work', loopId: 'a' });
      const down = window.shutdown(timeoutMs);
      await machine.clock.advance(2_000);
      await down;
      assert.deepEqual(
        [machine.launcher.of('a').stops[0], (await machine.books().latest('a'))?.state],
        ['shutdown', 'queued'],
      );
      assert.deepEqual(machine.logged, []);
    });
  }

  it('R2.2 R9.1 a submit that is decided on when shutdown has begun starts nothing: it needs a place in the queue', async () => {
    const full = await machine.open({ maxQueueDepth: 0 }, { folders: ['/a'] });
    const refused = assert.rejects(full.submit({ prompt: 'work', loopId: 'a' }), { code: 'queue-full' });
    void full.shutdown();
    await machine.soon();
    await refused;
    const roomy = await machine.open({ maxQueueDepth: 1 }, { folders: ['/b'] });
    const answer = roomy.submit({ prompt: 'work', loopId: 'b' });
    void roomy.shutdown();
    await machine.soon();
    assert.deepEqual([await answer, machine.alive()], [{ loopId: 'b', queued: true, position: 1 }, []]);
  });

  it('R9.1 a second shutdown waits for the first', async () => {
    const window = await machine.open();
    machine.launcher.onStop = () => {};
    await window.submit({ prompt: 'work', loopId: 'a' });
    const ended: string[] = [];
    const first = window.shutdown(10_000).then(() => void ended.push('first'));
    const second = window.shutdown(10_000).then(() => void ended.push('second'));
    await machine.clock.advance(1_000);
    assert.deepEqual(ended, []);
    machine.launcher.of('a').end({ exit: { signal: 'SIGTERM' } });
    await machine.soon();
    await Promise.all([first, second]);
    assert.deepEqual(ended.sort(), ['first', 'second']);
  });

  it("R9.1 shutdown stops this window's runs only", async () => {
    const first = await machine.open({}, { folders: ['/a'] });
    const second = await machine.open({}, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await first.shutdown();
    await machine.clock.advance(20_000);
    assert.deepEqual(machine.alive(), ['b']);
    assert.deepEqual(
      second.status().queued.map(({ loopId, waitingFor }) => [loopId, waitingFor]),
      [['a', 'window']],
      'its folder is open nowhere: it waits for a window that has it',
    );
  });

  it('R9.1 a window that shuts down takes over no run of a window that dies meanwhile: it ends in time, and the next one follows it', async () => {
    const first = await machine.open();
    const second = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'mine' });
    await second.submit({ prompt: 'work', loopId: 'other' });
    machine.launcher.onStop = () => {};
    const down = first.shutdown(10_000);
    await machine.clock.advance(1_000);
    machine.kill(second);
    await machine.clock.advance(1_000);
    machine.launcher.of('mine').end({ exit: { signal: 'SIGTERM' } });
    await machine.soon();
    await down;
    assert.deepEqual([machine.launcher.of('other').stops, machine.launcher.of('other').signals], [[], []]);
    const third = await machine.open();
    assert.deepEqual(machine.alive(), ['other', 'mine']);
    machine.launcher.of('other').ok();
    await machine.soon();
    assert.equal((await third.get('other'))?.state, 'completed');
  });

  it('R9.1 a window that shuts down hears of what others change, and still takes over nothing', async () => {
    const first = await machine.open();
    const second = await machine.open();
    const third = await machine.open({}, { folders: ['/elsewhere'] });
    await first.submit({ prompt: 'work', loopId: 'mine' });
    await second.submit({ prompt: 'work', loopId: 'other' });
    const owner = machine.idOf(second);
    machine.launcher.onStop = () => {};
    const down = first.shutdown(10_000);
    await machine.clock.advance(1_000);
    machine.kill(second);
    await third.pause();
    await machine.clock.advance(1_000);
    assert.equal(first.status().paused, true);
    const loop = await machine.books().latest('other');
    assert.equal(loop?.state === 'running' && loop.attempt.windowId, owner);
    machine.launcher.of('mine').end({ exit: { signal: 'SIGTERM' } });
    await machine.soon();
    await down;
  });

  it('R9.2 a window that is released takes over no run that it could not tell of its leave', async () => {
    const store = new MoodyStore();
    const first = await machine.open({ onWindowClose: 'stop' }, { store: store.wrap });
    const second = await machine.open();
    await second.submit({ prompt: 'work', loopId: 'other' });
    await machine.clock.advance(1_000);
    store.mood = 'held';
    void first.setPriority('nobody', 1).catch(() => {});
    const owner = machine.idOf(second);
    machine.kill(second);
    await machine.clock.advance(500);
    const gone = first.release();
    store.release();
    await machine.clock.advance(1_000);
    await gone;
    const loop = await machine.books().latest('other');
    assert.equal(loop?.state === 'running' && loop.attempt.windowId, owner);
  });

  it('R9.2 a release is no shutdown of the loops: they go on, and the next window follows them', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    run.start({ pid: 9, startTime: 's', bootId: 'b' });
    await machine.soon();
    await first.release();
    assert.deepEqual([run.leftWith, run.stops], [undefined, []]);
    const second = await machine.open();
    assert.deepEqual(
      second.status().running.map(({ loopId, pid, attempt }) => [loopId, pid, attempt]),
      [['a', 9, 1]],
    );
    await second.release();
    await machine.clock.advance(10_000);
    const third = await machine.open({ onWindowClose: 'stop' });
    await third.release();
    assert.equal(run.leftWith, 15_000, 'with onWindowClose: stop it stops, unless a window with its folder comes');
  });

  for (const how of ['dispose', 'release', 'shutdown'] as const) {
    it(`R9.1 a window that ends (${how}) while it starts does not work afterwards, and starts nothing`, async () => {
      const before = await machine.open();
      await before.pause();
      await before.submit({ prompt: 'work', loopId: 'a' });
      machine.kill(before);
      const store = new MoodyStore();
      store.mood = 'held';
      const opened: Supervisor[] = [];
      const opening = machine.open({}, { store: store.wrap, created: (supervisor) => opened.push(supervisor) });
      await machine.soon();
      const [window] = opened as [Supervisor];
      const ended = Promise.resolve(window[how]());
      store.release();
      await machine.clock.advance(2_000);
      await ended;
      await opening;
      assert.match(window.status().notReady ?? '', /has shut down/);
      await assert.rejects(window.submit({ prompt: 'work' }), { code: 'shutting-down' });
      await assert.rejects(window.start(), { code: 'not-ready' });
      const { writes } = store;
      await machine.clock.advance(60_000);
      assert.deepEqual([store.writes, machine.alive()], [writes, []]);
    });
  }

  it('R9.2 the start of a loop that ran when its window died is the same for the next', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    const { startedAt } = first.status().running[0] ?? {};
    await machine.clock.advance(5_000);
    machine.kill(first);
    await machine.clock.advance(5_000);
    machine.launcher.of('a').end({ exit: { exitCode: 0 }, at: machine.clock.now() - 2_000 });
    const second = await machine.open();
    await machine.soon();
    const [attempt] = (await second.get('a'))?.attempts ?? [];
    assert.deepEqual(
      [attempt?.startedAt, attempt?.endedAt, attempt?.exitCode],
      [startedAt, machine.clock.now() - 2_000, 0],
    );
  });

  it('R9.2 an agent that is not configured any more still has its end recorded', async () => {
    const first = await machine.open({ defaultAgent: 'claude' });
    await first.submit({ prompt: 'work', loopId: 'a' });
    machine.kill(first);
    const second = await machine.open(
      {},
      { agents: { find: () => undefined, names: () => [], shell: () => assert.fail('nothing is checked') } },
    );
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.equal((await second.get('a'))?.state, 'backingOff');
    await machine.clock.advance(5_000);
    assert.deepEqual(
      second.status().parked.map(({ loopId, reason, why }) => [loopId, reason, why]),
      [['a', 'profile', 'there is no agent profile "claude"']],
      'R2.2 it is parked until there is one again',
    );
  });

  it('R9.3 a listener that throws breaks nothing: the error is logged, the others and the supervisor go on', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    window.onEvent(() => {
      throw new Error('a bad listener');
    });
    window.onDidChange(() => {
      throw new Error('another');
    });
    let heard = 0;
    window.onEvent(() => void heard++);
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b' });
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('b'))?.state, 'running');
    assert.equal(heard, 4);
    assert.ok(
      machine.logged.some((line) => line.includes('a bad listener')) &&
        machine.logged.some((line) => line.includes('another')),
    );
  });

  it('R9.3 a listener may call the supervisor back', async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    window.onEvent((event) => {
      if (event.type === 'loop:completed' && event.loopId === 'a')
        void window.submit({ prompt: 'work', loopId: 'next' });
    });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('next'))?.state, 'running');
  });

  it('R9.4 finished loops are bounded by number, oldest first, with their logs', async () => {
    const retention = { ...DEFAULT_SETTINGS.retention, maxLoops: 3 };
    const window = await machine.open({
      ...ONE_TRY,
      retention,
      circuit: { failureThreshold: 100, cooldownMs: 1_000, halfOpenMaxProbes: 1 },
    });
    for (let n = 0; n < 6; n++) {
      await window.submit({ prompt: 'work', loopId: `l${n}` });
      machine.launcher.of(`l${n}`).fail();
      await machine.clock.advance(1_000);
    }
    assert.equal(window.status().permanentlyFailed.length, 6);
    await machine.clock.advance(3_700_000);
    assert.deepEqual(window.status().permanentlyFailed, ['l5', 'l4', 'l3']);
    const tokens = ['l0', 'l1', 'l2'].map((loopId) => machine.launcher.of(loopId).token);
    assert.deepEqual(new Set(machine.launcher.removed), new Set(tokens));
    await window.submit({ prompt: 'work', loopId: 'l0' });
    assert.equal((await window.get('l0'))?.state, 'running', 'R1.2 what was forgotten does not refuse its id');
  });

  /** Loops that have come to their ends. */
  const finish = async (window: Supervisor, ...loopIds: readonly string[]) => {
    for (const loopId of loopIds) {
      await window.submit({ prompt: 'work', loopId });
      machine.launcher.of(loopId).ok();
      await machine.clock.advance(1);
    }
  };

  it('R9.4 logs that cannot be removed keep no others', async () => {
    const window = await machine.open();
    await finish(window, 'a', 'b', 'c');
    const { launcher } = machine;
    const removeRuns = launcher.removeRuns.bind(launcher);
    launcher.removeRuns = async (tokens) => {
      if (tokens.includes(launcher.of('b').token)) throw new Error('EBUSY');
      await removeRuns(tokens);
    };
    assert.equal(await window.clearFinished(), 3);
    assert.deepEqual(launcher.removed.sort(), [launcher.of('a').token, launcher.of('c').token].sort());
    assert.ok(machine.logged.some((line) => line.includes(launcher.of('b').token) && line.includes('EBUSY')));
  });

  it('R9.4 windows that clear at the same time count each loop once', async () => {
    const windows = [await machine.open(), await machine.open()] as const;
    await finish(windows[0], 'a', 'b', 'c');
    const counts = await Promise.all(windows.map((window) => window.clearFinished()));
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      3,
    );
    await finish(windows[0], 'd');
    const removed = await Promise.all(windows.map((window) => window.removeFinished('d')));
    assert.deepEqual(removed.sort(), [false, true]);
  });

  it('R9.4 loops are cleared though the room that they leave cannot be given back to the disk: that is logged, and tried again', async () => {
    const store = new MoodyStore();
    const window = await machine.open({}, { store: store.wrap });
    await finish(window, 'a');
    store.unreadable.add('tidy');
    assert.equal(await window.clearFinished(), 1);
    assert.ok(machine.logged.some((line) => line.includes('returned to the disk')));
  });

  it('R9.4 old logs of which the books know nothing, such as of a removal that was broken off, are removed', async () => {
    const window = await machine.open();
    await finish(window, 'a');
    await window.submit({ prompt: 'work', loopId: 'live' });
    const { written, removed, runs } = machine.launcher;
    const old = machine.clock.now() - DEFAULT_SETTINGS.retention.maxAgeMs - 60_000;
    for (const token of ['stray', ...runs.map((run) => run.token)]) written.set(token, old);
    written.set('young stray', old + 30 * 3_600_000);
    await machine.clock.advance(60_000);
    machine.clock.jump(24 * 3_600_000);
    await machine.clock.advance(60_000);
    assert.deepEqual(removed, ['stray']);
  });

  it('R9.4 finished loops are bounded by age, and can be cleared; live ones are never removed', async () => {
    const retention = { ...DEFAULT_SETTINGS.retention, maxAgeMs: 7_200_000 };
    const window = await machine.open({ retention, staleAfterMs: 0 });
    await window.submit({ prompt: 'work', loopId: 'old' });
    await window.submit({ prompt: 'work', loopId: 'live' });
    machine.launcher.of('old').ok();
    await machine.soon();
    machine.clock.jump(7_300_000);
    await machine.clock.advance(60_000);
    await window.submit({ prompt: 'work', loopId: 'young' });
    machine.launcher.of('young').ok();
    await machine.soon();
    assert.equal(window.finishedCount().total, 2);
    machine.clock.jump(24 * 3_600_000);
    await machine.clock.advance(60_000);
    assert.deepEqual(
      (await window.finished({ limit: 9 })).map(({ loopId }) => loopId),
      ['young'],
    );
    assert.equal(await window.clearFinished(), 1);
    assert.equal(window.finishedCount().total, 0);
    assert.equal(await window.removeFinished('live'), false);
    assert.deepEqual(machine.alive(), ['live']);
  });

  it('R9.4 of two finished loops of one id, that one is removed that was named, once', async () => {
    const window = await machine.open();
    const seqs: number[] = [];
    for (const prompt of ['first', 'second']) {
      await window.submit({ prompt, loopId: 'a' });
      machine.launcher.of('a').ok();
      await machine.soon();
      seqs.push((await window.get('a'))?.loop.seq ?? 0);
    }
    const [old] = seqs;
    assert.equal(await window.removeFinished('b', old), false, 'another id');
    assert.equal(await window.removeFinished('a', old), true);
    assert.equal(await window.removeFinished('a', old), false, 'it is gone');
    assert.equal((await window.get('a'))?.prompt, 'second');
    assert.equal(await window.removeFinished('a'), true);
    assert.equal(window.finishedCount().total, 0);
  });

  it('R10.1 one snapshot with everything, from memory: it asks no process', async () => {
    const window = await machine.open({
      maxConcurrent: 1,
      budget: { dailyLimit: 5e9, warnAtPercent: 90, minAllowance: 5e8, onExceeded: 'finish' },
    });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    await window.submit({ prompt: 'work', loopId: 'b', priority: 2 });
    await window.submit({ prompt: 'work', loopId: 'c', estimatedCostUsd: 0.5 });
    const run = machine.launcher.of('a');
    run.start({ pid: 5, startTime: 's', bootId: 'b' });
    run.say({ type: 'cost', cost: 250_000_000, source: 'reported' });
    await machine.soon();
    const submitted = machine.clock.now();
    await machine.clock.advance(2_000);
    assert.deepEqual(window.status(), {
      running: [
        {
          loopId: 'a',
          pid: 5,
          startedAt: submitted,
          attempt: 1,
          agent: 'sample',
          costUsd: 0.25,
          allowanceUsd: 5,
          unbounded: false,
          stopping: false,
        },
      ],
      preparing: [],
      queued: [
        { loopId: 'b', position: 1, priority: 2, enqueuedAt: submitted, waitingFor: 'slot' },
        { loopId: 'c', position: 2, priority: 0, enqueuedAt: submitted, waitingFor: 'slot' },
      ],
      parked: [],
      asking: [],
      backingOff: [],
      waiting: [],
      circuitState: 'closed',
      circuit: { state: 'closed', consecutiveFailures: 0, cooldownRemainingMs: 0, reasons: [] },
      circuits: [],
      accounts: ['sample', 'claude'].map((account) => ({
        ...{ account, agents: [account], circuitState: 'closed', holds: [], windows: [] },
      })),
      holds: [],
      concurrencyUsed: 1,
      concurrencyMax: 1,
      queueDepth: 2,
      queueMax: 20,
      budget: { spent: 0.25, unknown: 0, reserved: 1.25, granted: 4.75, limit: 5, resetsAt: Date.UTC(2026, 0, 16) },
      permanentlyFailed: [],
      paused: false,
      unknownSettings: [],
      ready: true,
    });
  });

  it('R10.1 what waits is shown with its reason and its time, and holds no slot', async () => {
    const window = await machine.open({ maxConcurrent: 2 });
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    const now = machine.clock.now();
    machine.launcher.of('a').fail(7);
    machine.launcher
      .of('b')
      .end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until: now + 60_000, reason: 'limit reached' }] });
    await machine.soon();
    const { backingOff, waiting, concurrencyUsed, running } = window.status();
    assert.deepEqual(backingOff, [{ loopId: 'a', until: now + 750, reason: 'exit code 7' }]);
    assert.deepEqual(waiting, [{ loopId: 'b', for: 'usageLimit', until: now + 60_000, reason: 'limit reached' }]);
    assert.deepEqual([concurrencyUsed, running], [0, []]);
  });

  it('R10.1 what a run does now is shown with it, and a silence is said and taken back', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    run.say({ type: 'text', text: 'Reading ', delta: true });
    run.say({ type: 'text', text: 'the code', delta: true });
    assert.equal(window.live()[0]?.activity?.doing, 'Reading the code');
    run.say({ type: 'toolCall', name: 'Bash', summary: 'npm test' });
    assert.equal(window.live()[0]?.activity?.doing, 'Bash: npm test');
    run.say({ type: 'retry', reason: 'overloaded' });
    assert.equal(window.live()[0]?.activity?.retrying, 'overloaded');
    run.silent(900_000);
    assert.equal(window.live()[0]?.activity?.silentForMs, 900_000);
    assert.equal(machine.eventsOf('loop:silent')[0]?.forMs, 900_000);
    assert.equal(window.keepWaiting('a'), true);
    assert.equal(window.live()[0]?.activity?.silentForMs, undefined);
    assert.equal(run.kept, 1);
  });

  it('R3.3 what another window has changed is acted on though processes could not be looked at when it was heard of', async () => {
    let blind = 0;
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
    const second = await machine.open(
      { maxConcurrent: 1 },
      {
        folders: ['/b'],
        inspector: ({ self, look }) => ({
          self,
          look: (process) => {
            if (blind-- > 0) throw new Error('no /proc now');
            return look(process);
          },
        }),
      },
    );
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await machine.clock.advance(1_000);
    blind = 1;
    machine.launcher.of('a').ok();
    await machine.clock.advance(1_500);
    assert.deepEqual(machine.alive(), ['b']);
  });

  it('R9.2 a window that cannot write asks for one turn, however long others go on', async () => {
    const store = new MoodyStore();
    const first = await machine.open({}, { folders: ['/a'] });
    await machine.open({}, { folders: ['/b'], store: store.wrap });
    store.mood = 'held';
    const { writes } = store;
    for (let n = 0; n < 5; n++) {
      await first.submit({ prompt: 'work', loopId: `l${n}` });
      await machine.clock.advance(1_000);
    }
    store.release();
    await machine.clock.advance(100);
    assert.equal(store.writes, writes + 1);
  });

  it('R9.2 windows that have nothing to tell each other write nothing', async () => {
    const store = new MoodyStore();
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'], store: store.wrap });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'], store: store.wrap });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await machine.clock.advance(2_000);
    const { writes } = store;
    await machine.clock.advance(60_000);
    assert.equal(store.writes, writes);
  });

  it('R9.2 a window that was taken for dead, and is not, has its lease again', async () => {
    let blind = false;
    const first = await machine.open({}, { folders: ['/a'] });
    const second = await machine.open(
      {},
      { folders: ['/b'], inspector: ({ self, look }) => ({ self, look: (process) => (blind ? GONE : look(process)) }) },
    );
    await first.submit({ prompt: 'work', loopId: 'a' });
    blind = true;
    await machine.clock.advance(1_000);
    blind = false;
    await machine.clock.advance(1_000);
    assert.deepEqual(
      second.live().map(({ loop, host }) => [loop.loopId, host]),
      [['a', 'elsewhere']],
    );
    await machine.clock.advance(30_000);
    const loop = (await second.get('a'))?.loop;
    assert.equal(loop?.state === 'running' && loop.attempt.windowId, machine.idOf(first), 'and keeps its runs');
  });

  it('R9.2 so does one whose first try to have it again could not be committed', async () => {
    const store = new MoodyStore();
    let blind = false;
    const first = await machine.open({ maxConcurrent: 0 }, { folders: ['/a'], store: store.wrap });
    await first.submit({ prompt: 'work', loopId: 'a' });
    const second = await machine.open(
      { maxConcurrent: 0 },
      { folders: ['/b'], inspector: ({ self, look }) => ({ self, look: (process) => (blind ? GONE : look(process)) }) },
    );
    const home = () => second.live()[0]?.host;
    blind = true;
    store.mood = 'broken';
    await machine.clock.advance(1_000);
    assert.equal(home(), 'gone');
    blind = false;
    store.mood = 'well';
    store.failingCommits = 1;
    await machine.clock.advance(10_000);
    assert.deepEqual([store.failingCommits, home()], [0, 'elsewhere']);
  });

  it('R9.2 a window whose lease could not be given back is followed by the next one of its process', async () => {
    const store = new MoodyStore();
    let self: ProcessIdentity | undefined;
    const first = await machine.open(
      { maxConcurrent: 1 },
      {
        store: store.wrap,
        inspector: (inspector) => {
          self = inspector.self;
          return inspector;
        },
      },
    );
    for (const loopId of ['a', 'b']) await first.submit({ prompt: 'work', loopId });
    store.mood = 'broken';
    const released = first.release();
    await machine.clock.advance(1_000);
    await released;
    // As when the user opens the store again after trouble: the host of the window is the same.
    const second = await machine.open(
      { maxConcurrent: 1 },
      { inspector: ({ look }) => ({ look, self: self as ProcessIdentity }) },
    );
    machine.launcher.of('a').ok();
    await machine.clock.advance(1_000);
    assert.deepEqual([(await second.get('a'))?.state, (await second.get('b'))?.state], ['completed', 'running']);
  });

  it('R9.2 a window that does not answer costs the others one more look, not one after another', async () => {
    const store = new MoodyStore();
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'], store: store.wrap });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await first.submit({ prompt: 'work', loopId: 'a' });
    first.dispose();
    machine.launcher.of('b').ok();
    await machine.clock.advance(4_000);
    store.failing = 2;
    await machine.clock.advance(4_000);
    assert.equal(store.failing, 0);
    const { writes } = store;
    await machine.clock.advance(60_000);
    assert.equal(store.writes, writes);
    await second.submit({ prompt: 'work', loopId: 'b2' });
    assert.deepEqual(machine.alive(), ['b2'], 'it is passed by all the same');
  });

  it('R2.1 a loop of another window that stood first in line for a moment only is not passed by when it does again', async () => {
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'] });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b2' });
    machine.launcher.of('b').ok();
    await machine.soon();
    await second.submit({ prompt: 'work', loopId: 'urgent', priority: 1 });
    await machine.clock.advance(20_000);
    assert.deepEqual(machine.alive(), ['urgent']);
    machine.launcher.of('urgent').ok();
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), ['a']);
  });

  it('R9.2 R4.5 a window that does not answer is passed by in time though the clock goes back', async () => {
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'] });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b2' });
    first.dispose();
    machine.launcher.of('b').ok();
    await machine.clock.advance(1_000);
    machine.clock.jump(-3_600_000);
    await machine.clock.advance(7_000);
    assert.deepEqual(machine.alive(), ['b2']);
  });

  it('R9.2 R3.3 a window that stands first in line and does not answer is passed by', async () => {
    const first = await machine.open({ maxConcurrent: 1 }, { folders: ['/a'] });
    const second = await machine.open({ maxConcurrent: 1 }, { folders: ['/b'] });
    await second.submit({ prompt: 'work', loopId: 'b' });
    await first.submit({ prompt: 'work', loopId: 'a' });
    await second.submit({ prompt: 'work', loopId: 'b2' });
    // Its host lives and does nothing: as one that hangs.
    first.dispose();
    machine.launcher.of('b').ok();
    await machine.clock.advance(3_000);
    assert.deepEqual(machine.alive(), [], 'the slot is kept for the loop that stands first');
    await machine.clock.advance(4_000);
    assert.deepEqual(machine.alive(), ['b2']);
  });
});
