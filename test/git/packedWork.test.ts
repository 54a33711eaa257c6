import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedWork, WorkTree } from '../../src/core/ports/workTrees.ts';
import { GitBench } from './support.ts';

const LIMITS = { most: 10_000_000, pieceBytes: 256 };
const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };

describe('work that goes from one machine to another', () => {
  let bench: GitBench;
  let laptop: string;
  let tree: WorkTree;
  let path: string;

  beforeEach(async () => {
    bench = new GitBench();
    bench.commit({ 'a.txt': 'one\n', 'pkg/b.txt': 'b\n' });
    laptop = join(bench.home, 'laptop');
    bench.git('clone', '--quiet', bench.root, laptop);
    tree = await bench.trees.create(bench.request());
    path = join(bench.storage, 'worktrees', 'here');
  });
  afterEach(() => bench.dispose());

  const there = (...args: string[]) => bench.git('-C', tree.path, ...args);
  const here = (...args: string[]) => bench.git('-C', laptop, ...args);

  async function* piecesOf(packed: PackedWork, change = (piece: string) => piece) {
    for (let n = 0; n < packed.pieces; n++) yield change(await packed.piece(n));
  }

  /** Packs what is in the work tree, and takes it into the clone on the laptop. */
  async function send(change?: (piece: string) => string): Promise<PackedWork> {
    const packed = await bench.trees.pack(tree, LOOP, LIMITS);
    const { tip, digest } = packed;
    const { branch } = tree;
    try {
      await bench.trees.unpack(laptop, { branch, path, tip, digest }, piecesOf(packed, change));
    } finally {
      await packed.dispose();
    }
    return packed;
  }

  it('R16.7 comes in pieces, with what was not committed, as a branch of its own, and nothing else changes', async () => {
    bench.write({ 'new.txt': 'x'.repeat(100) + Math.E }, tree.path);
    there('add', '--all');
    there('commit', '--quiet', '-m', 'Work');
    bench.write({ 'pkg/b.txt': 'changed\n' }, tree.path);
    const refs = () => here('for-each-ref', '--format=%(refname) %(objectname)');
    const [before, head] = [refs(), here('rev-parse', 'HEAD')];
    const packed = await send();
    assert.ok(packed.pieces > 1, String(packed.pieces));
    assert.equal(here('show', `${tree.branch}:pkg/b.txt`), 'changed');
    assert.match(here('log', '-1', '--format=%B', tree.branch), /^Fix the build\n\nLoop-Id: loop-1/);
    here('update-ref', '-d', `refs/heads/${tree.branch}`);
    assert.deepEqual([refs(), here('rev-parse', 'HEAD'), here('status', '--porcelain')], [before, head, '']);
    assert.deepEqual(readdirSync(join(bench.storage, 'transfers')), []);
  });

  it('R16.7 a work tree can be made of it, and follows later work', async () => {
    bench.write({ 'new.txt': 'one\n' }, tree.path);
    await send();
    const { base, branch } = tree;
    const copy = await bench.trees.create({ ...LOOP, cwd: laptop, prefix: '', base, path, branch });
    assert.equal(copy.branch, branch);
    assert.equal(readFileSync(join(path, 'new.txt'), 'utf8'), 'one\n');
    bench.write({ 'new.txt': 'two\n' }, tree.path);
    await send();
    assert.equal(readFileSync(join(path, 'new.txt'), 'utf8'), 'two\n');
    const result = await bench.trees.bringHome(laptop, copy, 'merge', LOOP);
    assert.deepEqual([result.kind, readFileSync(join(laptop, 'new.txt'), 'utf8')], ['done', 'two\n']);
  });

  it('R16.7 does not overwrite changes in that work tree, or a branch with other commits', async () => {
    bench.write({ 'new.txt': 'one\n' }, tree.path);
    await send();
    const { base, branch } = tree;
    await bench.trees.create({ ...LOOP, cwd: laptop, prefix: '', base, path, branch });
    writeFileSync(join(path, 'new.txt'), 'mine\n');
    bench.write({ 'new.txt': 'two\n' }, tree.path);
    await assert.rejects(send(), /new\.txt Please commit your changes or stash them/);
    assert.equal(readFileSync(join(path, 'new.txt'), 'utf8'), 'mine\n');
    bench.git('-C', path, 'commit', '--quiet', '--all', '-m', 'Mine');
    await assert.rejects(send(), /has a branch loops\/\S+ with other commits: rename or delete it there/);
    here('worktree', 'remove', '--force', '--force', path);
    here('branch', '--quiet', '--force', branch, 'main');
    here('checkout', '--quiet', branch);
    await assert.rejects(send(), /is checked out in .*laptop: check out another one there first/);
    assert.equal(existsSync(join(laptop, 'new.txt')), false);
  });

  it('R16.7 is refused if it is not what was sent, or names anything but a branch of a loop', async () => {
    bench.write({ 'new.txt': 'one\n' }, tree.path);
    await assert.rejects(
      send((piece) => `A${piece.slice(1)}`),
      /what came is not what was sent/,
    );
    const packed = await bench.trees.pack(tree, LOOP, LIMITS);
    const { tip, digest } = packed;
    for (const [branch, commit] of [
      ['main', tip],
      ['loops/../main', tip],
      [tree.branch, '--upload-pack=x'],
    ] as const) {
      const work = { branch, path, tip: commit, digest };
      await assert.rejects(bench.trees.unpack(laptop, work, piecesOf(packed)), /names no branch of a loop/);
    }
    const other = { branch: tree.branch, path, tip: tree.base, digest };
    await assert.rejects(bench.trees.unpack(laptop, other, piecesOf(packed)), /what came is not what was sent/);
    await packed.dispose();
    assert.equal(here('branch', '--list', 'loops/*'), '');
  });

  it('R16.7 is not packed where there is nothing, too much, or a merge that is half done', async () => {
    await assert.rejects(bench.trees.pack(tree, LOOP, LIMITS), /it has changed nothing/);
    bench.write({ 'new.txt': 'one\n' }, tree.path);
    const little = { ...LIMITS, most: 100 };
    await assert.rejects(bench.trees.pack(tree, LOOP, little), /takes 1 MB, more than .* push its branch there/);
    writeFileSync(join(there('rev-parse', '--absolute-git-dir'), 'MERGE_HEAD'), `${tree.base}\n`);
    await assert.rejects(bench.trees.pack(tree, LOOP, LIMITS), /left a merge half done/);
    assert.deepEqual(readdirSync(join(bench.storage, 'transfers')), []);
  });

  it('R16.7 objects that Git would refuse are kept out', async () => {
    bench.write({ 'new.txt': 'one\n' }, tree.path);
    const packed = await bench.trees.pack(tree, LOOP, LIMITS);
    await packed.dispose();
    // A tree with an entry that would be written into the Git folder.
    const blob = there('hash-object', '-w', 'new.txt');
    const entry = `100644 blob ${blob}\t.git`;
    const bad = bench.make(['mktree', '--missing'], `${entry}\n`, tree.path);
    const commit = there('commit-tree', bad, '-p', 'HEAD', '-m', 'Bad');
    there('update-ref', `refs/heads/${tree.branch}`, commit);
    there('read-tree', '--empty');
    await assert.rejects(send(), /fsck|hasDotgit|contains/i);
    assert.equal(here('branch', '--list', 'loops/*'), '');
  });
});
