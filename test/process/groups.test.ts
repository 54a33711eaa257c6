import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stopTimes } from '../../src/process/guardian/groupStop.ts';
import { until } from '../support/until.ts';
import { type Launched, LIMITS, lives, program, RunHarness } from './support/runHarness.ts';

const TIMES = 10;
/** The processes of tree.sh, besides what its first one waits with. */
const TREE = 4;

describe('Process groups', () => {
  let harness: RunHarness;

  beforeEach(async () => {
    harness = await RunHarness.create();
  });

  afterEach(() => harness.dispose());

  async function tree(mode: string): Promise<Launched> {
    const launched = harness.launch(program('tree.sh'), [mode]);
    await until('the whole tree', () => harness.processesOf(launched.token).length >= TREE);
    return launched;
  }

  async function trees(mode: string): Promise<Launched[]> {
    return Promise.all(Array.from({ length: TIMES }, () => tree(mode)));
  }

  /** A tree that was whole before its time was over: on a slow machine it is given more. */
  async function treeWithin(timeoutMs: number): Promise<Launched> {
    const launched = harness.launch(program('tree.sh'), ['wait'], { limits: { timeoutMs } });
    const isWhole = () => harness.processesOf(launched.token).length >= TREE && 'whole';
    const seen = await until('the whole tree, or its end', () => isWhole() || (launched.told.end && 'ended'));
    return seen === 'whole' ? launched : treeWithin(2 * timeoutMs);
  }

  function assertNothingLeft(launched: readonly Launched[]): void {
    for (const { token, told } of launched) {
      assert.deepEqual(harness.processesOf(token), []);
      assert.deepEqual(told.end?.remaining, []);
      assert.deepEqual(told.end?.kept, []);
    }
  }

  it('R7.1 gives every attempt a group and a session of its own, apart from its guardian', async () => {
    const { told, token, run } = harness.launch(program('ignoreTerm.sh'));
    const { leader, guardian } = await told.whenStarted;
    const [process] = harness.processesOf(token);
    assert.equal(process?.pid, leader.pid);
    assert.equal(process?.startTime, leader.startTime);
    const stat = statOf(leader.pid);
    assert.deepEqual([stat.group, stat.session, stat.parent], [leader.pid, leader.pid, guardian?.pid]);
    const ofGuardian = statOf(guardian?.pid as number);
    assert.deepEqual([ofGuardian.group, ofGuardian.session], [guardian?.pid, guardian?.pid]);
    await run.signal('SIGKILL', 'user');
    await told.whenEnded;
  });

  it(`R7.2 leaves nothing of a tree of three levels after a cancel, ${TIMES} times`, async () => {
    const launched = await trees('wait');
    for (const { run } of launched) run.stop('user', 200);
    for (const { told } of launched) {
      const end = await told.whenEnded;
      assert.equal(end.kind, 'exited');
      assert.deepEqual(end.exit, { signal: 'SIGTERM' });
      assert.equal(end.stoppedBy, 'user');
    }
    assertNothingLeft(launched);
  });

  it(`R7.3 leaves nothing of a tree of three levels after a kill, ${TIMES} times`, async () => {
    const launched = await trees('wait');
    const delivered = await Promise.all(launched.map(({ run }) => run.signal('SIGKILL', 'user')));
    assert.deepEqual(delivered, Array(TIMES).fill(true));
    for (const { told } of launched) assert.deepEqual((await told.whenEnded).exit, { signal: 'SIGKILL' });
    assertNothingLeft(launched);
  });

  it(`R7.6 leaves nothing of a tree of three levels after a timeout, ${TIMES} times`, async () => {
    const launched = await Promise.all(Array.from({ length: TIMES }, () => treeWithin(1_500)));
    for (const { told } of launched) assert.equal((await told.whenEnded).stoppedBy, 'timeout');
    assertNothingLeft(launched);
  });

  it(`R7.4 leaves nothing of a tree of three levels after its leader ended by itself, ${TIMES} times`, async () => {
    const launched = await trees('end');
    writeFileSync(join(harness.cwd, 'go'), '');
    for (const { told } of launched) {
      const end = await told.whenEnded;
      assert.deepEqual(end.exit, { exitCode: 0 });
      assert.equal(end.stoppedBy, undefined);
      assert.ok(end.swept.length >= TREE - 1, JSON.stringify(end.swept));
      assert.ok(
        end.swept.every(({ command }) => command.includes('sleep')),
        JSON.stringify(end.swept),
      );
    }
    assertNothingLeft(launched);
  });

  it('R7.2 kills a tree that ignores SIGTERM when the grace period is over, and not before', async () => {
    const { run, told, token } = await tree('ignore');
    const begun = performance.now();
    run.stop('user', 600);
    const end = await told.whenEnded;
    const took = performance.now() - begun;
    assert.deepEqual(end.exit, { signal: 'SIGKILL' });
    assert.ok(took >= 590, `${took} ms`);
    assert.deepEqual(harness.processesOf(token), []);
  });

  it('R7.2 goes through the steps of the profile: SIGINT has its share, then SIGTERM; SIGCONT follows each', async () => {
    const { run, told } = harness.launch(process.execPath, [program('signals.mjs')], {
      stopSteps: [
        { signal: 'SIGINT', share: 0.01 },
        { signal: 'SIGTERM', share: 0.99 },
      ],
    });
    await until('the program', () => told.texts.length === 1);
    run.stop('user', 60_000);
    const end = await told.whenEnded;
    assert.deepEqual(end.exit, { exitCode: 0 });
    const got = told.texts.slice(1).map((text) => JSON.parse(text) as { signal: string; at: number });
    const steps = got.filter(({ signal }) => signal !== 'SIGCONT');
    assert.deepEqual(
      steps.map(({ signal }) => signal),
      ['SIGINT', 'SIGTERM'],
    );
    assert.ok(got.some(({ signal }) => signal === 'SIGCONT'));
  });

  it('R7.2 each step has its share of the grace period', () => {
    const steps = [
      { signal: 'SIGINT', share: 3 },
      { signal: 'SIGTERM', share: 1 },
    ] as const;
    assert.deepEqual(stopTimes(steps, 1_000), [
      { signal: 'SIGINT', afterMs: 0 },
      { signal: 'SIGTERM', afterMs: 750 },
    ]);
    assert.deepEqual(stopTimes([], 1_000), [{ signal: 'SIGTERM', afterMs: 0 }]);
    assert.deepEqual(stopTimes([{ signal: 'SIGTERM', share: 0 }], 1_000), [{ signal: 'SIGTERM', afterMs: 0 }]);
  });

  it('R7.2 skips the steps that are left as soon as nothing is left', async () => {
    const { run, told } = harness.launch('/bin/sleep', ['1000'], {
      stopSteps: [
        { signal: 'SIGINT', share: 0.6 },
        { signal: 'SIGTERM', share: 0.4 },
      ],
    });
    await told.whenStarted;
    run.stop('user', 60_000);
    assert.deepEqual((await told.whenEnded).exit, { signal: 'SIGINT' });
  });

  it('R7.2 a stopped process hears the stop too', async () => {
    const { run, told } = harness.launch(program('stopItself.sh'));
    const { leader } = await told.whenStarted;
    await until('it to stop itself', () => statOf(leader.pid).state === 'T');
    run.stop('user', 5_000);
    assert.deepEqual((await told.whenEnded).exit, { signal: 'SIGTERM' });
  });

  it('R7.2 a second stop with less patience makes the first one quicker', async () => {
    const { run, told } = harness.launch(program('ignoreTerm.sh'));
    await until('the trap', () => told.texts.includes('ready'));
    run.stop('shutdown', 60_000);
    run.stop('user', 100);
    const end = await told.whenEnded;
    assert.deepEqual(end.exit, { signal: 'SIGKILL' });
    assert.equal(end.stoppedBy, 'user');
  });

  it('R7.2 a stop before the agent was started means that it never is', async () => {
    const { run, told, token } = harness.launch('/bin/sleep', ['1000']);
    run.stop('user', 200);
    const end = await told.whenEnded;
    assert.equal(end.kind, 'void');
    assert.equal(end.stoppedBy, 'user');
    assert.deepEqual(told.calls, ['ended']);
    assert.deepEqual(harness.processesOf(token), []);
  });

  it('R7.3 sends just the signal that was asked for, to the whole group, and says whether it was delivered', async () => {
    const { run, told } = harness.launch(process.execPath, [program('signals.mjs')]);
    await until('the program', () => told.texts.length === 1);
    assert.equal(await run.signal('SIGUSR1', undefined), true);
    await until('the signal', () => told.texts.length === 2);
    assert.equal(JSON.parse(told.texts[1] as string).signal, 'SIGUSR1');
    assert.equal(await run.signal('SIGSTOP', undefined), true);
    const { leader } = await told.whenStarted;
    await until('it to be stopped', () => statOf(leader.pid).state === 'T');
    assert.equal(await run.signal('SIGKILL', 'user'), true);
    const end = await told.whenEnded;
    assert.equal(end.stoppedBy, 'user');
    assert.equal(await run.signal('SIGKILL', 'user'), false);
  });

  it('R7.3 sends a signal to all of the group, and to nobody else of the tree', async () => {
    const launched = await tree('wait');
    const { run, told, token } = launched;
    const { leader } = await told.whenStarted;
    assert.equal(await run.signal('SIGSTOP', undefined), true);
    const states = () =>
      harness.processesOf(token).map(({ pid }) => [statOf(pid).group === leader.pid, statOf(pid).state === 'T']);
    await until('the group to be stopped', () => states().filter(([, isStopped]) => isStopped).length === 3);
    for (const [isInGroup, isStopped] of states()) assert.equal(isStopped, isInGroup);
    run.stop('user', 200);
    await told.whenEnded;
    assertNothingLeft([launched]);
  });

  it('R7.3 an agent killed from outside ends by that signal, and nobody has stopped it', async () => {
    const { told } = harness.launch(program('dieOfSignal.sh'), ['KILL']);
    const end = await told.whenEnded;
    assert.deepEqual(end.exit, { signal: 'SIGKILL' });
    assert.equal(end.stoppedBy, undefined);
  });

  it('R7.4 ends a child that the leader left in its group, and says so', async () => {
    const { told } = harness.launch(program('leaveChild.sh'));
    const end = await told.whenEnded;
    const pid = Number(told.texts[0]?.split(' ')[1]);
    assert.deepEqual(
      end.swept.map((process) => process.pid),
      [pid],
    );
    assert.match(end.swept[0]?.command ?? '', /sleep 1000|leaveChild/);
    assert.ok(!lives(pid));
  });

  it('R7.4 ends a descendant without session, environment or log of its own, seen before the first signal', async () => {
    const { run, told } = harness.launch(program('escape.sh'));
    await until('the child', () => told.texts.length === 1);
    const pid = Number(told.texts[0]);
    await until('its own session', () => statOf(pid).session === pid);
    run.stop('user', 200);
    const end = await told.whenEnded;
    assert.ok(!lives(pid));
    assert.deepEqual(
      end.swept.map((process) => process.pid),
      [pid],
    );
  });

  it('R7.4 ends a process of nobody that still writes to the log of the run', async () => {
    const { told } = harness.launch(program('writeOn.sh'));
    const end = await told.whenEnded;
    assert.equal(end.swept.length, 1);
    assert.ok(!lives(end.swept[0]?.pid as number));
  });

  it('R7.4 a marker from outside is not handed on', async () => {
    harness.environment = {
      ...harness.environment,
      LOOP_SUPERVISOR_ATTEMPT: 'outer',
      LOOP_SUPERVISOR_LOOP: 'outer',
      LOOP_SUPERVISOR_KEEP: '1',
    };
    const { told, token } = harness.launch('/bin/sh', [
      '-c',
      'echo $LOOP_SUPERVISOR_ATTEMPT; echo $LOOP_SUPERVISOR_LOOP; echo "keep:$LOOP_SUPERVISOR_KEEP"',
    ]);
    await told.whenEnded;
    assert.deepEqual(told.texts, [token, harness.prefix + token, 'keep:']);
  });

  it('R7.2 a stop and a signal reach a run though no order can be written, as on a full disk', async () => {
    const stopped = await tree('wait');
    const killed = await tree('wait');
    for (const { files } of [stopped, killed]) {
      rmSync(files.orders, { recursive: true });
      writeFileSync(files.orders, 'in the way');
    }
    stopped.run.stop('user', 200);
    assert.equal(await killed.run.signal('SIGKILL', 'user'), true);
    assert.deepEqual((await stopped.told.whenEnded).exit, { signal: 'SIGTERM' });
    assert.deepEqual((await killed.told.whenEnded).exit, { signal: 'SIGKILL' });
    assertNothingLeft([stopped, killed]);
  });

  it('R7.6 stops a run at its timeout although it ignores SIGTERM', async () => {
    const { told } = harness.launch(program('ignoreTerm.sh'), [], { limits: { timeoutMs: 300 } });
    const end = await told.whenEnded;
    assert.equal(end.stoppedBy, 'timeout');
    assert.deepEqual(end.exit, { signal: 'SIGKILL' });
  });

  it('R7.6 a signal that an agent ignores does not end its deadlines', async () => {
    const { run, told } = harness.launch(program('ignoreTerm.sh'), [], { limits: { timeoutMs: 1_000 } });
    await until('the trap', () => told.texts.includes('ready'));
    assert.equal(await run.signal('SIGTERM', 'user'), true);
    const end = await told.whenEnded;
    assert.deepEqual([end.exit, end.stoppedBy], [{ signal: 'SIGKILL' }, 'user']);
  });

  it('a timeout above 2^31 ms does not fire at once', async () => {
    const { run, told } = harness.launch('/bin/sleep', ['1000'], {
      limits: { ...LIMITS, timeoutMs: 2 ** 33, silenceMs: 2 ** 33, firstOutputMs: 2 ** 33, unattendedGraceMs: 2 ** 33 },
    });
    await told.whenStarted;
    run.keepWaiting();
    assert.equal(await run.signal('SIGCONT', undefined), true);
    assert.equal(told.end, undefined);
    run.stop('user', 2 ** 33);
    await told.whenEnded;
  });
});

function statOf(pid: number): { state: string; parent: number; group: number; session: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [state = '', parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent), group: Number(group), session: Number(session) };
}
