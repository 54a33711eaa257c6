import assert from 'node:assert/strict';
import { GONE, type Look, there, unknown } from '../../src/core/model/looks.ts';
import type { StoredWorkTree } from '../../src/core/ports/workTrees.ts';
import type { Supervisor } from '../../src/core/supervisor.ts';
import { FakeWorkTrees } from '../support/fakeWorkTrees.ts';
import { machineForEachTest } from '../support/harness.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('keeping work trees within bounds', () => {
  const machine = machineForEachTest();
  let git: FakeWorkTrees;
  beforeEach(() => {
    git = new FakeWorkTrees();
  });

  const open = (workTree = {}) =>
    machine.open({ workTree: { setup: '', maxTotalBytes: 1e12, maxAgeMs: MINUTE, ...workTree } }, { workTrees: git });
  const stored = (path: string, changedAt = 0): StoredWorkTree => ({
    ...{ path, changedAt },
    tree: { commonFolder: '/project/.git', branch: `loops/${path.slice(-1)}` },
  });

  /** A loop that has ended, with its work tree in our storage. */
  async function ended(window: Supervisor, loopId: string): Promise<string> {
    await window.submit({ prompt: 'x', loopId, isolation: 'worktree' });
    await machine.soon();
    const path = machine.launcher.of(loopId).request?.cwd ?? '';
    git.inStorage.push(stored(path, machine.clock.now()));
    machine.launcher.of(loopId).ok();
    await machine.soon();
    return path;
  }
  const tidyOf = async (window: Supervisor) => (await window.workTrees()).tidy;
  const outcomeOf = async (window: Supervisor, loopId: string) =>
    (await window.get(loopId))?.loop.workTree?.outcome?.how;

  it('R12.6 those of loops that ended long ago go, with their commits kept as a branch', async () => {
    const window = await open();
    const path = await ended(window, 'a');
    const tidy = await tidyOf(window);
    await tidy.tidy();
    assert.equal(git.removed.length, 0, 'not before their time');
    git.unsavedWork = { uncommitted: [], ignored: [], commits: 2 };
    await machine.clock.advance(2 * MINUTE);
    await tidy.tidy();
    assert.ok(git.removed.some((one) => one.path === path && one.keepBranch));
    assert.equal(await outcomeOf(window, 'a'), 'removed');
  });

  it('R12.6 one with ignored files of the loop’s making is never removed by itself', async () => {
    git.unsavedWork = { uncommitted: [], ignored: ['dist/'], commits: 0 };
    const window = await open();
    const path = await ended(window, 'a');
    await machine.clock.advance(2 * MINUTE);
    const tidy = await tidyOf(window);
    await tidy.tidy();
    assert.deepEqual(git.removed, []);
    await tidy.remove([path]);
    assert.deepEqual(git.removed, [{ path, keepBranch: false }], 'its user may');
  });

  it('R12.4 what a host has left half-way in a checkout is settled at the start of the next, unasked', async () => {
    await open();
    await machine.soon();
    assert.equal(git.settled, 1);
  });

  it('R12.6 those that no loop has any more go once nobody has worked in them for a day', async () => {
    const window = await open();
    const now = machine.clock.now();
    git.inStorage = [stored('/storage/old', now - 2 * DAY), stored('/storage/new', now - DAY / 2)];
    await (await tidyOf(window)).tidy();
    assert.deepEqual(git.removed, [{ path: '/storage/old', keepBranch: false }]);
  });

  it('R12.6 one that a crash left half made holds no work: nothing of it is committed', async () => {
    const window = await open();
    const now = machine.clock.now();
    const half = (path: string, changedAt: number) => ({ ...stored(path, changedAt), isHalfMade: true });
    git.inStorage = [half('/storage/old', now - 2 * DAY), half('/storage/new', now)];
    git.unsavedWork = { uncommitted: ['a.txt'], ignored: ['.env'], commits: 0 };
    const tidy = await tidyOf(window);
    await tidy.tidy();
    assert.deepEqual(git.removed, [{ path: '/storage/old', keepBranch: false }]);
    const { removable } = await tidy.look();
    const { unsaved } = removable.find(({ path }) => path === '/storage/new') ?? {};
    assert.deepEqual(unsaved, { uncommitted: [], ignored: [], commits: 0 });
    await tidy.remove(['/storage/new']);
    assert.deepEqual([git.removed.length, git.committed], [2, []]);
    const path = await ended(window, 'a');
    git.inStorage = [{ ...stored(path, now), isHalfMade: true }];
    await tidy.remove([path]);
    assert.deepEqual(git.committed, [path], 'a loop worked there');
  });

  it('R12.6 what lives is in nobody’s way: neither a loop at work nor one that is prepared loses its work tree', async () => {
    const window = await open();
    await window.submit({ prompt: 'x', loopId: 'a', isolation: 'worktree' });
    await machine.soon();
    git.onCreate = () => new Promise(() => undefined);
    await window.submit({ prompt: 'x', loopId: 'b', isolation: 'worktree' });
    await machine.soon();
    git.inStorage = git.requests.map(({ path }) => stored(path));
    await machine.clock.advance(2 * MINUTE);
    const tidy = await tidyOf(window);
    await tidy.tidy();
    const { removable, totalBytes } = await tidy.look();
    await tidy.remove(git.requests.map(({ path }) => path));
    assert.deepEqual([removable, totalBytes, git.removed, git.requests.length], [[], 0, [], 2]);
  });

  it('R12.6 all together are bounded, which asks once a day', async () => {
    git.bytes = 600;
    const window = await open({ maxTotalBytes: 1_000 });
    await ended(window, 'a');
    const tidy = await tidyOf(window);
    await tidy.tidy();
    assert.deepEqual(machine.eventsOf('workTrees:full'), []);
    await ended(window, 'b');
    for (let time = 0; time < 3; time++) await tidy.tidy();
    const told = machine.eventsOf('workTrees:full').map(({ bytes, limitBytes }) => [bytes, limitBytes]);
    assert.deepEqual(told, [[1_200, 1_000]]);
    const { removable } = await tidy.look();
    assert.deepEqual(removable.map(({ bytes, loop }) => [bytes, loop?.loopId]).sort(), [
      [600, 'a'],
      [600, 'b'],
    ]);
  });

  it('R12.6 one whose repository is gone is the user’s to remove', async () => {
    const window = await open();
    git.inStorage = [{ path: '/storage/lost', changedAt: 0 }];
    const tidy = await tidyOf(window);
    await tidy.tidy();
    assert.deepEqual(git.removed, []);
    assert.deepEqual(
      (await tidy.look()).removable.map(({ path, unsaved }) => [path, unsaved]),
      [['/storage/lost', undefined]],
    );
    await tidy.remove(['/storage/lost']);
    assert.deepEqual(git.removed, [{ path: '/storage/lost', keepBranch: false }]);
  });

  it('R12.6 the branch of a loop is the one that was made for it, wherever its agent went', async () => {
    const window = await open();
    const path = await ended(window, 'a');
    git.inStorage = [{ path, changedAt: 0, tree: { commonFolder: '/project/.git', branch: 'loops/other' } }];
    git.unsavedWork = { uncommitted: [], ignored: [], commits: 1 };
    assert.deepEqual(await (await tidyOf(window)).remove([path]), ['loops/a']);
  });

  it('R12.6 one that cannot be removed keeps none of the others, and says why', async () => {
    const window = await open();
    const paths = [await ended(window, 'a'), await ended(window, 'b')];
    git.onRemove = async (path) => {
      if (path === paths[0]) throw new Error('in the way');
    };
    await assert.rejects((await tidyOf(window)).remove(paths), /in the way/);
    assert.deepEqual(git.removed, [{ path: paths[1], keepBranch: false }]);
  });

  for (const [commits, branch] of [
    [2, 'loops/a'],
    [0, undefined],
  ] as const)
    it(`R12.6 a loop whose work tree is gone is settled, with ${commits} commits on its branch`, async () => {
      const gone = new Set<string>();
      const look = (path: string): Look => (gone.has(path) ? GONE : there(path));
      const window = await machine.open({}, { workTrees: git, look });
      const path = await ended(window, 'a');
      git.unsavedWork = { uncommitted: [], ignored: [], commits };
      const tidy = await tidyOf(window);
      await tidy.tidy();
      assert.deepEqual(git.removed, [], 'it is there');
      git.inStorage = [];
      gone.add(path);
      await tidy.tidy();
      await tidy.tidy();
      assert.deepEqual(git.removed, [{ path, keepBranch: commits > 0 }], 'once');
      const { outcome, made } = (await window.get('a'))?.loop.workTree ?? {};
      assert.deepEqual([outcome?.how, outcome?.branch, made], ['removed', branch, undefined]);
    });

  it('R12.6 one that cannot be looked at is not taken for gone', async () => {
    const look = (path: string): Look => (path.startsWith('/storage') ? unknown('no descriptors') : there(path));
    const window = await machine.open({}, { workTrees: git });
    const path = await ended(window, 'a');
    machine.kill(window);
    const next = await machine.open({}, { workTrees: git, look });
    git.inStorage = [];
    await (await tidyOf(next)).tidy();
    assert.deepEqual([git.removed, (await next.get('a'))?.loop.workTree?.made?.path], [[], path]);
  });
});
