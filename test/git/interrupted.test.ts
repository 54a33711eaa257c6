import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkTree } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { Interrupter } from './interrupter.ts';
import { filesOf, GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };
const BRANCH = 'loops/fix-the-build-1';

describe('work with Git that is interrupted at each step', () => {
  let bench: GitBench;
  let interrupter: Interrupter;

  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', 'b.txt': 'b\n', '.gitignore': '.env\n', '.worktreeinclude': '.env\n' });
    bench.write({ 'b.txt': 'stashed\n' });
    bench.git('stash', 'push', '--quiet');
    bench.write({ '.env': 'KEY=1\n', 'b.txt': 'mine\n', 'mine.txt': 'not tracked\n' });
    interrupter = new Interrupter(bench);
  });
  afterEach(() => {
    interrupter.dispose();
    bench.dispose();
  });

  const lines = (...args: string[]) =>
    bench
      .git(...args)
      .split('\n')
      .filter(Boolean);
  const branches = () => lines('branch', '--list', '--format=%(refname:short)', 'loops/*');
  const inStorage = () => {
    const folder = join(bench.storage, 'worktrees');
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  it('R12.1 R12.2 R12.6 making a work tree: there is one, whole, and nothing of the user’s is touched', async () => {
    const { commit } = await bench.trees.snapshot(bench.root, 'carry-1/1');
    const request = bench.request('loop-1', { carry: commit });
    // A branch that was removed leaves an empty list of packed ones.
    const isOfTrees = (path: string) =>
      /^\.git\/(packed-refs|worktrees|(logs\/)?refs\/heads\/loops|objects)(\/|$)/.test(path);
    const before = filesOf(bench.root, isOfTrees);
    const check = () => {
      const made = ['a.txt', 'b.txt', 'mine.txt', '.env'].map((name) => readFileSync(join(request.path, name), 'utf8'));
      assert.deepEqual(made, ['one\n', 'mine\n', 'not tracked\n', 'KEY=1\n']);
      assert.deepEqual([lines('worktree', 'list').length, branches(), inStorage()], [2, [BRANCH], ['loop-1']]);
      assert.deepEqual(filesOf(bench.root, isOfTrees), before);
    };
    const note = `${request.path}.at-work`;
    await interrupter.interrupt({ what: 'create', args: [request] }, check, { every: true, note });
  });

  it('R12.3 a snapshot: the next one is whole, and nothing is left of it with its loop', async () => {
    bench.write({ 'a.txt': 'two\n' });
    const before = filesOf(bench.root);
    const check = async () => {
      const trees = createWorkTrees({
        processes: createWorkers(),
        storage: bench.storage,
        environment: async () => bench.env,
      });
      const { commit, commonFolder } = await trees.snapshot(bench.root, '1/2');
      assert.equal(Buffer.from((await trees.read(commonFolder, commit, 'a.txt')) ?? []).toString(), 'two\n');
      assert.deepEqual(filesOf(bench.root), before, 'with index, refs and objects');
      await trees.forgetEverywhere(['1']);
      assert.deepEqual(readdirSync(join(bench.storage, 'snapshots')), []);
    };
    const call = { what: 'snapshot', args: [bench.root, '1/1'] } as const;
    await interrupter.interrupt(call, check, { every: true, during: /^init/ });
  });

  describe('where there is work', () => {
    let tree: WorkTree;
    beforeEach(async () => {
      tree = await bench.trees.create(bench.request());
      bench.write({ 'a.txt': 'two\n', 'new.txt': 'n\n' }, tree.path);
      bench.git('-C', tree.path, 'commit', '--quiet', '--all', '-m', 'Work');
      bench.write({ 'a.txt': 'three\n' }, tree.path);
    });

    for (const way of ['merge', 'squash', 'apply'] as const)
      it(`R12.4 ${way}: the work comes home once, or Git says why not, and the user’s own is as it was`, async () => {
        // What comes first is the same for each way.
        if (way !== 'merge') await bench.trees.commitRest(tree, LOOP, true);
        const check = () => {
          const names = ['a.txt', 'new.txt', 'b.txt', 'mine.txt'];
          const files = names.map((name) => readFileSync(join(bench.root, name), 'utf8'));
          assert.deepEqual(files, ['three\n', 'n\n', 'mine\n', 'not tracked\n']);
          assert.equal(lines('stash', 'list').length, 1);
          const named = (...range: string[]) => lines('log', '--format=%s', '--grep=Loop-Id: loop-1', ...range).length;
          // A host that died between the two steps of a squash leaves it staged, which the next one says.
          const isStaged = way === 'squash' && lines('diff', '--cached', '--name-only').length > 0;
          const home = isStaged ? 0 : { merge: 2, squash: 1, apply: 0 }[way];
          assert.deepEqual([named('main'), named(BRANCH, '^main')], [home, way === 'merge' ? 0 : 1]);
          assert.equal(bench.git('show', `${BRANCH}:a.txt`), 'three', 'and the branch has it');
        };
        const call = { what: 'bringHome', args: [bench.root, tree, way, LOOP] } as const;
        await interrupter.interrupt(call, check, { only: /^(add --all $|(commit|merge|apply) )/ });
      });

    it('R12.6 removing a work tree: it is gone, and so is its branch', async () => {
      const check = () => {
        assert.deepEqual([lines('worktree', 'list').length, inStorage(), branches()], [1, [], []]);
      };
      const call = { what: 'remove', args: [bench.root, tree, false] } as const;
      await interrupter.interrupt(call, check, { every: true });
    });
  });
});
