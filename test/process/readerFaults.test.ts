import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AskedQuestion } from '../../src/core/model/question.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Cgroup } from '../../src/process/contain/cgroup.ts';
import { emptied, isEmpty } from '../../src/process/contain/runGroup.ts';
import { AskWatch } from '../../src/process/follow/askWatch.ts';
import { settleLostRun } from '../../src/process/follow/lostRun.ts';
import { Attendance } from '../../src/process/guardian/attendance.ts';
import { Orders } from '../../src/process/guardian/orders.ts';
import { putOrder } from '../../src/process/runFolder/orderFiles.ts';
import { type RunFiles, runFiles } from '../../src/process/runFolder/runFiles.ts';
import { keepWindowFile } from '../../src/process/runFolder/windowFile.ts';
import { createTable } from '../../src/process/tables/platformTable.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { callsHitBy, lift, withFaults } from '../support/faults.ts';

const FAULTS = ['EMFILE', 'ENFILE', 'EIO', 'EACCES', 'ENOMEM', 'ESTALE', 'ELOOP'] as const;
const STOP = { kind: 'stop', by: 'user', graceMs: 5 } as const;
const ASK = JSON.stringify({
  request: { kind: 'command', tool: 'bash', title: 'Run', command: 'ls' },
  choices: [{ id: 'yes', kind: 'allowOnce', label: 'Yes' }],
});

// Orders, questions, windows' files and control groups, under faults of the system: what cannot be read is not gone.
describe('Faults of the system: what hosts and guardians leave for each other (R7.4, R7.2)', () => {
  let root: string;
  let files: RunFiles;
  const table = createTable();
  const inspector = createInspector();

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'loop-reader-faults-'));
    files = runFiles(join(root, 'runs'), 'token');
    mkdirSync(files.orders, { recursive: true });
    mkdirSync(files.asks, { recursive: true });
  });

  afterEach(() => {
    lift();
    rmSync(root, { recursive: true, force: true });
  });

  const lost = () =>
    settleLostRun({
      ...{ table, clock: systemClock, log: () => undefined, files, token: 'token', graceMs: 20, keep: [] },
      ...{ leader: undefined, begun: true },
    });
  const isOrder = (path: string) => path.startsWith(files.orders) || path === files.box;

  for (const code of FAULTS) {
    // A descriptor that is open works on.
    const faults = { code, calls: callsHitBy(code).filter((call) => call !== 'readSync') };

    it(`R7.2 ${code}: a stop that cannot be read now is obeyed later, and not skipped`, async () => {
      const told: string[] = [];
      const orders = new Orders(files, (message) => told.push(message));
      writeFileSync(join(files.orders, '1.order'), JSON.stringify(STOP));
      // It is in the list of the folder, and cannot be opened.
      await withFaults({ code, calls: ['openSync'], path: isOrder }, () => assert.deepEqual(orders.take(), []));
      assert.deepEqual(
        orders.take().map(({ order }) => order),
        [STOP],
      );
      assert.deepEqual(told, []);
      orders.close();
    });

    it(`R7.2 ${code}: a run is not settled while it cannot be seen who has stopped it`, async () => {
      putOrder(files, '1.order', STOP);
      const settled = withFaults({ ...faults, path: isOrder }, lost);
      await assert.rejects(settled, /orders of a run cannot be read/);
      assert.ok(!existsSync(files.ended));
      const end = await lost();
      assert.equal(end.state === 'there' && end.value.stoppedBy, 'user');
    });

    it(`R17.1 ${code}: a question that cannot be read now is not withdrawn`, async () => {
      writeFileSync(join(files.asks, 'a.ask'), ASK);
      const told: (readonly AskedQuestion[])[] = [];
      const watch = new AskWatch(
        files,
        (questions) => told.push(questions),
        () => undefined,
      );
      await withFaults({ code, calls: ['openSync'], path: (path) => path.startsWith(files.asks) }, () => watch.look());
      assert.equal(told.length, 0);
      watch.look();
      assert.deepEqual(
        told.map((questions) => questions.map(({ id }) => id)),
        [['a']],
      );
    });

    it(`R13.1 ${code}: a control group that cannot be read is neither empty nor gone`, async () => {
      const group = fakeGroup('0', '4711\n');
      await withFaults({ ...faults, path: (path) => path.startsWith(group.path) }, () => {
        assert.equal(group.processes(), undefined);
        assert.ok(group.population() === 'unknown' && !isEmpty(group));
      });
      assert.deepEqual(group.processes(), [4711]);
    });
  }

  /** Files as the kernel shows them for a group. */
  function fakeGroup(populated: string, pids: string): Cgroup {
    const path = join(root, 'loop-supervisor', 'token');
    mkdirSync(join(path, 'nested'), { recursive: true });
    writeFileSync(join(path, 'cgroup.events'), `populated ${populated}\nfrozen 0\n`);
    writeFileSync(join(path, 'cgroup.procs'), pids);
    return new Cgroup(path, root);
  }

  it('R13.1 a nested group that goes during the look hides nobody', () => {
    assert.deepEqual(fakeGroup('1', '5\n6\n').processes(), [5, 6], 'the nested one has lost its files');
  });

  it('R13.1 a group that nobody could enter proves nothing about the run', async () => {
    const group = new Cgroup(join(root, 'not made', 'token'), root);
    assert.equal(
      group.startWithin(() => 'started'),
      'started',
    );
    assert.ok(group.isBypassed, 'its guardian goes on without a group then');
    const left = { swept: [], kept: [], remaining: [{ ...inspector.self, command: 'left' }] };
    const unreadable = new Cgroup('/dev/null', root);
    assert.deepEqual(await emptied(unreadable, left), left);
  });

  it('R9.2 a damaged file of a window is written again by its window', () => {
    const windowsFolder = join(root, 'windows');
    const due: (() => void)[] = [];
    const after = (_: number, work: () => void) => {
      due.push(work);
      return { dispose: () => undefined };
    };
    const clock = { ...systemClock, after };
    const kept = keepWindowFile({ windowsFolder, windowId: 'w', inspector, clock, log: () => undefined });
    const path = join(windowsFolder, 'w.json');
    for (const spoilt of ['', '{"pid":1', '[]', 'null', '{}', '\0\0']) {
      writeFileSync(path, spoilt);
      due.shift()?.();
      assert.equal(JSON.parse(readFileSync(path, 'utf8')).pid, process.pid, JSON.stringify(spoilt));
    }
    kept.dispose();
  });

  it('R9.2 one that a power cut has left is no window for ever: the next window removes it', async () => {
    const windowsFolder = join(root, 'windows');
    mkdirSync(windowsFolder);
    const left = join(windowsFolder, 'left.json');
    writeFileSync(left, '');
    assert.equal(new Attendance(windowsFolder, inspector).look().state, 'unknown');
    const options = { windowsFolder, windowId: 'w', inspector, clock: systemClock, log: () => undefined };
    const unread = { code: 'EIO', calls: ['openSync'] as const, path: (path: string) => path.endsWith('left.json') };
    (await withFaults(unread, () => keepWindowFile(options))).dispose();
    assert.ok(existsSync(left), 'what cannot be read may be that of a window');
    keepWindowFile(options).dispose();
    assert.ok(existsSync(left), 'its window may write it again');
    utimesSync(left, Date.now() / 1_000 - 61, Date.now() / 1_000 - 61);
    keepWindowFile(options).dispose();
    assert.ok(!existsSync(left));
    assert.equal(new Attendance(windowsFolder, inspector).look().state, 'gone');
  });
});
