import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Control } from '../../src/core/ports/store.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { machineForEachTest } from '../support/harness.ts';
import { machineWithClone } from '../support/machineWithClone.ts';
import { settled } from '../support/settled.ts';

describe('The work of a loop that ran on another machine', () => {
  const base = machineForEachTest();
  let one: ReturnType<typeof machineWithClone>;
  let two: ReturnType<typeof machineWithClone>;
  let first: Supervisor;
  let second: Supervisor;
  let control: Control | undefined;
  /** Paths that are not there any more on the first machine. */
  const gone = new Set<string>();

  beforeEach(async () => {
    gone.clear();
    control = undefined;
    one = machineWithClone(base, 'one', {
      look: (path) => (gone.has(path) ? { state: 'gone' } : { state: 'there', value: path }),
    });
    two = machineWithClone(base, 'two');
    first = await one.open();
    second = await two.open();
    // What is loaded when it is first used is there.
    await second.workTrees();
    await first.submit({ prompt: 'work', loopId: 'a', machine: 'the two' });
    await base.clock.advance(2_000);
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
  });

  const trees = async (window = first) => window.workTrees();
  const loop = async () => (await first.get('a'))?.loop;
  /** What is stored of transfers. */
  function transfers() {
    const books = base.books();
    const changes = books.changes();
    if (changes) control = changes.control;
    return control?.transfers;
  }
  const piece = (n: number) => base.books().piece('any', n);

  it('R16.7 is fetched from its machine in pieces, and reviewed in a copy of its work tree', async () => {
    const found = await loop();
    assert.equal((await trees()).awayAt(found ?? assert.fail()), 'the two');
    const review = await settled(base.clock, (await trees()).review('a'));
    assert.deepEqual([review.from, review.commonFolder], ['head of one', '/project/.git']);
    assert.deepEqual(one.git.unpacked, ['loops/a in /one/clone: one two']);
    const [request] = one.git.requests;
    assert.deepEqual([request?.cwd, request?.base, request?.branch], ['/one/clone', 'head of one', 'loops/a']);
    const now = await loop();
    assert.deepEqual(
      now?.workTree?.copies?.map(({ machine, root, tip }) => [machine, root, tip]),
      [['one', '/one/clone', 'tip']],
    );
    assert.equal((await trees()).awayAt(now ?? assert.fail()), undefined);
    // Nothing of it stays in the store, and it is fetched once.
    assert.deepEqual([transfers(), await piece(0)], [undefined, undefined]);
    await settled(base.clock, (await trees()).review('a'));
    assert.equal(one.git.unpacked.length, 1);
    assert.ok((await first.get('a'))?.history.some(({ why }) => why === 'its work was fetched to the one'));
  });

  it('R16.7 R12.4 is brought home here, and then its work tree goes there too', async () => {
    const { path, branch } = (await loop())?.workTree?.made ?? assert.fail();
    two.git.found = {
      kind: 'repository',
      repository: { root: path, commonFolder: '/two/clone/.git', head: 'tip', branch, prefix: '' },
    };
    const { result, isRemoved } = await settled(base.clock, (await trees()).bringHome({ loopId: 'a' }, 'merge'));
    assert.deepEqual([result.kind, isRemoved, one.git.asked], ['done', true, ['merge']]);
    assert.equal(one.git.removed.length, 1);
    await base.clock.advance(2_000);
    assert.deepEqual(two.git.removed, [{ path, keepBranch: false }]);
    const now = await loop();
    assert.deepEqual([now?.workTree?.outcome?.how, now?.workTree?.copies], ['merged', undefined]);
    assert.equal(transfers(), undefined);
    await assert.rejects((await trees()).review('a', {}), /has no work tree any more: its work was brought home/);
  });

  it('R16.7 R12.6 what was added there since stays', async () => {
    two.git.found = {
      kind: 'repository',
      repository: { root: '/two', commonFolder: '/two/clone/.git', head: 'a later one', branch: 'loops/a', prefix: '' },
    };
    await settled(base.clock, (await trees()).discard({ loopId: 'a' }));
    await base.clock.advance(2_000);
    assert.deepEqual([one.git.removed.length, two.git.removed, transfers()], [1, [], undefined]);
  });

  it('R16.7 R12.6 a machine tidies its own work trees and copies: those of others are not gone, they are elsewhere', async () => {
    const { path } = (await loop())?.workTree?.made ?? assert.fail();
    gone.add(path);
    await (await trees()).tidy.tidy();
    assert.deepEqual([(await loop())?.workTree?.made?.path, one.git.removed], [path, []]);
  });

  it('R16.7 R12.6 a copy goes in its time with its commits kept, and the work tree there stays', async () => {
    const { path } = await settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    one.git.inStorage = [{ path, changedAt: 0, tree: { commonFolder: '/one/clone/.git', branch: 'loops/a' } }];
    one.git.unsavedWork = { uncommitted: [], ignored: [], commits: 1 };
    const { tidy } = await trees();
    await tidy.tidy();
    assert.deepEqual(one.git.removed, []);
    base.clock.jump(DEFAULT_SETTINGS.workTree.maxAgeMs + 60_000);
    await tidy.tidy();
    assert.deepEqual(one.git.removed, [{ path, keepBranch: true }]);
    const { copies, made, outcome } = (await loop())?.workTree ?? assert.fail();
    assert.deepEqual([copies, made?.branch, outcome], [undefined, 'loops/a', undefined]);
  });

  it('R16.7 is fetched again once the loop has worked on, or the copy is gone', async () => {
    const tree = await settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    await first.continueWith('a', 'more');
    await base.clock.advance(2_000);
    await assert.rejects((await trees()).fetch({ loopId: 'a' }), /is still at work: wait for its end/);
    two.launcher.of('a').ok();
    await base.clock.advance(2_000);
    await settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    gone.add(tree.path);
    await settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    assert.equal(one.git.unpacked.length, 3);
  });

  it('R16.7 says plainly that its machine is offline', async () => {
    await second.release();
    await base.clock.advance(1_000);
    await assert.rejects((await trees()).review('a'), /works on the two, which is offline: try again once a window or/);
  });

  it('R16.7 says plainly that its machine does not answer', async () => {
    two.stands.still = true;
    await assert.rejects(
      settled(base.clock, (await trees()).review('a')),
      /works on the two, which does not answer: try again once/,
    );
    assert.equal(transfers(), undefined);
  });

  it('R16.7 passes on why it could not be packed, and leaves nothing behind', async () => {
    two.git.onPack = () => Promise.reject(new Error('it has changed nothing.'));
    await assert.rejects(
      settled(base.clock, (await trees()).fetch({ loopId: 'a' })),
      /^WrongStateError: Loop a could not be fetched from the two: it has changed nothing\.$/,
    );
    assert.deepEqual([transfers(), await piece(0)], [undefined, undefined]);
  });

  it('R16.7 another host of its machine packs it where the first one dies', async () => {
    let packs = 0;
    two.git.onPack = () => (++packs === 1 ? new Promise<never>(() => undefined) : Promise.resolve());
    const fetched = settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    while (packs === 0) await base.clock.advance(100);
    base.kill(second);
    await two.open();
    assert.equal((await fetched).branch, 'loops/a');
    assert.equal(packs, 2);
  });

  it('R16.7 only a few are under way at once', async () => {
    const others = ['b', 'c', 'd', 'e'];
    for (const loopId of others) await first.submit({ prompt: 'work', loopId, machine: 'the two' });
    await base.clock.advance(2_000);
    for (const loopId of others) two.launcher.of(loopId).ok();
    await base.clock.advance(2_000);
    two.git.onPack = () => new Promise<never>(() => undefined);
    const fetch = async (loopId: string) => (await trees()).fetch({ loopId });
    const asked = others.map((loopId) => fetch(loopId).catch(() => undefined));
    await base.clock.advance(1_000);
    await assert.rejects(fetch('a'), /cannot be fetched now: 4 other transfers are in progress/);
    await second.release();
    await settled(base.clock, Promise.all(asked));
    assert.equal(transfers(), undefined);
  });

  it('R16.7 does not wait for the work of another loop that takes long to pack', async () => {
    await first.submit({ prompt: 'work', loopId: 'b', machine: 'the two' });
    await base.clock.advance(2_000);
    two.launcher.of('b').ok();
    await base.clock.advance(2_000);
    let packs = 0;
    two.git.onPack = () => (++packs === 1 ? new Promise<never>(() => undefined) : Promise.resolve());
    void (await trees()).fetch({ loopId: 'b' }).catch(() => undefined);
    while (packs === 0) await base.clock.advance(100);
    assert.equal((await settled(base.clock, (await trees()).fetch({ loopId: 'a' }))).branch, 'loops/a');
  });

  it('R16.7 what was asked for and nobody takes is given up, with its pieces', async () => {
    void (await trees()).fetch({ loopId: 'a' }).catch(() => undefined);
    two.git.onPack = async () => base.kill(first);
    await base.clock.advance(2_000);
    const [[id, transfer] = []] = Object.entries(transfers() ?? {});
    assert.deepEqual([transfer?.state, await base.books().piece(id ?? '', 1)], ['ready', 'two']);
    await base.clock.advance(16 * 60_000);
    two.git.onPack = async () => undefined;
    first = await one.open();
    await settled(base.clock, (await trees()).fetch({ loopId: 'a' }));
    assert.deepEqual([transfers(), await base.books().piece(id ?? '', 1)], [undefined, undefined]);
  });

  it('R16.7 needs a clone here, and single rounds are reviewed there', async () => {
    one.git.clones = {};
    first.configure({ ...DEFAULT_SETTINGS, repositories: [] });
    await base.clock.advance(1_000);
    await assert.rejects(
      (await trees()).fetch({ loopId: 'a' }),
      /no clone of example\.org\/project is open here: open/,
    );
    await assert.rejects(
      (await trees()).review('a', { attempt: 1 }),
      /works on the two: its rounds and attempts can be/,
    );
    await assert.rejects((await trees()).useRound({ loopId: 'a' }, 1), /do this there, where its snapshots are/);
  });
});
