import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFiles } from '../../src/process/runFolder/runFiles.ts';
import { HostError, HostProcess } from '../chaos/hostProcess.ts';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { until } from '../support/until.ts';

/** All files and folders below a folder, it included. */
function below(folder: string): string[] {
  return [folder, ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))];
}

describe('What lies on the disk', () => {
  const SECRET = 'sk-that-nobody-may-find-7f3a91';
  const HOSTILE = [
    '../x',
    '..',
    '../../etc/passwd',
    '/etc/passwd',
    'a/b',
    'a\\b',
    'C:x\\y',
    'x\0y',
    '',
    'x\n',
    'x'.repeat(129),
    '%2e%2e',
    'é',
  ];
  let storage: string;
  let host: HostProcess;

  before(async () => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-security-'));
    // The window has a secret in its environment, as after `export ANTHROPIC_API_KEY=…`; it passes it on to guardian
    // and agent.
    process.env['LOOP_TEST_API_KEY'] = SECRET;
    const guardianProgram = await bundledGuardian();
    host = new HostProcess({ storage: join(storage, 'global'), guardianProgram, settings: { killGraceMs: 200 } });
    delete process.env['LOOP_TEST_API_KEY'];
    await host.ready();
    await host.ask({
      do: 'submit',
      loopId: 'kept',
      prompt: JSON.stringify({ steps: 2, stepMs: 5, cost: 7, child: false }),
    });
    await until(
      'the loop to be done',
      async () => (await host.ask<string>({ do: 'state', loopId: 'kept' })) === 'completed',
    );
  });

  after(async () => {
    await host?.kill();
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  it('R8.1 run folders, logs and the database are the owner’s alone: 0700 and 0600', () => {
    const loose = below(join(storage, 'global')).filter((path) => {
      const stat = lstatSync(path);
      return (stat.mode & 0o777) !== (stat.isDirectory() ? 0o700 : 0o600);
    });
    assert.deepEqual(
      loose.map((path) => `${path} ${(statSync(path).mode & 0o777).toString(8)}`),
      [],
    );
    assert.ok(
      below(join(storage, 'global')).some((path) => path.endsWith('stdout.log')),
      'there is a log',
    );
  });

  it('R8.1 no secret of the environment is in the database, a log or a run folder', () => {
    const files = below(join(storage, 'global')).filter((path) => lstatSync(path).isFile());
    assert.ok(files.length >= 8, `only ${files.length} files were looked at`);
    assert.deepEqual(
      files.filter((path) => readFileSync(path).includes(SECRET)),
      [],
    );
    assert.ok(!host.log.includes(SECRET));
  });

  it('R1.3 an id that leads out of a folder is refused, and makes no file', async () => {
    for (const loopId of HOSTILE.filter((id) => id !== '..')) {
      const refusal = await host.ask({ do: 'submit', loopId, prompt: 'x' }).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(refusal instanceof HostError && refusal.code === 'invalid-loop', `${JSON.stringify(loopId)} was taken`);
    }
    assert.deepEqual(readdirSync(storage), ['global']);
  });

  it('R1.3 a run is named by its token alone, never by an id: `..` as an id stays in its own folder', async () => {
    // Two dots are letters of an id by R1.3; they must not become a path.
    for (const loopId of ['..', '..x', 'a..b', '.hidden', '-rf', 'CON', 'a:b']) {
      await host.ask({ do: 'submit', loopId, prompt: JSON.stringify({ steps: 1, stepMs: 1, cost: 1, child: false }) });
      await until(
        `${loopId} to be done`,
        async () => (await host.ask<string>({ do: 'state', loopId })) === 'completed',
      );
    }
    const runs = readdirSync(join(storage, 'global', 'runs'));
    assert.ok(runs.length >= 8 && runs.every((name) => /^\d+-\d+-[0-9a-f]+$/.test(name)), runs.join());
    assert.deepEqual(readdirSync(storage), ['global']);
  });

  it('R8.1 a crafted token, as from a spoilt database, has no folder', () => {
    for (const token of HOSTILE) assert.throws(() => runFiles('/runs', token), RangeError, JSON.stringify(token));
    assert.equal(runFiles('/runs', '1-2-abcdef').folder, join('/runs', '1-2-abcdef'));
  });
});
