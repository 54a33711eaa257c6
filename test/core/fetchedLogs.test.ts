import assert from 'node:assert/strict';
import type { Control } from '../../src/core/ports/store.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';
import { machineWithClone } from '../support/machineWithClone.ts';
import { settled } from '../support/settled.ts';

const KB = 1024;

describe('The output of a loop that runs on another machine', () => {
  const base = machineForEachTest();
  let one: ReturnType<typeof machineWithClone>;
  let two: ReturnType<typeof machineWithClone>;
  let first: Supervisor;
  let second: Supervisor;
  let token: string;
  let control: Control | undefined;

  beforeEach(async () => {
    control = undefined;
    one = machineWithClone(base, 'one');
    two = machineWithClone(base, 'two');
    first = await one.open();
    second = await two.open();
    // What is loaded when it is first used is there.
    await second.workTrees();
    await first.submit({ prompt: 'work', loopId: 'a', machine: 'the two' });
    await base.clock.advance(2_000);
    token = (await first.get('a'))?.attempts.at(-1)?.token ?? assert.fail();
  });

  const fetch = (window = first) => settled(base.clock, window.fetchOutput({ loopId: 'a', token }));
  const endRun = async () => {
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
  };
  const copy = () => one.logs.copies.get(token);
  /** What is stored of requests. */
  function requests() {
    control = base.books().changes()?.control ?? control;
    return control?.logRequests;
  }

  it('R16.8 comes in pieces through the store, and nothing of it stays there', async () => {
    const lines = 'a line of its output\n'.repeat(150_000);
    two.logs.write(token, 'out', lines);
    two.logs.write(token, 'err', 'oops\n');
    await endRun();
    const ids: string[] = [];
    two.logs.onRead = async () => void ids.push(...Object.keys(requests() ?? {}));
    let answers = 1;
    for (; !(await fetch()).isComplete; answers++) assert.ok((copy()?.out.length ?? 0) <= answers * KB * KB);
    assert.deepEqual(
      [answers, copy()?.out === lines, copy()?.err],
      [Math.ceil(lines.length / KB / KB), true, 'oops\n'],
    );
    assert.equal(requests(), undefined);
    for (const id of ids) for (const n of [0, 1, 2]) assert.equal(await base.books().piece(id, n), undefined);
    assert.equal(ids.length, 2 * answers);
  });

  it('R16.8 of a run that goes on comes what it has added since, until it has ended', async () => {
    two.logs.write(token, 'out', 'one\n');
    assert.deepEqual(await fetch(), { isAtEnd: true, isComplete: false, left: 0, isFull: false });
    two.logs.write(token, 'out', 'two\n');
    two.logs.write(token, 'err', 'oops\n');
    await fetch();
    assert.deepEqual([copy()?.out, copy()?.err], ['one\ntwo\n', 'oops\n']);
    two.logs.write(token, 'out', 'three\n');
    await endRun();
    assert.equal((await fetch()).isComplete, true);
    assert.equal(copy()?.out, 'one\ntwo\nthree\n');
  });

  it('R16.8 a copy that is complete is read without its machine', async () => {
    two.logs.write(token, 'out', 'one\n');
    await endRun();
    await fetch();
    await second.release();
    const { reads } = two.logs;
    assert.equal((await fetch()).isComplete, true);
    assert.equal(two.logs.reads, reads);
  });

  it('R16.8 of a long log comes the end, and how much is left there is said', async () => {
    two.logs.mostSent = 100;
    two.logs.write(token, 'out', 'x'.repeat(250));
    assert.deepEqual(await fetch(), { isAtEnd: true, isComplete: false, left: 150, isFull: false });
    two.logs.write(token, 'out', 'more');
    assert.equal((await fetch()).left, 150);
    assert.equal(copy()?.out, `${'x'.repeat(100)}more`);
  });

  it('R16.8 R8.1 a log that was cut off is copied anew', async () => {
    two.logs.write(token, 'out', 'what was there before\n');
    await fetch();
    two.logs.cut(token);
    two.logs.write(token, 'out', 'anew\n');
    assert.equal((await fetch()).isAtEnd, false);
    await fetch();
    assert.equal(copy()?.out, 'anew\n');
  });

  it('R16.8 a copy grows to its bound, and then no more is asked for', async () => {
    two.logs.write(token, 'out', 'one\n');
    await fetch();
    await one.logs.begin(token, { out: 0, err: 0 });
    await one.logs.add(token, 'out', 0, Buffer.alloc(32 * KB * KB, 'x').toString('base64'));
    const { reads } = two.logs;
    assert.deepEqual(await fetch(), { isAtEnd: true, isComplete: false, left: 0, isFull: true });
    assert.equal(two.logs.reads, reads);
  });

  it('R16.8 says plainly that its machine is offline', async () => {
    await second.release();
    await base.clock.advance(1_000);
    await assert.rejects(
      fetch(),
      /^WrongStateError: Loop a works on the two, which is offline: its output is there\. Try again once a window or a/,
    );
    assert.equal(requests(), undefined);
  });

  it('R16.8 says plainly that its machine does not answer', async () => {
    two.stands.still = true;
    await assert.rejects(fetch(), /works on the two, which does not answer: its output is there\. Try again once/);
    assert.equal(requests(), undefined);
  });

  it('R16.8 passes on why it could not be read, and leaves nothing behind', async () => {
    two.logs.onRead = () => Promise.reject(new Error('the disk is broken.'));
    await assert.rejects(fetch(), /has output on the two that could not be read: the disk is broken\.$/);
    assert.equal(requests(), undefined);
  });

  it('R16.8 two windows that ask for the same have the same copy', async () => {
    const beside = await one.open();
    two.logs.write(token, 'out', 'one\n'.repeat(100 * KB));
    await endRun();
    const all = async (window: Supervisor) => {
      for (let isComplete = false; !isComplete; ) ({ isComplete } = await window.fetchOutput({ loopId: 'a', token }));
    };
    await settled(base.clock, Promise.all([all(first), all(beside)]));
    assert.equal(copy()?.out, 'one\n'.repeat(100 * KB));
    assert.equal(requests(), undefined);
  });

  it('R16.8 another host of its machine answers where the first one dies', async () => {
    two.logs.write(token, 'out', 'one\n');
    let reads = 0;
    two.logs.onRead = () => (++reads === 1 ? new Promise<never>(() => undefined) : Promise.resolve());
    const fetched = fetch();
    while (reads === 0) await base.clock.advance(100);
    base.kill(second);
    await two.open();
    assert.equal((await fetched).isAtEnd, true);
    assert.equal(copy()?.out, 'one\n');
  });

  it('R16.8 what was asked for by a window that has died is given up, with what was sent', async () => {
    two.logs.write(token, 'out', 'one\n');
    let isDead = false;
    two.logs.onRead = async () => {
      if (!isDead) base.kill(first);
      isDead = true;
    };
    void first.fetchOutput({ loopId: 'a', token }).catch(() => undefined);
    await base.clock.advance(2_000);
    const [[id, request] = []] = Object.entries(requests() ?? {});
    assert.deepEqual([request?.state, await base.books().piece(id ?? '', 0)], ['sent', 'b25lCg==']);
    await base.clock.advance(3 * 60_000);
    two.logs.onRead = async () => undefined;
    first = await one.open();
    await fetch();
    assert.deepEqual([requests(), await base.books().piece(id ?? '', 0)], [undefined, undefined]);
  });

  it('R16.8 a copy goes with its loop', async () => {
    await endRun();
    await fetch();
    assert.ok(copy());
    assert.equal(await settled(base.clock, first.clearFinished()), 1);
    assert.equal(copy(), undefined);
  });

  it('R16.8 is asked for only of a run of another machine', async () => {
    await assert.rejects(fetch(second), /has no such output on another machine/);
    await assert.rejects(first.fetchOutput({ loopId: 'a', token: 'other' }), /has no such output on another machine/);
    await assert.rejects(first.fetchOutput({ loopId: 'b', token }), /UnknownLoopError/);
  });
});
