import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from './support/runHarness.ts';

/** The exit code where this machine lets no systemd run beside the test. */
const IMPOSSIBLE = 77;

describe('Runs and the headless host beside a systemd of the user', () => {
  it('R13.1 R15.1 have a scope each, and so has the headless host: what was kept lives on there, and nothing else', function () {
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
      const { group, groupOfKept, hostGroup, ...facts } = JSON.parse(stdout) as Record<string, string>;
      assert.deepEqual(facts, {
        ...{ found: 'scope', containment: 'scope', exitCode: 3 },
        ...{ swept: 2, left: 0, remaining: 0, kept: true },
        // The next host, this one, and one that was started without a scope.
        survives: ['yes', 'yes', 'perhaps'],
      });
      assert.match(hostGroup ?? '', /\/loop-supervisor-host-[0-9a-f]{12}\.scope$/);
      assert.match(group ?? '', /\/loop-supervisor-TOKEN\.scope\/loop-supervisor\/TOKEN$/);
      assert.match(groupOfKept ?? '', /\/loop-supervisor-TOKEN\.scope$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
