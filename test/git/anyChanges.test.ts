import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { GitBench } from './support.ts';

const LOOP = { seq: 1, loopId: 'loop-1', title: 'Fix the build' };
const PATHS = ['a.txt', 'b.txt', 'd/e.txt', 'd/f.txt', 'g', 'h i.txt', 'n\nl.txt', ':(glob)x'];
const path = fc.constantFrom(...PATHS);
/** Mostly of one length: a file that keeps its size is the one that Git may miss. */
const text = fc.stringMatching(/^[a-z]{3}\n$/);

/** What an agent may do to a folder. */
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), path, text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('write' as const), path, text: fc.constant('longer\n') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('run' as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('link' as const), path, text }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('folder' as const), path: fc.constantFrom('a.txt', 'g'), text }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('linkFolder' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stage' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
);
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;
const changes = fc.array(change, { minLength: 1, maxLength: 6 });

function play(bench: GitBench, root: string, todo: readonly Change[]): void {
  for (const next of todo) {
    const at = 'path' in next ? join(root, next.path) : join(root, 'd');
    if (next.do === 'stage' || next.do === 'commit') bench.git('-C', root, 'add', '--all');
    else if (next.do !== 'run' && !isFile(at)) rmSync(at, { recursive: true, force: true });
    if (next.do === 'commit') bench.git('-C', root, 'commit', '--quiet', '--allow-empty', '-m', 'Of the agent');
    if (next.do === 'write' && isFolder(dirname(at))) bench.write({ [next.path]: next.text }, root);
    if (next.do === 'remove') rmSync(at, { force: true });
    if (next.do === 'run' && isFile(at)) chmodSync(at, 0o755);
    if (next.do === 'link' && isFolder(dirname(at))) {
      rmSync(at, { force: true });
      symlinkSync(next.text.trim(), at);
    }
    if (next.do === 'folder') {
      rmSync(at, { force: true });
      mkdirSync(at);
      bench.write({ [`${next.path}/in.txt`]: next.text }, root);
    }
    if (next.do === 'linkFolder') symlinkSync('.', at);
  }
}

const isFile = (at: string) => lstatSync(at, { throwIfNoEntry: false })?.isFile() ?? false;
const isFolder = (at: string) => lstatSync(at, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** All files below a folder as Git keeps them: content, whether they can be run, where links lead. */
function filesIn(root: string, below = ''): { [path: string]: string } {
  const found: { [path: string]: string } = {};
  for (const name of readdirSync(join(root, below))) {
    const inRoot = join(below, name);
    const facts = lstatSync(join(root, inRoot));
    if (name === '.git') continue;
    if (facts.isDirectory()) Object.assign(found, filesIn(root, inRoot));
    else if (facts.isSymbolicLink()) found[inRoot] = `to ${readlinkSync(join(root, inRoot))}`;
    else found[inRoot] = `${facts.mode & 0o100 ? 'runs' : 'file'} ${readFileSync(join(root, inRoot), 'utf8')}`;
  }
  return found;
}

describe('whatever an agent does to its files', () => {
  const numRuns = 2;

  /** Plays courses, each in a repository of its own. */
  async function eachCourse(course: (bench: GitBench, first: Change[], then: Change[]) => Promise<void>) {
    const inBench = async (first: Change[], then: Change[]) => {
      const bench = new GitBench();
      try {
        bench.commit(Object.fromEntries(PATHS.map((name) => [name, 'old\n'])));
        await course(bench, first, then);
      } finally {
        bench.dispose();
      }
    };
    await fc.assert(fc.asyncProperty(changes, changes, inBench), { numRuns, endOnFailure: true });
  }

  for (const way of ['merge', 'squash', 'apply'] as const)
    it(`R12.3 R12.4 a snapshot has it, goes back to it, and it comes home (${way})`, async () => {
      await eachCourse(async (bench, first, then) => {
        const tree = await bench.trees.create(bench.request());
        play(bench, tree.path, first);
        const before = filesIn(tree.path);
        const { commit } = await bench.trees.snapshot(tree.path, '1/1');
        play(bench, tree.path, then);
        const after = filesIn(tree.path);
        const later = await bench.trees.snapshot(tree.path, '1/2');
        await bench.trees.restore(tree, commit);
        assert.deepEqual(filesIn(tree.path), before);
        await bench.trees.restore(tree, later.commit);
        assert.deepEqual(filesIn(tree.path), after);
        const { kind } = await bench.trees.bringHome(bench.root, tree, way, LOOP);
        assert.match(kind, /^(done|nothing)$/);
        assert.deepEqual(filesIn(bench.root), after);
      });
    });

  it('R12.1 a work tree takes it along where it is the user’s and uncommitted', async () => {
    await eachCourse(async (bench, first, then) => {
      const uncommitted = [...first, ...then].filter(({ do: what }) => what !== 'commit');
      play(bench, bench.root, uncommitted);
      const mine = filesIn(bench.root);
      const { commit } = await bench.trees.snapshot(bench.root, '1/1');
      const tree = await bench.trees.create(bench.request('loop-1', { carry: commit }));
      assert.deepEqual(filesIn(tree.path), mine);
      assert.deepEqual(filesIn(bench.root), mine);
    });
  });
});
