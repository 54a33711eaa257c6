import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryKills } from '../../src/process/guardian/memoryKills.ts';
import { RunHarness } from './support/runHarness.ts';

describe('Kills for want of memory (B11)', () => {
  const files = new Map<string, string>();
  const kills = () => new MemoryKills(7, (path) => files.get(path));

  beforeEach(() => {
    files.clear();
    files.set('/proc/vmstat', 'nr_free_pages 5\noom_kill 3\n');
    files.set('/proc/7/cgroup', '4:cpu,memory:/user/a\n0::/user.slice/app.scope\n');
    files.set('/sys/fs/cgroup/user.slice/app.scope/memory.events', 'low 0\noom 0\noom_kill 0\noom_group_kill 0\n');
    files.set('/sys/fs/cgroup/memory/user/a/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n');
  });

  for (const [what, path, text] of [
    ['the machine', '/proc/vmstat', 'oom_kill 4'],
    ['its control group', '/sys/fs/cgroup/user.slice/app.scope/memory.events', 'oom 1\noom_kill 1'],
    ['its control group of version 1', '/sys/fs/cgroup/memory/user/a/memory.oom_control', 'oom_kill 3'],
  ] as const) {
    it(`R5.7 are known by the counter of ${what}`, () => {
      const seen = kills();
      seen.sample(0);
      assert.equal(seen.haveCome(10_000), false);
      files.set(path, text);
      assert.equal(seen.haveCome(10_000), true);
      // The sample may have come between the kill and the news of it.
      seen.sample(10_000);
      assert.equal(seen.haveCome(10_100), true);
      // That was long ago.
      seen.sample(20_000);
      assert.equal(seen.haveCome(30_000), false);
    });
  }

  it('R5.7 are not known where there are no counters', () => {
    files.clear();
    const seen = kills();
    seen.sample(0);
    assert.equal(seen.haveCome(5_000), false);
  });

  describe('of real agents', () => {
    let harness: RunHarness;

    beforeEach(async () => {
      harness = await RunHarness.create();
    });

    afterEach(() => harness.dispose());

    it('R13.2 agents are a better choice than guardians, and guardians than who started them', async () => {
      const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
      const { told } = harness.launch('/bin/sh', ['-c', 'cat /proc/self/oom_score_adj; read line']);
      const { guardian } = await told.whenStarted;
      const ofGuardian = Number(readFileSync(`/proc/${guardian?.pid}/oom_score_adj`, 'utf8'));
      await told.whenEnded;
      assert.deepEqual([ofGuardian, Number(told.texts[0])], [Math.min(own + 100, 1_000), Math.min(own + 200, 1_000)]);
    });

    it('R5.7 a kill from outside is none', async () => {
      const end = await harness.launch('/bin/sh', ['-c', 'sleep 0.5; kill -KILL $$']).told.whenEnded;
      assert.deepEqual([end.exit, end.trouble], [{ signal: 'SIGKILL' }, undefined]);
    });

    it('R5.7 one of a real control group is reported as what it is', async function () {
      const group = `/sys/fs/cgroup/memory/loop-supervisor-${process.pid}`;
      try {
        mkdirSync(group);
        writeFileSync(join(group, 'memory.limit_in_bytes'), '80000000');
      } catch {
        // Only root, and only with control groups of version 1.
        this.skip();
      }
      const eat = 'const all = []; for (;;) all.push(Buffer.alloc(5e6, 1))';
      const { told } = harness.launch('/bin/sh', [
        '-c',
        `echo $$ > ${group}/cgroup.procs; exec '${process.execPath}' -e '${eat}'`,
      ]);
      const end = await told.whenEnded;
      rmdirSync(group);
      assert.deepEqual([end.exit, end.trouble], [{ signal: 'SIGKILL' }, 'memory']);
      assert.match(end.error ?? '', /ran out of memory/);
    });
  });
});
