import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from './support/runHarness.ts';

/** The exit code where this machine lets no systemd run beside the test. */
const IMPOSSIBLE = 77;

describe('Runs beside a systemd of the user', () => {
  it('R13.1 have a scope each: nothing is left in it but what was kept, and that lives on there', function () {
    const isRoot = process.getuid?.() === 0;
    if (!isRoot || !existsSync('/lib/systemd/systemd') || !existsSync('/usr/bin/systemd-run')) return this.skip();
    if (spawnSync('unshare', ['-m', 'true']).status !== 0) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'loop-supervisor-scope-'));
    try {
      const script = fileURLToPath(new URL('support/scopeRuns.ts', import.meta.url));
      const args = ['-m', 'sh', program('userSystemd.sh'), join(folder, 'sockets'), process.execPath, script];
      const { stdout, stderr, status } = spawnSync('unshare', args, { encoding: 'utf8' });
      if (status === IMPOSSIBLE) return this.skip();
      assert.notEqual(stdout, '', stderr);
      const { group, groupOfKept, ...facts } = JSON.parse(stdout) as { group: string; groupOfKept: string };
      assert.deepEqual(facts, {
        ...{ found: 'scope', containment: 'scope', exitCode: 3 },
        ...{ swept: 2, left: 0, remaining: 0, kept: true },
      });
      assert.match(group, /\/loop-supervisor-TOKEN\.scope\/loop-supervisor\/TOKEN$/);
      assert.match(groupOfKept, /\/loop-supervisor-TOKEN\.scope$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
