import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers } from '../../src/process/tables/workers.ts';
import { hand, median } from './support/figures.ts';

/**
 * What work trees and snapshots cost over what Git itself does for them (R12): making a work tree against `git worktree
 * add`, a snapshot of an unchanged tree against `git status`. Both are measured by turns, since a machine is not
 * equally fast all the time.
 */
const TURNS = 5;
const MADE_FILES = 10_000;
const SNAPSHOT_FILES = 50_000;
const CHANGED_FILES = 200;
/** Of a multi-file diff, before anybody scrolls. */
const SHOWN_FILES = 10;
const FILES_A_FOLDER = 100;

const home = realpathSync(mkdtempSync(join(tmpdir(), 'loop-bench-git-')));
const env = {
  ...process.env,
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@b',
};
const trees = createWorkTrees({
  processes: createWorkers(),
  storage: join(home, 'storage'),
  environment: async () => env as Record<string, string>,
});

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', ...args], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1e9,
  }).trim();
}

function repository(name: string, files: number): string {
  const root = join(home, name);
  for (let n = 0; n < files; n++) write(root, n, `file ${n}\n`.repeat(20));
  git(root, 'init', '--quiet', '--initial-branch=main');
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '-m', 'Begin');
  git(root, 'gc', '--quiet');
  return root;
}

function write(root: string, n: number, text: string): void {
  const path = join(root, `folder-${Math.floor(n / FILES_A_FOLDER)}`, `file-${n}.txt`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function timed(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function makingOne() {
  const root = repository('made', MADE_FILES);
  const base = git(root, 'rev-parse', 'HEAD');
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const plain = join(home, `plain-${turn}`);
    bare.push(await timed(() => git(root, 'worktree', 'add', '--quiet', '-b', `plain-${turn}`, plain, base)));
    const request = { loopId: `loop-${turn}`, title: 'Bench', cwd: root, base };
    ours.push(await timed(() => trees.create({ ...request, path: join(home, 'trees', String(turn)) })));
  }
  return { ours, bare };
}

async function snapshots() {
  const root = repository('large', SNAPSHOT_FILES);
  git(root, 'status');
  await trees.snapshot(root, '1/0');
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    bare.push(await timed(() => git(root, 'status', '--porcelain')));
    ours.push(await timed(() => trees.snapshot(root, `1/${turn}`)));
  }
  const before = await trees.snapshot(root, '2/1');
  for (let n = 0; n < CHANGED_FILES; n++) write(root, n * 7, `changed ${n}\n`);
  const after = await trees.snapshot(root, '2/2');
  const review = await timed(async () => {
    const files = await trees.changes(before.commonFolder, before.commit, after.commit);
    if (files.length !== CHANGED_FILES) throw new Error(`${files.length} files differ.`);
    // What the diff editor reads for its first screen.
    const commits = [before.commit, after.commit];
    const shown = files.slice(0, SHOWN_FILES).flatMap(({ path }) => commits.map((commit) => ({ path, commit })));
    await Promise.all(shown.map(({ path, commit }) => trees.read(before.commonFolder, commit, path)));
  });
  const [store = ''] = readdirSync(join(home, 'storage', 'snapshots')).filter((name) => name.startsWith('large-'));
  const borrowing = join(home, 'storage', 'snapshots', store);
  const bareReview = await timed(() => {
    git(borrowing, 'diff', '--name-status', before.commit, after.commit);
    for (let n = 0; n < SHOWN_FILES; n++)
      for (const commit of [before.commit, after.commit])
        git(borrowing, 'show', `${commit}:folder-${Math.floor((n * 7) / FILES_A_FOLDER)}/file-${n * 7}.txt`);
  });
  return { ours, bare, review, bareReview };
}

try {
  const made = await makingOne();
  const taken = await snapshots();
  hand({
    bench: 'Work trees and snapshots',
    figures: [
      {
        what: `a work tree of ${MADE_FILES.toLocaleString('en-US')} files`,
        ...{ value: median(made.ours), unit: 'ms', goalRatio: 1.2 },
        baseline: { what: 'git worktree add', value: median(made.bare) },
      },
      {
        what: `a snapshot of an unchanged tree of ${SNAPSHOT_FILES.toLocaleString('en-US')} files`,
        ...{ value: median(taken.ours), unit: 'ms', goalRatio: 1.5 },
        baseline: { what: 'git status', value: median(taken.bare) },
      },
      {
        what: `a review of ${CHANGED_FILES} changed files`,
        ...{ value: taken.review, unit: 'ms', goalRatio: 1.5 },
        baseline: { what: 'git diff, and git show of what is shown', value: taken.bareReview },
      },
    ],
  });
} finally {
  rmSync(home, { recursive: true, force: true });
}
