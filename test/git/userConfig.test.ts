import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };
/** What users set for themselves, and what would change what Git prints to us, or does for us. */
const OF_THE_USER = {
  ...{ 'color.ui': 'always', 'color.diff': 'always', 'color.status': 'always' },
  ...{ 'status.showUntrackedFiles': 'no', 'status.renames': 'copies', 'core.ignoreStat': 'true' },
  ...{ 'diff.noprefix': 'true', 'diff.mnemonicPrefix': 'true', 'diff.context': '0', 'diff.interHunkContext': '9' },
  ...{ 'diff.submodule': 'log', 'diff.renames': 'copies', 'diff.relative': 'true' },
  ...{ 'apply.whitespace': 'fix', 'apply.ignoreWhitespace': 'change', 'merge.ff': 'false', 'merge.log': '20' },
  ...{ 'core.safecrlf': 'true', 'core.splitIndex': 'true', 'submodule.recurse': 'true', 'core.quotePath': 'true' },
};
const ORIGINAL = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n';

describe('with what a user has set for Git', () => {
  let bench: GitBench;
  beforeEach(() => {
    bench = new GitBench();
    bench.commit({ 'a.txt': ORIGINAL, 'ends in spaces.txt': 'b  \n\n\n' });
    const sections = Object.entries(OF_THE_USER).map(([name, value]) => {
      const [section, key] = name.split('.');
      return `[${section}]\n\t${key} = ${value}\n`;
    });
    writeFileSync(join(bench.home, '.gitconfig'), sections.join(''));
    Object.assign(bench.env, { GIT_DIFF_OPTS: '-u0', GIT_ICASE_PATHSPECS: '1' });
  });
  afterEach(() => bench.dispose());
  const contents = (folder: string, ...paths: string[]) =>
    paths.map((path) => readFileSync(join(folder, path), 'utf8'));

  it('R12.2 a work tree takes uncommitted changes along', async () => {
    bench.write({ 'a.txt': ORIGINAL.replace('two', 'TWO  '), 'mine.txt': 'm \n' });
    const { commit } = await bench.trees.snapshot(bench.root, '1/1');
    const tree = await bench.trees.create(bench.request('loop-1', { carry: commit }));
    assert.deepEqual(contents(tree.path, 'a.txt', 'mine.txt'), contents(bench.root, 'a.txt', 'mine.txt'));
  });

  for (const way of ['merge', 'squash', 'apply'] as const)
    it(`R12.3 R12.4 what a loop has changed is shown and comes home (${way})`, async () => {
      const tree = await bench.trees.create(bench.request());
      const before = await bench.trees.snapshot(tree.path, '1/1');
      bench.write({ 'new/file.txt': 'new  \n\n' }, tree.path);
      assert.deepEqual(await bench.trees.preview(bench.root, tree, way, LOOP), { kind: 'clean' });
      bench.write({ 'a.txt': ORIGINAL.replace('five', 'FIVE\t'), 'ends in spaces.txt': 'b  \n\nB\n' }, tree.path);
      const after = await bench.trees.snapshot(tree.path, '1/2');
      const changed = await bench.trees.changes(join(bench.root, '.git'), before.commit, after.commit);
      const paths = ['a.txt', 'ends in spaces.txt', 'new/file.txt'];
      assert.deepEqual(changed.map(({ path }) => path).sort(), paths);
      assert.equal((await bench.trees.bringHome(bench.root, tree, way, LOOP)).kind, 'done');
      assert.deepEqual(contents(bench.root, ...paths), contents(tree.path, ...paths));
    });
});
