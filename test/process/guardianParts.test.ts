import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { agentEnvironment, guardianEnvironment } from '../../src/process/environment/carriedEnvironment.ts';
import { Deadlines } from '../../src/process/guardian/deadlines.ts';
import { guardianLog } from '../../src/process/guardian/guardianLog.ts';
import { Orders } from '../../src/process/guardian/orders.ts';
import { TICK_MS, TickClock } from '../../src/process/guardian/tickClock.ts';
import { createOnce, readJson, writeJson } from '../../src/process/runFolder/atomicFile.ts';
import { parseOrder } from '../../src/process/runFolder/orderFiles.ts';
import {
  lookAtClaim,
  lookAtEnded,
  lookAtExit,
  lookAtSilent,
  lookAtStarted,
} from '../../src/process/runFolder/recordSchemas.ts';
import { filesIn, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { seen } from '../support/seen.ts';
import { LIMITS } from './support/runHarness.ts';

describe('The clock of a guardian', () => {
  function clock() {
    let now = 5_000;
    const ticks = new TickClock(() => now);
    const pass = (ms: number) => {
      now += ms;
      ticks.tick();
      return ticks.elapsed;
    };
    return { ticks, pass };
  }

  it('R7.6 counts the time that passes', () => {
    const { ticks, pass } = clock();
    ticks.plan(10_000);
    assert.equal(pass(1_000), 1_000);
    assert.equal(pass(1_400), 2_400);
    ticks.plan(50);
    assert.equal(pass(53), 2_453);
  });

  it('R7.6 stands still in suspend: a jump counts as one tick', () => {
    const { ticks, pass } = clock();
    ticks.plan(10_000);
    assert.equal(pass(8 * 3_600_000), TICK_MS);
    ticks.plan(200);
    assert.equal(pass(60_000), TICK_MS + 200);
    assert.equal(pass(-5_000), TICK_MS + 200);
  });

  it('R7.6 ticks that come late on a busy machine count in full (F8)', () => {
    for (const lateMs of [1_001, 2_000, 9_000, 25_000]) {
      const { ticks, pass } = clock();
      let real = 0;
      while (ticks.elapsed < 60_000) {
        const ms = ticks.plan(60_000) + lateMs;
        real += ms;
        pass(ms);
      }
      assert.ok(real <= 90_000, `a timeout of 60 s came after ${real} ms with ticks ${lateMs} ms late`);
    }
  });

  it('never waits for longer than a tick, however far a deadline is', () => {
    const { ticks } = clock();
    assert.deepEqual(
      [ticks.plan(2 ** 40), ticks.plan(Number.MAX_SAFE_INTEGER), ticks.plan(0.2), ticks.plan(300)],
      [TICK_MS, TICK_MS, 1, 300],
    );
  });
});

describe('The deadlines of a guardian', () => {
  const quiet = { logBytes: 0, attended: true };

  it('R7.6 the timeout counts from the start', () => {
    const deadlines = new Deadlines({ ...LIMITS, timeoutMs: 1_000 });
    assert.deepEqual(deadlines.look(0, quiet), { dueMs: 1_000 });
    assert.deepEqual(deadlines.look(999, { ...quiet, logBytes: 5 }), { dueMs: 1 });
    assert.equal(deadlines.look(1_000, quiet).stop, 'timeout');
  });

  it('silence: first output and later output have deadlines of their own', () => {
    const deadlines = new Deadlines({ ...LIMITS, firstOutputMs: 500, silenceMs: 1_000 });
    assert.equal(deadlines.look(499, quiet).silent, undefined);
    assert.deepEqual(deadlines.look(600, quiet).silent, { kind: 'first-output', forMs: 600 });
    assert.equal(deadlines.look(700, { ...quiet, logBytes: 1 }).silent, undefined);
    assert.equal(deadlines.look(1_699, { ...quiet, logBytes: 1 }).silent, undefined);
    assert.deepEqual(deadlines.look(1_700, { ...quiet, logBytes: 1 }).silent, { kind: 'silence', forMs: 1_000 });
    deadlines.keepWaiting(1_800);
    assert.equal(deadlines.look(2_799, { ...quiet, logBytes: 1 }).silent, undefined);
    assert.equal(deadlines.look(2_800, { ...quiet, logBytes: 1 }).silent?.forMs, 1_000);
  });

  it('nobody home: counted anew each time that a window was there', () => {
    const deadlines = new Deadlines({ ...LIMITS, unattendedGraceMs: 1_000 });
    const alone = { logBytes: 0, attended: false };
    assert.equal(deadlines.look(0, alone).stop, undefined);
    assert.equal(deadlines.look(900, alone).dueMs, 100);
    deadlines.look(950, quiet);
    assert.equal(deadlines.look(1_100, alone).stop, undefined);
    assert.equal(deadlines.look(2_100, alone).stop, 'unattended');
  });

  it('a window that leaves has it stopped later, unless it is to stay', () => {
    const deadlines = new Deadlines(LIMITS);
    deadlines.leave(100, 500);
    assert.equal(deadlines.look(599, quiet).dueMs, 1);
    deadlines.stay();
    assert.equal(deadlines.look(600, quiet).stop, undefined);
    deadlines.leave(700, 0);
    assert.equal(deadlines.look(700, quiet).stop, 'unattended');
    deadlines.leave(800, undefined);
    assert.equal(deadlines.look(900, quiet).stop, undefined);
  });

  it('a limit of 0 is none', () => {
    const deadlines = new Deadlines(LIMITS);
    assert.deepEqual(deadlines.look(1e12, { logBytes: 1e12, attended: false }), { dueMs: Number.MAX_SAFE_INTEGER });
  });
});

describe('The files of a run', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-files-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('R8.1 a token leads to no other folder', () => {
    assert.equal(runFiles('/runs', 'a-1').stdout, join('/runs', 'a-1', 'stdout.log'));
    for (const token of ['', '.', '..', '../x', 'a/b', 'a\\b', 'a\0', 'ü', ' ', 'x'.repeat(129)]) {
      assert.throws(() => runFiles('/runs', token), /has no folder/, token);
    }
  });

  it('only one of many who create a file at once has created it, and all see its whole content', () => {
    const path = join(folder, 'claim');
    assert.deepEqual([createOnce(path, { by: 1 }), createOnce(path, { by: 2 })], [true, false]);
    assert.deepEqual(readJson(path), { by: 1 });
    assert.deepEqual(readdirSync(folder), ['claim']);
  });

  it('a folder that is gone is made again for a fact', () => {
    const path = join(folder, 'gone', 'orders', 'x.json');
    writeJson(path, { a: 1 });
    assert.deepEqual(readJson(path), { a: 1 });
    assert.deepEqual(readdirSync(join(folder, 'gone', 'orders')), ['x.json']);
  });

  it('records that are not what they should be are not there', () => {
    const files = filesIn(folder);
    const paths = [files.claim, files.started, files.exit, files.ended, files.silent];
    const readAll = () =>
      [lookAtClaim, lookAtStarted, lookAtExit, lookAtEnded, lookAtSilent].map((look) => look(files).state);
    assert.deepEqual(readAll(), Array(5).fill('gone'));
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.constantFrom('{"format":2}', '[]', 'null', '{"format":1,"pid":-1}', '')),
        (text) => {
          for (const path of paths) writeFileSync(path, text);
          assert.deepEqual(readAll(), Array(5).fill('gone'));
        },
      ),
    );
    const guardian = { pid: 5, startTime: '7', bootId: 'b' };
    writeFileSync(
      files.claim,
      JSON.stringify({ format: 1, by: 'guardian', guardian, later: 'unknown fields are no harm' }),
    );
    assert.deepEqual(seen(lookAtClaim(files)), { format: 1, by: 'guardian', guardian });
  });

  it('orders come once each, in their order; what is none is skipped and told', () => {
    const told: string[] = [];
    const orders = new Orders(filesIn(folder), (message) => told.push(message));
    assert.deepEqual(orders.take(), []);
    mkdirSync(join(folder, 'orders'));
    const put = (name: string, order: unknown) => writeFileSync(join(folder, 'orders', name), JSON.stringify(order));
    put('2.order', { kind: 'signal', signal: 'SIGINT' });
    put('1.order', { kind: 'stop', by: 'user', graceMs: 5 });
    put('3.order', { kind: 'dance' });
    put('4.order.123.tmp', { kind: 'keepWaiting' });
    const taken = orders.take();
    assert.deepEqual(
      taken.map(({ order }) => order.kind),
      ['stop', 'signal'],
    );
    assert.equal(told.length, 1);
    assert.deepEqual(orders.take(), []);
    taken[1]?.answer(true);
    assert.deepEqual(readJson(join(folder, 'orders', '2.order.result')), { delivered: true });
    assert.deepEqual(orders.take(), []);
    assert.ok(existsSync(join(folder, 'orders', '1.order')));
  });

  it('an order is one of those that are known, with all that it needs', () => {
    for (const order of [
      { kind: 'stop', by: 'user', graceMs: 0 },
      { kind: 'signal', signal: 'SIGTERM' },
      { kind: 'signal', signal: 'SIGTERM', by: 'user' },
      { kind: 'leave' },
      { kind: 'leave', stopAfterMs: 5 },
      { kind: 'adopted', mine: false },
      { kind: 'keepWaiting' },
    ]) {
      assert.deepEqual(parseOrder(order), order);
    }
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(parseOrder(value), undefined);
      }),
    );
    for (const order of [
      { kind: 'stop', by: 'user' },
      { kind: 'stop', graceMs: 5 },
      { kind: 'stop', by: 'user', graceMs: -1 },
      { kind: 'stop', by: 'user', graceMs: '5' },
      { kind: 'signal' },
      { kind: 'leave', stopAfterMs: null },
      { kind: 'adopted' },
      'stop',
    ]) {
      assert.equal(parseOrder(order), undefined);
    }
  });

  it('a guardian that has much to say about itself fills no disk, and says it where it can', () => {
    const path = join(folder, 'guardian.log');
    const log = guardianLog(path);
    for (let times = 0; times < 1_000; times += 1) log('something', new Error('why'));
    assert.ok(readFileSync(path, 'utf8').split('something').length <= 201);
    guardianLog(join(folder, 'no', 'such', 'folder'))('nobody hears this');
  });
});

describe('The environment on its way through the guardian', () => {
  it('B5 arrives as it was, and touches the guardian itself nowhere', () => {
    const agent = {
      PATH: '/bin',
      NODE_OPTIONS: '--inspect',
      ELECTRON_RUN_AS_NODE: '1',
      LD_PRELOAD: 'x.so',
      LD_LIBRARY_PATH: '/broken',
      LD_AUDIT: 'y.so',
      DYLD_INSERT_LIBRARIES: 'z.dylib',
      PYTHONHOME: '/nowhere',
      LOOP_SUPERVISOR_KEEP: '1',
      HOME: '/',
    };
    const own = { PATH: '/own', LD_LIBRARY_PATH: '/of/the/editor', NODE_OPTIONS: '--no-warnings', VSCODE_PID: '1' };
    const guardian = guardianEnvironment(agent, own);
    assert.deepEqual(
      Object.entries(guardian).filter(([name]) => !name.startsWith('LOOP_SUPERVISOR_CARRIED_')),
      Object.entries({ PATH: '/own', LD_LIBRARY_PATH: '/of/the/editor', ELECTRON_RUN_AS_NODE: '1' }),
    );
    assert.equal(guardian['ELECTRON_RUN_AS_NODE'], '1');
    assert.deepEqual(agentEnvironment(guardian, 'loop', 'token'), {
      ...agent,
      LOOP_SUPERVISOR_LOOP: 'loop',
      LOOP_SUPERVISOR_ATTEMPT: 'token',
    });
    const { ELECTRON_RUN_AS_NODE: _, ...without } = agent;
    assert.equal(agentEnvironment(guardianEnvironment(without), 'loop', 'token')['ELECTRON_RUN_AS_NODE'], undefined);
  });
});
