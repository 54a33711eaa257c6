import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cgroup } from '../../src/process/contain/cgroup.ts';
import type { FoundContainment } from '../../src/process/contain/findContainment.ts';
import { makeRunGroup } from '../../src/process/contain/runGroup.ts';
import { memoryOf } from '../../src/process/tables/memoryUse.ts';
import { containmentOf } from '../support/containmentOf.ts';
import { until } from '../support/until.ts';
import { lives, program, RunHarness } from './support/runHarness.ts';

const MEBIBYTE = 2 ** 20;
const LIMIT = 200 * MEBIBYTE;
const hold = (first: number, more = 0): [string, string[]] => [
  process.execPath,
  [program('holdMemory.mjs'), String(first), String(more)],
];
const trial = makeRunGroup(`trial-${process.pid}`, () => {});
trial?.remove();

describe('A limit of memory', () => {
  let harness: RunHarness;

  before(async function () {
    if (process.platform !== 'linux') return this.skip();
    harness = await RunHarness.create();
  });
  after(() => harness?.dispose());

  const contained: Readonly<Record<string, () => Promise<FoundContainment | undefined>>> = {
    'a control group': () => containmentOf('cgroup'),
    'a subreaper': () => containmentOf('subreaper'),
    search: () => containmentOf('search'),
  };

  for (const [what, find] of Object.entries(contained)) {
    it(`R13.2 ends a loop that passes it, as what it is, and no other: ${what}`, async function () {
      const found = await find();
      if (!found) return this.skip();
      harness.launcher.dispose();
      harness.launcher = harness.newLauncher({ containment: async () => found });
      const limited = { limits: { maxMemoryBytes: LIMIT } };
      const others = [
        harness.launch(...hold(20), limited),
        harness.launch(...hold(40), limited),
        harness.launch(...hold(250)),
      ];
      // The memory is that of a child, as agents have tools.
      const script = `"${process.execPath}" "${program('holdMemory.mjs')}" 20 20; exit 0`;
      const large = harness.launch('/bin/sh', ['-c', script], limited);
      const end = await large.told.whenEnded;
      assert.deepEqual(
        [end.trouble, end.stoppedBy, end.exit.signal, end.remaining],
        ['memory', undefined, 'SIGKILL', []],
      );
      assert.match(end.error ?? '', /more than limits\.memoryMegabytes allows \(200 MB\)/);
      assert.ok((end.peakMemoryBytes ?? 0) > LIMIT, String(end.peakMemoryBytes));
      for (const { told, run } of others) {
        const { guardian, leader } = await told.whenStarted;
        assert.ok(lives(leader.pid) && lives(guardian?.pid as number));
        run.stop('user', 100);
        await told.whenEnded;
      }
    });
  }

  it('R13.2 what runs hold is known by their containment or their tree, and is what they took', async () => {
    const runs = [harness.launch(...hold(60)), harness.launch(...hold(150))];
    const known = [];
    for (const { told, token } of runs) {
      await until('it holds its memory', () => told.texts.includes('held'));
      known.push({ token, leader: (await told.whenStarted).leader });
    }
    const held = await harness.launcher.memoryOf([...known, { token: 'never' }]);
    const [first = 0, second = 0] = known.map(({ token }) => held.get(token));
    assert.equal(held.size, 2);
    assert.ok(first > 60 * MEBIBYTE && first < 140 * MEBIBYTE, `${first}`);
    assert.ok(second - first > 60 * MEBIBYTE && second - first < 120 * MEBIBYTE, `${second - first}`);
    for (const { run, told } of runs) {
      run.stop('user', 100);
      await told.whenEnded;
    }
  });
});

describe('The memory of processes', () => {
  it('R13.2 is what is theirs alone, swapped out or not, and the most that one shares', () => {
    const status = (anon: number, shared: number, swap: number) =>
      `Name:\tx\nVmRSS:\t 9 kB\nRssAnon:\t   ${anon} kB\nRssFile:\t 700 kB\nRssShmem:\t  ${shared} kB\nVmSwap:\t ${swap} kB\n`;
    const files = new Map([
      ['/proc/1/status', status(10, 50, 1)],
      ['/proc/2/status', status(20, 60, 2)],
    ]);
    assert.equal(
      memoryOf([1, 2, 3], (path) => files.get(path) ?? ''),
      (10 + 1 + 20 + 2 + 60) * 1024,
    );
  });
});

describe('A control group with a limit of memory', () => {
  it('R13.2 has the kernel end all of it together', () => {
    const own = mkdtempSync(join(tmpdir(), 'loop-supervisor-cgroup-'));
    try {
      const path = join(own, 'loop-supervisor', 'run');
      mkdirSync(path, { recursive: true });
      for (const folder of [own, join(own, 'loop-supervisor')])
        writeFileSync(join(folder, 'cgroup.subtree_control'), '');
      assert.equal(new Cgroup(path, own).limitMemory(1_000), true);
      const written = (file: string) => readFileSync(join(own, file), 'utf8');
      assert.deepEqual(['cgroup.subtree_control', 'loop-supervisor/cgroup.subtree_control'].map(written), [
        '+memory',
        '+memory',
      ]);
      const run = 'loop-supervisor/run';
      assert.deepEqual([written(`${run}/memory.max`), written(`${run}/memory.oom.group`)], ['1000', '1']);
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  it('R13.2 is reported where there can be none', () => {
    assert.equal(new Cgroup('/nowhere/loop-supervisor/run', '/nowhere').limitMemory(1_000), false);
  });

  it('R13.2 does so for real', async function () {
    if (!trial) return this.skip();
    const group = makeRunGroup(`memory-${process.pid}`, () => {}) as Cgroup;
    try {
      // Where version 1 still has the memory, as on hybrid systems, or processes live beside the group, it cannot.
      if (!group.limitMemory(50 * MEBIBYTE)) return this.skip();
      assert.equal(readFileSync(join(group.path, 'memory.max'), 'utf8').trim(), String(50 * MEBIBYTE));
    } finally {
      group.remove();
    }
  });
});
