import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/model/settings.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';
import { machineWithClone } from '../support/machineWithClone.ts';
import { settled } from '../support/settled.ts';

/** Until the next look, and until what failed has been tried again (ms). */
const LOOKS_MS = 6 * 60_000;
const TRIED_AGAIN_MS = 20 * 60_000;

describe('The branch of a loop that is over, where its machine names a remote', () => {
  const base = machineForEachTest();
  let one: ReturnType<typeof machineWithClone>;
  let two: ReturnType<typeof machineWithClone>;
  let first: Supervisor;
  let second: Supervisor;

  beforeEach(async () => {
    one = machineWithClone(base, 'one');
    two = machineWithClone(base, 'two');
    first = await one.open();
    second = await open();
  });

  /** A host of the second machine. */
  async function open(pushResultsTo = 'origin'): Promise<Supervisor> {
    const host = await two.open(true, { pushResultsTo });
    // What is loaded when it is first used is there.
    await host.workTrees();
    return host;
  }

  /** Changes settings of that host. */
  const configure = (settings: Partial<Settings>) =>
    second.configure({ ...DEFAULT_SETTINGS, repositories: [two.clone], pushResultsTo: 'origin', ...settings });

  /** Has a loop run on the second machine, as long as `end` lets it. */
  async function run(end: (loopId: string) => void = (loopId) => two.launcher.of(loopId).ok(), loopId = 'a') {
    await first.submit({ prompt: 'work', loopId, machine: 'the two' });
    await base.clock.advance(2_000);
    end(loopId);
    await base.clock.advance(2_000);
  }

  const loop = async () => (await first.get('a'))?.loop ?? assert.fail();
  const pushed = () => two.git.pushedBranches;
  const history = async () => (await first.get('a'))?.history.map(({ why }) => why) ?? [];
  const notPushed = async () => (await history()).filter((why) => why.includes('was not pushed'));
  const fetch = async () => settled(base.clock, (await first.workTrees()).fetch({ loopId: 'a' }));

  it('R16.9 is pushed once, and fetched from there while its machine is offline', async () => {
    await run();
    assert.deepEqual(pushed(), ['loops/a of /two/clone to origin']);
    assert.ok((await history()).includes('its branch loops/a was pushed to origin'));
    await base.clock.advance(LOOKS_MS);
    assert.equal(pushed().length, 1);
    await second.release();
    assert.equal((await fetch()).branch, 'loops/a');
    assert.deepEqual(one.git.fetchedBranches, ['loops/a from example.org/project in /one/clone']);
    assert.deepEqual(one.git.unpacked, []);
    assert.equal((await history()).at(-1), 'its work was fetched to the one from example.org/project');
    await fetch();
    assert.equal(one.git.fetchedBranches.length, 1);
  });

  it('R16.9 the end of a loop has that one pushed, and does not have all of the history read', async () => {
    const before = two.reads.finished;
    for (const loopId of ['a', 'b', 'c']) await run(undefined, loopId);
    assert.equal(pushed().length, 3);
    assert.equal(two.reads.finished, before);
  });

  it('R16.9 is pushed however the loop ended', async () => {
    await run((loopId) => void second.cancel(loopId));
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
    assert.deepEqual([(await loop()).state, pushed().length], ['cancelled', 1]);
    configure({ restart: { maxRestarts: 0, windowMs: 1_000, maxTotal: 0 } });
    await run((loopId) => two.launcher.of(loopId).fail(), 'b');
    assert.deepEqual([(await first.get('b'))?.loop.state, pushed().length], ['failed', 2]);
  });

  it('R16.9 stays where it is without a remote in the settings, or where the loop changed nothing', async () => {
    await second.release();
    second = await open('');
    await run();
    assert.deepEqual([pushed(), (await loop()).workTree?.push], [[], undefined]);
    await second.release();
    await open();
    two.git.changedNothing = true;
    await run(undefined, 'b');
    await base.clock.advance(LOOKS_MS);
    assert.deepEqual(pushed(), ['loops/b of /two/clone to origin']);
  });

  it('R16.9 one that fails says why once, is tried again, and comes through the store until then', async () => {
    two.git.onPushBranch = () => Promise.reject(new Error('origin did not let you in.'));
    await run();
    const why = 'its branch loops/a was not pushed, which is tried again: origin did not let you in';
    assert.deepEqual(await notPushed(), [why]);
    await fetch();
    assert.deepEqual([one.git.unpacked.length, one.git.fetchedBranches], [1, []]);
    await base.clock.advance(TRIED_AGAIN_MS);
    assert.deepEqual(await notPushed(), [why]);
    two.git.onPushBranch = async () => undefined;
    await base.clock.advance(TRIED_AGAIN_MS);
    assert.equal((await loop()).workTree?.push?.state, 'pushed');
    assert.equal(pushed().length, 1);
  });

  it('R16.9 a remote that is corrected in the settings is tried at once', async () => {
    two.git.onPushBranch = () => Promise.reject(new Error('no such remote'));
    await run();
    two.git.onPushBranch = async () => undefined;
    configure({ pushResultsTo: 'mine' });
    await base.clock.advance(1_000);
    assert.deepEqual(pushed(), ['loops/a of /two/clone to mine']);
  });

  it('R16.9 another host goes on where one dies while it pushes', async () => {
    let asked = 0;
    two.git.onPushBranch = () => new Promise(() => void asked++);
    await run();
    assert.equal(asked, 1);
    await open();
    await base.clock.advance(LOOKS_MS);
    assert.equal(asked, 1, 'the first one is at it');
    two.git.onPushBranch = async () => undefined;
    base.kill(second);
    await base.clock.advance(LOOKS_MS);
    assert.deepEqual(pushed(), ['loops/a of /two/clone to origin']);
    assert.equal((await loop()).workTree?.push?.state, 'pushed');
  });

  it('R16.9 is pushed again once the loop has worked on, and until then comes through the store', async () => {
    await run();
    two.git.onPushBranch = () => Promise.reject(new Error('it is Friday'));
    await first.continueWith('a', 'more');
    await base.clock.advance(2_000);
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
    await fetch();
    assert.deepEqual([one.git.unpacked.length, one.git.fetchedBranches], [1, []]);
    two.git.onPushBranch = async () => undefined;
    await base.clock.advance(TRIED_AGAIN_MS);
    assert.equal(pushed().length, 2);
  });

  it('R16.9 what cannot be had from the remote comes through the store', async () => {
    await run();
    one.git.onFetchBranch = () => Promise.reject(new Error('the clone /one/clone has no remote example.org/project'));
    await fetch();
    assert.deepEqual(one.git.unpacked, ['loops/a in /one/clone: one two']);
  });
});
