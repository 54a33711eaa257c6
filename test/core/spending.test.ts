import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/core/model/agentEvent.ts';
import { toNano, toUsd } from '../../src/core/model/money.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { AdoptRequest, RunObserver } from '../../src/core/ports/launcher.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { readerStateIn } from '../../src/core/steps/bookmark.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { fakeCatalog, fakeProfile, machineForEachTest } from '../support/harness.ts';

describe('spending', () => {
  const machine = machineForEachTest();

  const limit = (usd: number, onExceeded: Settings['budget']['onExceeded'] = 'finish'): Partial<Settings> => ({
    budget: { dailyLimit: toNano(usd), warnAtPercent: 90, minAllowance: 5e8, onExceeded },
  });
  const cost = (usd: number) => ({ type: 'cost', cost: toNano(usd), source: 'reported' }) satisfies AgentEvent;
  const said: AgentEvent = { type: 'text', text: 'I begin.', delta: false };
  const SESSION: AgentEvent = { type: 'session', sessionId: 's' };
  const USED_UP: AgentEvent = { type: 'end', ok: false, reason: 'the budget is used up', cause: 'budget' };
  const CAPPED = {
    agents: fakeCatalog(fakeProfile('sample', { hasCost: true, capsItself: true, canResume: true })),
  };
  const PRICED = { agents: fakeCatalog(fakeProfile('sample', { hasCost: true })) };

  it('R6.2 R6.4 ten queued $1 loops cannot pass a $5 limit together, and each refusal is announced', async () => {
    const window = await machine.open({ ...limit(5), maxConcurrent: 2 });
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => window.submit({ prompt: 'work', loopId: `l${n}`, estimatedCostUsd: 1 })),
    );
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 5);
    assert.equal(window.status().budget.reserved, 5);
    assert.equal(machine.eventsOf('budget:exceeded').length, 5, 'R6.4 told on every rejection');
    assert.deepEqual(Object.keys(machine.eventsOf('budget:exceeded')[0] ?? {}).sort(), [
      'at',
      'limitUsd',
      'loopId',
      'spentUsd',
      'type',
    ]);
  });

  it('R6.2 two windows race for the last dollar: exactly one wins', async () => {
    const first = await machine.open(limit(5), { folders: ['/a'] });
    const second = await machine.open(limit(5), { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 4 });
    const race = await Promise.allSettled([
      first.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 1 }),
      second.submit({ prompt: 'work', loopId: 'c', estimatedCostUsd: 1 }),
    ]);
    assert.deepEqual(race.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('R6.2 what is reserved shrinks as cost is reported, and is given back at the end; a restart reserves anew', async () => {
    const window = await machine.open(limit(5));
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 2 });
    const figures = () => [window.status().budget.spent, window.status().budget.reserved];
    machine.launcher.of('a').say(cost(0.5));
    await machine.soon();
    assert.deepEqual(figures(), [0.5, 1.5]);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.deepEqual(figures(), [0.5, 2]);
    await machine.clock.advance(5_000);
    machine.launcher.of('a').say(cost(3));
    await machine.soon();
    assert.deepEqual(figures(), [3.5, 0], 'it has cost more than was reserved');
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.deepEqual(figures(), [3.5, 0]);
  });

  it("R6.2 an estimate that is not given is the median of that agent's last 20 loops, marked as such; 0 if there are none", async () => {
    const window = await machine.open({ maxConcurrent: 1 });
    const estimateOf = async (loopId: string) => {
      const loop = (await window.get(loopId))?.loop;
      return [toUsd(loop?.estimate ?? Number.NaN), loop?.estimateAssumed];
    };
    await window.submit({ prompt: 'work', loopId: 'first' });
    assert.deepEqual(await estimateOf('first'), [0, true]);
    machine.launcher.of('first').ok();
    await machine.soon();
    for (const [n, usd] of [100, ...Array.from({ length: 20 }, (_, index) => index + 1)].entries()) {
      await window.submit({ prompt: 'work', loopId: `l${n}`, estimatedCostUsd: 0 });
      machine.launcher.of(`l${n}`).say(cost(usd));
      machine.launcher.of(`l${n}`).ok();
      await machine.clock.advance(1);
    }
    await window.submit({ prompt: 'work', loopId: 'next' });
    const [estimate, assumed] = await estimateOf('next');
    assert.ok(
      assumed === true && typeof estimate === 'number' && estimate >= 10 && estimate <= 11,
      `${estimate}: $100 is not among the last 20`,
    );
    await window.submit({ prompt: 'work', loopId: 'other', agent: 'claude' });
    assert.deepEqual(await estimateOf('other'), [0, true], 'another agent');
    await window.submit({ prompt: 'work', loopId: 'given', estimatedCostUsd: 0.25 });
    assert.deepEqual(await estimateOf('given'), [0.25, false]);
  });

  for (const count of [1, 2]) {
    it(`R6.2 the estimate that is assumed is that of the finished loops as they are, whatever becomes of them, in ${count} window(s)`, async () => {
      const windows: Supervisor[] = [];
      for (let n = 0; n < count; n++) windows.push(await machine.open({ maxConcurrent: 99 }, { folders: [`/${n}`] }));
      const [first] = windows as [Supervisor];
      let submitted = 0;
      const assume = async (usd: number, when: string) => {
        await machine.clock.advance(1_000);
        for (const window of windows) {
          const loopId = `n${submitted++}`;
          await window.submit({ prompt: 'work', loopId });
          assert.equal(toUsd((await window.get(loopId))?.loop.estimate ?? Number.NaN), usd, when);
        }
      };
      for (const loopId of ['a', 'b', 'c', 'd']) await first.submit({ prompt: 'work', loopId });
      for (const [loopId, usd] of Object.entries({ c: 2, d: 9 }))
        machine.launcher.of(loopId).end({ says: [cost(usd), { type: 'end', ok: true }] });
      machine.launcher.of('a').ok();
      await assume(0, 'two that cost something are too few');
      await first.recordCost('a', 4);
      await assume(4, 'a cost that came later');
      machine.launcher.of('b').end({ says: [cost(1), { type: 'end', ok: false, reason: 'too long', cause: 'turns' }] });
      await assume(3, 'the median of four');
      await first.retry('b');
      await assume(4, 'one that lives again');
      await first.removeFinished('a');
      await assume(0, 'one that is removed');
    });
  }

  it('R6.3 a head that does not fit waits, shown as such, and nobody overtakes it; it goes on when the limit is raised', async () => {
    const window = await machine.open({ ...limit(5), maxConcurrent: 3 });
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'first', priority: 1, estimatedCostUsd: 2 });
    await window.submit({ prompt: 'work', loopId: 'big', estimatedCostUsd: 3 });
    await window.submit({ prompt: 'work', loopId: 'small', estimatedCostUsd: 0 });
    await window.recordCost('big', 0.5);
    await window.resume();
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), ['first'], '0.5 + 2 + 3 is more than 5');
    assert.deepEqual(
      window.status().queued.map(({ waitingFor }) => waitingFor),
      ['budget', 'budget'],
    );
    window.configure({ ...DEFAULT_SETTINGS, ...limit(5.5), maxConcurrent: 3 });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['first', 'big', 'small']);
  });

  it('R6.3 a head that fits no more today is parked with that reason, and the others go on', async () => {
    const window = await machine.open({ ...limit(5), maxConcurrent: 3 });
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'big', estimatedCostUsd: 4 });
    await window.submit({ prompt: 'work', loopId: 'small', estimatedCostUsd: 0.5 });
    await window.recordCost('small', 2);
    await window.resume();
    assert.deepEqual(machine.alive(), ['small']);
    assert.match(window.status().parked[0]?.why ?? '', /what today has left/);
    window.configure({ ...DEFAULT_SETTINGS, ...limit(3), maxConcurrent: 3 });
    await machine.soon();
    assert.match(window.status().parked[0]?.why ?? '', /above the daily limit/, 'it can never fit');
    window.configure({ ...DEFAULT_SETTINGS, ...limit(7), maxConcurrent: 3 });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['small', 'big']);
  });

  it('R6.3 an agent without a cost never waits for money, nor behind one that does', async () => {
    const agents = fakeCatalog(fakeProfile('sample'), fakeProfile('plain', { spending: 'never' }));
    const window = await machine.open({ ...limit(5), maxConcurrent: 3 }, { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 4 });
    await window.submit({ prompt: 'work', loopId: 'head', estimatedCostUsd: 1, priority: 1 });
    await window.recordCost('a', 1);
    await window.submit({ prompt: 'work', loopId: 'plain', agent: 'plain' });
    assert.ok(machine.alive().includes('plain'));
    machine.launcher.of('a').say(cost(9));
    await machine.soon();
    await window.submit({ prompt: 'work', loopId: 'too', agent: 'plain' });
    assert.ok(machine.alive().includes('too'));
    await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd: 0 }), { code: 'budget-exceeded' });
  });

  it('R6.4 the events of a day: warned once at 90 %, exceeded once when a running loop passes the limit', async () => {
    const window = await machine.open(limit(10));
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (const usd of [8, 0.9, 0.1, 0.5, 0.5, 0.1, 3]) machine.launcher.of('a').say(cost(usd));
    await machine.soon();
    assert.deepEqual(
      machine.events
        .filter(({ type }) => type.startsWith('budget:'))
        .map(
          (event) =>
            (event.type === 'budget:warning' || event.type === 'budget:exceeded') && [event.type, event.spentUsd],
        ),
      [
        ['budget:warning', 9],
        ['budget:exceeded', 10.1],
      ],
    );
  });

  it('R6.5 R6.8 finish: running loops spend what they were granted, and nothing new starts', async () => {
    const window = await machine.open({ ...limit(1), maxConcurrent: 2 });
    for (const loopId of ['a', 'b', 'c']) await window.submit({ prompt: 'work', loopId, estimatedCostUsd: 0 });
    machine.launcher.of('a').say(cost(2));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b'], 'what a has spent is more than it was granted');
    assert.deepEqual([machine.launcher.of('a').stops, machine.launcher.of('b').stops], [['budget'], []]);
    assert.equal((await window.get('a'))?.attempts[0]?.outcome, 'interrupted');
    await machine.clock.advance(60_000);
    machine.launcher.of('b').say(cost(0.5));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b']);
    assert.deepEqual(
      window.status().queued.map(({ loopId, waitingFor }) => [loopId, waitingFor]),
      [
        ['a', 'budget'],
        ['c', 'budget'],
      ],
    );
    await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd: 0 }), { code: 'budget-exceeded' });
  });

  it('R6.5 stop: all running loops are stopped, in every window, and go back to the queue', async () => {
    const first = await machine.open({ ...limit(3, 'stop'), maxConcurrent: 3 }, { folders: ['/a'] });
    const second = await machine.open({ ...limit(3, 'stop'), maxConcurrent: 3 }, { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0 });
    await first.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 0 });
    await second.submit({ prompt: 'work', loopId: 'c', estimatedCostUsd: 0 });
    machine.launcher.of('a').say(cost(3.1));
    await machine.clock.advance(1_000);
    assert.deepEqual(machine.alive(), []);
    for (const loopId of ['a', 'b', 'c']) {
      assert.deepEqual(machine.launcher.of(loopId).stops, ['budget'], loopId);
      assert.equal((await second.get(loopId))?.state, 'queued');
      assert.equal((await second.get(loopId))?.attempts[0]?.outcome, 'interrupted');
    }
    machine.clock.jump(86_400_000);
    await machine.clock.advance(31_000);
    assert.deepEqual(machine.alive().sort(), ['a', 'b', 'c'], 'R6.3 after midnight they go on: nothing is lost');
  });

  it('R6.4 R6.5 a limit that is set under what is spent acts at once where loops run, and is announced once over all windows', async () => {
    const first = await machine.open(limit(10, 'stop'), { folders: ['/a'] });
    const second = await machine.open(limit(10, 'stop'), { folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 0 });
    await second.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 0 });
    machine.launcher.of('a').say(cost(4));
    await machine.clock.advance(1_000);
    for (const window of [first, second]) window.configure({ ...DEFAULT_SETTINGS, ...limit(3, 'stop') });
    await machine.clock.advance(1_000);
    assert.deepEqual([machine.launcher.of('a').stops, machine.launcher.of('b').stops], [['budget'], ['budget']]);
    assert.deepEqual([(await first.get('a'))?.state, (await first.get('b'))?.state], ['queued', 'queued']);
    assert.deepEqual(machine.typesOf('budget:'), ['budget:warning', 'budget:exceeded']);
    for (const window of [first, second]) window.configure({ ...DEFAULT_SETTINGS, ...limit(2, 'stop') });
    await machine.clock.advance(1_000);
    assert.equal(machine.eventsOf('budget:exceeded').length, 1, 'once a day');
  });

  it('R6.5 a change to onExceeded: stop acts at once where the limit is passed', async () => {
    const window = await machine.open(limit(1));
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId, estimatedCostUsd: 0 });
    machine.launcher.of('a').say(cost(2));
    await machine.soon();
    assert.deepEqual(machine.launcher.of('b').stops, []);
    window.configure({ ...DEFAULT_SETTINGS, ...limit(1, 'stop') });
    await machine.soon();
    assert.deepEqual(machine.launcher.of('b').stops, ['budget']);
  });

  it('R6.4 a limit that is set under what is spent carries no loop past it where none runs: that is no news', async () => {
    const window = await machine.open(limit(10));
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.recordCost('a', 4);
    machine.launcher.of('a').ok();
    await machine.soon();
    window.configure({ ...DEFAULT_SETTINGS, ...limit(3) });
    await machine.soon();
    assert.deepEqual(machine.typesOf('budget:'), []);
  });

  it('R6.5 a limit that was lowered while no window was open acts when one opens', async () => {
    const first = await machine.open(limit(10, 'stop'));
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.recordCost('a', 4);
    machine.kill(first);
    const second = await machine.open(limit(3, 'stop'));
    await machine.soon();
    assert.deepEqual(machine.launcher.of('a').stops, ['budget']);
    assert.equal((await second.get('a'))?.state, 'queued');
    assert.equal(machine.eventsOf('budget:exceeded').length, 1);
  });

  it('R6.6 the same key counts once per loop, over windows and reloads', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    await first.submit({ prompt: 'work', loopId: 'b' });
    assert.equal(await first.recordCost('a', 1, 'k'), true);
    assert.equal(await first.recordCost('a', 1, 'k'), false);
    assert.equal(await first.recordCost('b', 1, 'k'), true);
    assert.equal(await first.recordCost('a', 1), true);
    assert.equal(await first.recordCost('a', 1), true, 'without a key each counts');
    machine.kill(first);
    const second = await machine.open();
    assert.equal(await second.recordCost('a', 1, 'k'), false);
    assert.deepEqual([(await second.get('a'))?.costUsd, second.status().budget.spent], [3, 4]);
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal(await second.recordCost('a', 0.5), true, 'also when the loop has ended');
    assert.equal((await second.get('a'))?.costUsd, 3.5);
    await assert.rejects(second.recordCost('nobody', 1), { code: 'unknown-loop' });
  });

  it('R6.6 R6.7 a cost that is reported with the end of a run counts beside that of its last line', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    run.say(cost(1));
    run.end({ says: [cost(2), { type: 'end', ok: true }] });
    await machine.soon();
    assert.equal((await window.get('a'))?.costUsd, 3);
  });

  it('R6.6 what an agent reports is refused where it is no amount', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 0.5])
      machine.launcher.of('a').say({ type: 'cost', cost: value, source: 'reported' });
    machine.launcher.of('a').say(cost(1));
    await machine.soon();
    assert.equal(window.status().budget.spent, 1);
    assert.equal((await window.get('a'))?.ledger.length, 1);
    assert.ok(machine.logged.length >= 4, machine.logged.join('\n'));
  });

  it('R6.1 a cost belongs to the day on which it was reported, and to its agent', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'claude' });
    machine.launcher.of('a').say(cost(1));
    await machine.soon();
    machine.clock.jump(86_400_000);
    machine.launcher.of('a').say(cost(2));
    machine.launcher.of('b').say(cost(4));
    await machine.soon();
    assert.equal(window.status().budget.spent, 6);
    assert.deepEqual(
      (await window.spend('2026-01-01')).map(({ day, agent, cost: nano }) => [day, agent, toUsd(nano)]),
      [
        ['2026-01-15', 'sample', 1],
        ['2026-01-16', 'claude', 4],
        ['2026-01-16', 'sample', 2],
      ],
    );
    assert.deepEqual(
      (await window.spendToday(10)).map(({ loopId, usd }) => [loopId, usd]),
      [
        ['b', 4],
        ['a', 2],
      ],
    );
  });

  it("R6.7 the clock going back over midnight finds that day's spend again, and nothing is counted twice", async () => {
    const window = await machine.open(limit(5));
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.recordCost('a', 4);
    machine.clock.jump(86_400_000);
    await window.recordCost('a', 1);
    assert.equal(window.status().budget.spent, 1);
    machine.clock.jump(-86_400_000);
    await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd: 2 }), {
      code: 'budget-exceeded',
      spentUsd: 4,
    });
    await machine.clock.advance(31_000);
    assert.equal(window.status().budget.spent, 4, 'shown too, though nothing else happens');
  });

  it('R6.1 at midnight the day that is shown is the new one, though nothing runs or waits', async () => {
    const window = await machine.open(limit(5));
    await window.submit({ prompt: 'work', loopId: 'a' });
    await window.recordCost('a', 4);
    machine.launcher.of('a').ok();
    await machine.soon();
    machine.clock.jump(window.status().budget.resetsAt - 60_000 - machine.clock.now());
    await machine.clock.advance(59_000);
    let changed = 0;
    window.onDidChange(() => void changed++);
    await machine.clock.advance(1_000);
    assert.ok(changed > 0, 'those who show it are told');
    assert.equal(window.status().budget.spent, 0);
  });

  it('R6.7 a crash between reading and writing neither loses nor doubles a cost', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    run.say(cost(1));
    await machine.soon();
    // Said, and heard, and not yet written down when the host dies; and more while nobody listens.
    run.say(cost(2));
    machine.kill(first);
    run.say(cost(4));
    const second = await machine.open();
    await machine.soon();
    assert.equal((await second.get('a'))?.costUsd, 7);
    machine.kill(second);
    run.end({ says: [cost(8), { type: 'end', ok: true }] });
    const third = await machine.open();
    await machine.soon();
    assert.deepEqual(
      [(await third.get('a'))?.state, (await third.get('a'))?.costUsd, third.status().budget.spent],
      ['completed', 15, 15],
    );
    assert.equal((await third.get('a'))?.ledger.length, 4);
  });

  it('R6.7 the place up to which output was read is stored with all that it says, and the next window reads on there', async () => {
    const first = await machine.open();
    await first.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    const stored = async () => {
      const [attempt] = await machine.books().attempts((await machine.books().latest('a'))?.seq ?? 0);
      return [attempt?.readOffset, readerStateIn(attempt?.readerState)];
    };
    // Neither changes anything else of the attempt.
    for (const event of [{ type: 'window', name: '5-hour', used: 0.5 } as const, SESSION, SESSION]) {
      run.say(event);
      await machine.soon();
      assert.deepEqual(await stored(), [run.written, { at: run.written }]);
    }
    run.start();
    await machine.soon();
    assert.deepEqual(await stored(), [30, { at: 30 }], 'nor does what is stored of its start move it back');
    machine.kill(first);
    const adopted: AdoptRequest[] = [];
    const adopt = machine.launcher.adopt.bind(machine.launcher);
    machine.launcher.adopt = (request, observer) => {
      adopted.push(request);
      return adopt(request, observer);
    };
    await machine.open();
    assert.deepEqual(
      adopted.map(({ readOffset }) => readOffset),
      [30],
    );
  });

  it('R6.7 a piece of output that was read before bills nothing, and moves no read position back', async () => {
    const window = await machine.open();
    let observer: RunObserver | undefined;
    const launch = machine.launcher.launch.bind(machine.launcher);
    machine.launcher.launch = (request, observing) => {
      observer = observing;
      return launch(request, observing);
    };
    await window.submit({ prompt: 'work', loopId: 'a' });
    observer?.output({ from: 0, to: 20, events: [cost(5)], readerState: { at: 20 } });
    observer?.output({ from: 0, to: 10, events: [cost(3)], readerState: { at: 10 } });
    await machine.soon();
    const [attempt] = await machine.books().attempts((await machine.books().latest('a'))?.seq ?? 0);
    assert.deepEqual([(await window.get('a'))?.costUsd, attempt?.readOffset], [5, 20]);
  });

  it('R6.6 an attempt that worked and names no cost is charged a guess, kept apart as unknown', async () => {
    const window = await machine.open(limit(5), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.soon();
    const detail = await window.get('a');
    const guess = { usd: 1, unknownUsd: 1, atLeast: false, source: 'unknown' };
    assert.deepEqual([detail?.costUsd, detail?.unknownUsd, detail?.attempts[0]?.cost], [1, 1, guess]);
    assert.deepEqual([window.status().budget.spent, window.status().budget.unknown], [0, 1]);
    assert.deepEqual(
      (await window.spend('2026-01-01')).map(({ cost: nano, unknown }) => [toUsd(nano), toUsd(unknown)]),
      [[1, 1]],
    );
    assert.deepEqual(
      (await window.spendToday(1)).map(({ usd, unknownUsd }) => [usd, unknownUsd]),
      [[1, 1]],
    );
  });

  it('R6.6 a cost that leaves something out is marked, until its caller reports what it was', async () => {
    const window = await machine.open({}, PRICED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say({ ...cost(2), atLeast: true });
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('a'))?.loop.costAtLeast, true);
    await window.recordCost('a', 1);
    const { loop, costUsd } = (await window.get('a')) ?? {};
    assert.deepEqual([loop?.costAtLeast, costUsd], [false, 3]);
  });

  it('R6.6 the guess is the median of what its agent is known to have cost, where there is one', async () => {
    const window = await machine.open({}, PRICED);
    for (const [n, usd] of [0.4, 0.5, 9].entries()) {
      await window.submit({ prompt: 'work', loopId: `known${n}` });
      machine.launcher.of(`known${n}`).end({ says: [cost(usd), { type: 'end', ok: true }] });
      await machine.soon();
    }
    for (let n = 0; n < 8; n++) {
      await window.submit({ prompt: 'work', loopId: `l${n}` });
      machine.launcher.of(`l${n}`).say(said);
      machine.launcher.of(`l${n}`).ok();
      await machine.soon();
      assert.equal((await window.get(`l${n}`))?.costUsd, 0.5, 'a guess does not feed on guesses');
    }
  });

  it('R6.6 without anything to guess from a run that worked is marked, and not shown as free', async () => {
    const window = await machine.open(limit(5), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.costUsd, (await window.get('a'))?.costAtLeast], [0, true]);
  });

  it('R6.2 R6.6 neither what is reserved nor what is guessed is more than the loop’s own cap leaves', async () => {
    const window = await machine.open(limit(50), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 5, maxCostUsd: 2 });
    assert.equal(window.status().budget.reserved, 2);
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').say(cost(0.01));
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' } });
    await machine.clock.advance(5_000);
    assert.deepEqual(
      [(await window.get('a'))?.costUsd, (await window.get('a'))?.state],
      [0.01, 'running'],
      'no guess beside a report',
    );
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').end({ exit: { signal: 'SIGKILL' } });
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.costUsd, (await window.get('a'))?.unknownUsd], [2, 1.99]);
    await machine.clock.advance(5_000);
    assert.deepEqual([(await window.get('a'))?.state, window.status().waiting[0]?.for], ['waiting', 'you']);
    assert.equal(await window.restartNow('a'), true);
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('a'))?.loop.maxCost], ['running', toNano(4)]);
  });

  it('R6.6 an attempt that did no work is charged nothing, whatever ended it', async () => {
    const window = await machine.open(limit(10), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    for (let n = 0; n < 10; n++) {
      const until = machine.clock.now() + 60_000;
      const limitReached = { type: 'limit', until, reason: 'usage limit reached' } as const;
      machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [limitReached] });
      await machine.clock.advance(120_000);
    }
    assert.deepEqual([(await window.get('a'))?.loop.attempts, (await window.get('a'))?.costUsd], [11, 0]);
  });

  it('R6.6 a cost that a caller records takes the place of the guess, on the day of the guess', async () => {
    const window = await machine.open({ restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 0 } }, PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 3 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.soon();
    machine.clock.jump(86_400_000);
    await window.recordCost('a', 0.5, 'bill');
    assert.deepEqual([(await window.get('a'))?.costUsd, (await window.get('a'))?.unknownUsd], [0.5, 0]);
    assert.deepEqual(
      (await window.spend('2026-01-01')).map(({ day, cost: nano, unknown }) => [day, toUsd(nano), unknown]),
      [
        ['2026-01-15', 0, 0],
        ['2026-01-16', 0.5, 0],
      ],
    );
    assert.equal(await window.recordCost('a', 0.5, 'bill'), false);
    await window.recordCost('a', 0.25, 'more');
    assert.equal((await window.get('a'))?.costUsd, 0.75);
  });

  it('R6.10 what a run accrues is seen while it runs, is replaced by its report, and is charged if it never comes', async () => {
    const window = await machine.open(limit(10), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    const run = machine.launcher.of('a');
    run.say({ type: 'accrued', cost: toNano(0.3) });
    await machine.soon();
    assert.deepEqual([window.status().budget.spent, window.status().running[0]?.costUsd], [0.3, 0.3]);
    assert.deepEqual((await window.get('a'))?.ledger, [], 'it is not in the ledger');
    run.say({ type: 'accrued', cost: toNano(0.5) });
    await machine.soon();
    assert.equal(window.status().budget.spent, 0.5, 'each takes the place of the one before');
    run.say(cost(0.4));
    await machine.soon();
    assert.equal(window.status().budget.spent, 0.4);
    run.say({ type: 'accrued', cost: toNano(0.2) });
    run.end({ exit: { signal: 'SIGKILL' } });
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.costUsd, window.status().budget.spent], [0.6, 0.6]);
    assert.equal((await window.get('a'))?.unknownUsd, 0);
  });

  it('R6.6 a session that reports what its earlier attempts cost takes the place of the estimate', async () => {
    const window = await machine.open(limit(50), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 3 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    assert.equal((await window.get('a'))?.costUsd, 3);
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.5), source: 'reported', earlier: toNano(1.25) });
    machine.launcher.of('a').ok();
    await machine.soon();
    const detail = await window.get('a');
    assert.deepEqual([detail?.costUsd, detail?.costEstimated, window.status().budget.spent], [1.75, false, 1.75]);
    assert.equal(toUsd(detail?.ledger.reduce((sum, row) => sum + row.cost, 0) ?? 0), 1.75);
  });

  it('R3.3 R6.3 a correction that frees budget starts what waited for it, in the same moment', async () => {
    const window = await machine.open(limit(6), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 2 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    await window.pause();
    await window.submit({ prompt: 'work', loopId: 'head', estimatedCostUsd: 1 });
    await window.recordCost('head', 2.5);
    await window.resume();
    const { spent, unknown } = window.status().budget;
    assert.deepEqual([spent, unknown, window.status().queued[0]?.waitingFor], [2.5, 2, 'budget']);
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported', earlier: toNano(0.5) });
    await machine.soon();
    assert.deepEqual([window.status().budget.spent, window.status().budget.unknown], [3.1, 0]);
    assert.deepEqual(machine.alive(), ['a', 'head']);
  });

  it('R3.3 R6.3 a correction that frees budget wakes a loop whose agent had used up what the day had left', async () => {
    const window = await machine.open(limit(5), CAPPED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    await window.submit({ prompt: 'work', loopId: 'c', estimatedCostUsd: 0 });
    machine.launcher.of('c').say(SESSION);
    machine.launcher.of('c').end({ exit: { exitCode: 1 }, says: [cost(4.1), USED_UP] });
    await machine.soon();
    assert.equal((await window.get('c'))?.state, 'waiting');
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported', earlier: toNano(0.2) });
    await machine.soon();
    assert.equal((await window.get('c'))?.state, 'queued', 'a still holds what is left');
    machine.launcher.of('a').ok();
    await machine.soon();
    assert.equal((await window.get('c'))?.state, 'running');
  });

  it('R6.1 R6.7 an estimate of yesterday is withdrawn from yesterday, what is reported for it belongs to today, and all windows agree', async () => {
    const first = await machine.open(limit(50), PRICED);
    const second = await machine.open(limit(50), { ...PRICED, folders: ['/b'] });
    await first.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 3 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    machine.clock.jump(86_400_000);
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.5), source: 'reported', earlier: toNano(1.25) });
    await machine.clock.advance(1_000);
    assert.deepEqual([first.status().budget.spent, second.status().budget.spent], [1.75, 1.75]);
    machine.launcher.of('a').say(cost(2));
    await machine.clock.advance(1_000);
    const third = await machine.open(limit(50), PRICED);
    assert.deepEqual(
      [first, second, third].map((window) => window.status().budget.spent),
      [3.75, 3.75, 3.75],
    );
    assert.deepEqual([(await first.get('a'))?.costUsd, (await first.get('a'))?.costEstimated], [3.75, false]);
    assert.deepEqual(
      (await first.spend('2026-01-01')).map(({ day, cost: nano, estimated }) => [day, toUsd(nano), estimated]),
      [
        ['2026-01-15', 0, 0],
        ['2026-01-16', 3.75, 0],
      ],
    );
  });

  it('R6.2 a correction of what was charged on an earlier day does not open admission wider than the limit of today', async () => {
    const window = await machine.open(limit(5), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 3 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.soon();
    machine.clock.jump(86_400_000);
    await machine.clock.advance(31_000);
    machine.launcher.of('a').say({ type: 'cost', cost: 0, source: 'reported', earlier: 0 });
    await machine.soon();
    assert.deepEqual([window.status().budget.spent, window.status().budget.reserved], [0, 3]);
    await assert.rejects(window.submit({ prompt: 'work', estimatedCostUsd: 2.01 }), {
      code: 'budget-exceeded',
      spentUsd: 0,
    });
    await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 2 });
    await window.recordCost('b', 3);
    machine.launcher.of('a').say(cost(2));
    await machine.soon();
    assert.equal(machine.eventsOf('budget:exceeded').length, 1, 'the refusal');
    await window.recordCost('b', 0.01);
    assert.deepEqual([machine.eventsOf('budget:exceeded').length, window.status().budget.spent], [2, 5.01]);
  });

  it('R6.6 only estimates are replaced: what was reported stays, whatever the session says of its past', async () => {
    const window = await machine.open(limit(50), PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 3 });
    machine.launcher.of('a').say(cost(0.75));
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.clock.advance(5_000);
    assert.equal((await window.get('a'))?.costUsd, 3.75);
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported', earlier: Number.NaN });
    await machine.soon();
    assert.deepEqual(
      [(await window.get('a'))?.costUsd, machine.logged.length],
      [3.85, 1],
      'an amount that is none replaces nothing',
    );
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported', earlier: toNano(0.5) });
    machine.launcher.of('a').say({ type: 'cost', cost: toNano(0.1), source: 'reported', earlier: toNano(0.5) });
    await machine.soon();
    const detail = await window.get('a');
    assert.deepEqual([detail?.costUsd, detail?.costEstimated, window.status().budget.spent], [1.05, false, 1.05]);
    const reported = { usd: 0.3, unknownUsd: 0, atLeast: false, source: 'reported' };
    assert.deepEqual(detail?.attempts.at(-1)?.cost, reported);
  });

  for (const cause of ['auth', 'config', 'session'] as const) {
    it(`R6.6 an agent that could not even begin (${cause}) is charged no estimate`, async () => {
      const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } }, PRICED);
      await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 2 });
      machine.launcher
        .of('a')
        .end({ exit: { exitCode: 1 }, says: [{ type: 'end', ok: false, reason: 'not logged in', cause }] });
      await machine.soon();
      assert.deepEqual(
        [(await window.get('a'))?.state, window.status().budget.spent],
        [cause === 'session' ? 'failed' : 'queued', 0],
      );
    });
  }

  it('R6.6 an agent whose credit ran out in the middle of its work is charged the estimate', async () => {
    const window = await machine.open({ restart: { maxRestarts: 0, windowMs: 300_000, maxTotal: 1_000 } }, PRICED);
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 2 });
    machine.launcher.of('a').say({ type: 'text', text: 'I begin.', delta: false });
    machine.launcher
      .of('a')
      .end({ exit: { exitCode: 1 }, says: [{ type: 'end', ok: false, reason: 'no credit is left', cause: 'auth' }] });
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.state, window.status().budget.unknown], ['queued', 2]);
  });

  it('R6.6 programs that have no cost are never charged one', async () => {
    const window = await machine.open(limit(5));
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 1 });
    machine.launcher.of('a').say(said);
    machine.launcher.of('a').fail();
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.costUsd, (await window.get('a'))?.costAtLeast], [0, false]);
  });

  it('R6.8 a loop that passes its own maximum cost is stopped, and waits for its user to let it spend as much again', async () => {
    const window = await machine.open();
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 1 });
    machine.launcher.of('a').say(cost(1));
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'running', 'to reach it is not to pass it');
    machine.launcher.of('a').say(cost(0.01));
    await machine.soon();
    assert.deepEqual(machine.launcher.of('a').stops, ['cap']);
    const { loopId, for: what } = window.status().waiting[0] ?? {};
    assert.deepEqual([loopId, what, (await window.get('a'))?.attempts[0]?.outcome], ['a', 'you', 'interrupted']);
    assert.equal(window.status().circuit.consecutiveFailures, 0, "R4.2 it is the user's own limit");
    assert.equal(await window.restartNow('a'), true);
    assert.deepEqual(
      [(await window.get('a'))?.state, (await window.get('a'))?.loop.maxCost],
      ['running', toNano(2.01)],
    );
  });

  it('R6.8 R11.3 a loop at its own cap is continued with as much again, or with the cap that its user names', async () => {
    const window = await machine.open();
    const spend = async (usd: number) => {
      machine.launcher.of('a').say(cost(usd));
      await machine.soon();
      assert.deepEqual([(await window.get('a'))?.state, window.status().waiting[0]?.for], ['waiting', 'you']);
    };
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 1 });
    await spend(1.1);
    await assert.rejects(window.continueLoop('a', { maxCostUsd: 1.1 }), { code: 'invalid-loop', field: 'maxCostUsd' });
    await assert.rejects(window.continueLoop('a', { maxCostUsd: Number.NaN }), { code: 'invalid-loop' });
    assert.equal((await window.get('a'))?.state, 'waiting', 'a cap that is refused changes nothing');
    await window.continueLoop('a', { maxCostUsd: 1.5 });
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('a'))?.loop.maxCost], ['running', toNano(1.5)]);
    await assert.rejects(window.continueLoop('a'), { code: 'wrong-state' });
    await spend(0.5);
    await window.continueLoop('a');
    assert.deepEqual([(await window.get('a'))?.state, (await window.get('a'))?.loop.maxCost], ['running', toNano(3.1)]);
  });

  it('R6.8 what an agent was granted decides what its cap meant, whatever is left by now', async () => {
    const window = await machine.open(limit(10), CAPPED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say(SESSION);
    window.configure({ ...DEFAULT_SETTINGS, ...limit(40) });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [cost(2.4), USED_UP] });
    await machine.soon();
    const { attempts = [] } = (await window.get('a')) ?? {};
    assert.deepEqual(
      attempts.map(({ outcome, resumed, allowanceUsd }) => [outcome, resumed, allowanceUsd]),
      [
        ['interrupted', false, 2.5],
        [undefined, true, 9.4],
      ],
      'it goes on in its session with a share of what there is now',
    );
  });

  it('R6.8 an agent that cannot go on where it stopped waits for its user', async () => {
    const window = await machine.open(limit(10), { agents: fakeCatalog(fakeProfile('sample', { capsItself: true })) });
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [cost(2.4), USED_UP] });
    await machine.soon();
    assert.deepEqual([(await window.get('a'))?.state, window.status().waiting[0]?.for], ['waiting', 'you']);
    assert.equal(window.status().budget.reserved, 0);
  });

  it('R6.8 two allowances in a row without progress wait for the user', async () => {
    const window = await machine.open(limit(10), CAPPED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say(SESSION);
    // Words that cost nothing used nothing up either.
    for (const [words, state] of [
      [[], 'running'],
      [[said], 'waiting'],
    ] as const) {
      machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [...words, USED_UP] });
      await machine.soon();
      assert.equal((await window.get('a'))?.state, state);
    }
    assert.match(window.status().waiting[0]?.reason ?? '', /no progress/);
  });

  it('R6.8 a cap of the agent’s own that nobody gave it is no allowance', async () => {
    const window = await machine.open({}, CAPPED);
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [cost(3), USED_UP] });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'failed');
  });

  it('R6.3 R6.8 a loop whose agent used up the day waits for the next one, and goes on when the limit is raised', async () => {
    const window = await machine.open({ ...limit(5), maxConcurrent: 1 }, CAPPED);
    await waitForMoney(window);
    assert.equal(window.status().waiting[0]?.until, machine.clock.nextDay(machine.clock.now()));
    for (const usd of [5, 4.9]) {
      window.configure({ ...DEFAULT_SETTINGS, ...limit(usd), maxConcurrent: 1 });
      await machine.soon();
      assert.equal((await window.get('a'))?.state, 'waiting', 'settings that allow no more');
    }
    window.configure({ ...DEFAULT_SETTINGS, ...limit(10), maxConcurrent: 1 });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'running');
  });

  it('R6.1 R6.3 a day that changes by time zone wakes what waits for the day’s money', async () => {
    const window = await machine.open({ ...limit(5), maxConcurrent: 1 }, CAPPED);
    await waitForMoney(window);
    const { clock } = machine;
    const tomorrow = clock.day(clock.now() + 86_400_000);
    clock.day = () => tomorrow;
    await clock.advance(31_000);
    assert.equal((await window.get('a'))?.state, 'running');
  });

  it('R6.3 what other running loops were granted is not left to an agent: it waits until they give it back', async () => {
    const window = await machine.open({ ...limit(10), maxConcurrent: 2 }, CAPPED);
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    machine.launcher.of('b').say(SESSION);
    machine.launcher.of('b').end({ exit: { exitCode: 1 }, says: [cost(5), USED_UP] });
    await machine.soon();
    assert.deepEqual([(await window.get('b'))?.state, window.status().queued[0]?.waitingFor], ['queued', 'budget']);
    machine.launcher.of('a').end({ says: [cost(1), { type: 'end', ok: true }] });
    await machine.soon();
    assert.deepEqual(machine.alive(), ['b']);
    assert.equal((await window.get('b'))?.attempts[1]?.allowanceUsd, 2);
  });

  it('R6.8 four first loops of a capped agent are told a quarter of the limit each, and spend no more together', async () => {
    const told: (number | undefined)[] = [];
    const plain = fakeProfile('sample', { capsItself: true });
    const plan: typeof plain.plan = (request) => {
      told.push(request.costLeft);
      return plain.plan(request);
    };
    const window = await machine.open(limit(10), { agents: fakeCatalog({ ...plain, plan }) });
    for (const loopId of ['a', 'b', 'c', 'd', 'e']) await window.submit({ prompt: 'work', loopId });
    assert.deepEqual(
      told.map((left) => toUsd(left ?? 0)),
      [2.5, 2.5, 2.5, 2.5],
    );
    assert.equal(window.status().budget.granted, 10);
    machine.launcher.of('a').end({ says: [cost(2.5), { type: 'end', ok: true }] });
    await machine.soon();
    assert.deepEqual([machine.alive(), window.status().queued[0]?.waitingFor], [['b', 'c', 'd'], 'budget']);
    machine.launcher.of('b').ok();
    await machine.soon();
    assert.equal(toUsd(told.at(-1) ?? 0), 1.25, 'half of what came back: there are two free slots');
  });

  it('R6.8 the allowance of a run that is watched is topped up in place, and it is stopped when there is no more', async () => {
    const window = await machine.open({ ...limit(10), maxConcurrent: 2 });
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    const allowance = async () => (await window.get('a'))?.attempts[0]?.allowanceUsd;
    assert.equal(await allowance(), 5);
    machine.launcher.of('a').say(cost(4.9));
    await machine.soon();
    machine.launcher.of('b').end({ says: [cost(1), { type: 'end', ok: true }] });
    await machine.soon();
    machine.launcher.of('a').say(cost(0.2));
    await machine.soon();
    assert.deepEqual([machine.launcher.of('a').stops, await allowance()], [[], 7.05], 'half of the 3.9 that are left');
    machine.launcher.of('a').say({ type: 'accrued', cost: toNano(4) });
    await machine.soon();
    assert.deepEqual(machine.launcher.of('a').stops, ['budget'], 'what it accrues counts, too');
  });

  it('R3.3 R6.8 the remainder of the day goes to who waits for it once nobody can give any back', async () => {
    const window = await machine.open(limit(5));
    await window.submit({ prompt: 'work', loopId: 'before' });
    machine.launcher.of('before').end({ says: [cost(4.34), { type: 'end', ok: true }] });
    await machine.soon();
    machine.launcher.onStop = () => undefined;
    await window.submit({ prompt: 'work', loopId: 'a', maxCostUsd: 0.17 });
    await window.submit({ prompt: 'work', loopId: 'b' });
    assert.deepEqual(
      [machine.alive(), window.status().queued[0]?.waitingFor],
      [['a'], 'budget'],
      'a may give some back',
    );
    machine.launcher.of('a').say(cost(0.29));
    await machine.soon();
    assert.deepEqual([machine.alive(), window.status().budget.granted], [['a', 'b'], 0.37]);
  });

  it('R3.3 R6.3 what is spent leaves the first in line no room in the day: those behind it start', async () => {
    const window = await machine.open({ ...limit(10), maxConcurrent: 2 });
    for (const [loopId, estimatedCostUsd] of [
      ['a', 4],
      ['big', 7],
      ['small', 1],
    ] as const)
      await window.submit({ prompt: 'work', loopId, estimatedCostUsd, whenBlocked: 'queue' });
    const { queued } = window.status();
    assert.deepEqual(
      [machine.alive(), queued[0]?.loopId],
      [['a'], 'big'],
      'it may fit once a gives back what it holds',
    );
    machine.launcher.of('a').say(cost(4.5));
    await machine.soon();
    assert.deepEqual(machine.alive(), ['a', 'small']);
  });

  it('R6.8 spending that shows only at the end is granted its estimate and marked as not bounded', async () => {
    const agents = fakeCatalog(fakeProfile('sample', { spending: 'atEnd' }));
    const window = await machine.open(limit(10), { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 4 });
    const { allowanceUsd, unbounded } = window.status().running[0] ?? {};
    assert.deepEqual([allowanceUsd, unbounded], [4, true]);
  });

  it('R6.3 loops whose agents used up what the day had left do not wake each other', async () => {
    const window = await machine.open({ ...limit(10), maxConcurrent: 2 }, CAPPED);
    for (const loopId of ['a', 'b']) await window.submit({ prompt: 'work', loopId });
    for (const loopId of ['a', 'b']) {
      machine.launcher.of(loopId).say({ type: 'session', sessionId: loopId });
      machine.launcher.of(loopId).end({ exit: { exitCode: 1 }, says: [cost(5), USED_UP] });
      await machine.soon();
    }
    await machine.clock.advance(60_000);
    assert.deepEqual(machine.alive(), []);
    assert.deepEqual([(await window.get('a'))?.loop.attempts, (await window.get('b'))?.loop.attempts], [1, 1]);
  });

  /** A loop whose agent used up the whole of $5. */
  const waitForMoney = async (window: Supervisor) => {
    await window.submit({ prompt: 'work', loopId: 'a' });
    machine.launcher.of('a').say(SESSION);
    machine.launcher.of('a').end({ exit: { exitCode: 1 }, says: [cost(5), USED_UP] });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'waiting');
  };

  it('R3.3 R6.3 a limit that was raised while no window was open lets go on what had used up the day', async () => {
    const before = await machine.open(limit(5), CAPPED);
    await waitForMoney(before);
    machine.kill(before);
    const window = await machine.open(limit(50), CAPPED);
    assert.equal((await window.get('a'))?.state, 'running');
  });

  it('R3.3 R6.3 so does one that is raised while the window starts', async () => {
    const before = await machine.open(limit(5), CAPPED);
    await waitForMoney(before);
    machine.kill(before);
    // The turn of the start has been taken, and its window does not know of it yet.
    const toldLate = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name) => {
          if (name !== 'write') return Reflect.get(target, name, target).bind(target);
          return async (work: Parameters<Store['write']>[0]) => {
            const result = await target.write(work);
            late?.();
            late = undefined;
            return result;
          };
        },
      });
    let starting: Supervisor | undefined;
    let late: (() => void) | undefined = () => starting?.configure({ ...DEFAULT_SETTINGS, ...limit(50) });
    const window = await machine.open(limit(5), {
      ...CAPPED,
      store: toldLate,
      created: (supervisor) => {
        starting = supervisor;
      },
    });
    await machine.soon();
    assert.equal((await window.get('a'))?.state, 'running');
  });

  it('R6.3 a restart by the user of a loop that waits for the money of the day leaves its agent’s usage limit alone', async () => {
    const window = await machine.open(limit(5), CAPPED);
    await window.submit({ prompt: 'work', loopId: 'b', agent: 'sample' });
    await waitForMoney(window);
    const until = machine.clock.now() + 3_600_000;
    machine.launcher.of('b').end({ exit: { exitCode: 1 }, says: [{ type: 'limit', until, reason: 'limit reached' }] });
    await machine.soon();
    assert.equal(await window.restartNow('a'), true);
    assert.deepEqual([(await window.get('a'))?.state, window.status().queued[0]?.waitingFor], ['queued', 'limit']);
  });

  it('R6.2 the agent gets what the loop and the day still leave', async () => {
    const told: (number | undefined)[] = [];
    const plain = fakeProfile('sample');
    const agents = fakeCatalog(
      fakeProfile('sample', {
        plan: (request) => {
          told.push(request.costLeft);
          return plain.plan(request);
        },
      }),
    );
    const window = await machine.open(limit(10), { agents });
    await window.submit({ prompt: 'work', loopId: 'a', estimatedCostUsd: 4 });
    await window.submit({ prompt: 'work', loopId: 'b', estimatedCostUsd: 1, maxCostUsd: 2 });
    await window.submit({ prompt: 'work', loopId: 'c', estimatedCostUsd: 1 });
    window.configure(DEFAULT_SETTINGS);
    await window.submit({ prompt: 'work', loopId: 'd' });
    assert.deepEqual(told, [toNano(2.5), toNano(2), toNano(2.75), undefined]);
  });
});
