import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledGuardian } from '../support/bundledGuardian.ts';
import { endMarked, markedProcesses, stillLives } from '../support/markedProcesses.ts';
import { stays, until } from '../support/until.ts';
import { HostProcess } from './hostProcess.ts';

/**
 * Two hosts on one storage folder that cannot see each other's processes, or take them for those of another boot (A8).
 */
describe('Hosts of other machines and containers on one storage', () => {
  const prefix = `foreign-${process.pid}-`;
  let storage: string;
  let boot: string;
  let hosts: HostProcess[];

  before(function () {
    const tried = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']);
    if (tried.status !== 0) this.skip();
  });

  beforeEach(() => {
    storage = mkdtempSync(join(tmpdir(), 'loop-supervisor-foreign-'));
    boot = join(storage, 'boot');
    writeFileSync(boot, '11111111-2222-3333-4444-555555555555\n');
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) await host.kill();
    endMarked(prefix);
    rmSync(storage, { recursive: true, force: true, maxRetries: 5 });
  });

  const SURROUNDINGS: readonly (readonly [string, () => readonly string[]])[] = [
    [
      'another boot',
      () => [
        ...['unshare', '--mount', '--kill-child', '--fork', 'sh', '-c'],
        ...[`mount --bind "${boot}" /proc/sys/kernel/random/boot_id && exec "$0" "$@"`],
      ],
    ],
    ['another pid namespace', () => ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']],
  ];

  async function open(within: readonly string[] = []): Promise<HostProcess> {
    const options = { storage, guardianProgram: await bundledGuardian(), settings: { maxConcurrent: 2 } };
    const host = new HostProcess(options, undefined, within);
    hosts.push(host);
    await host.ready();
    return host;
  }

  const work = JSON.stringify({ steps: 10_000, stepMs: 100, cost: 1, child: false });
  const attempts = () =>
    new Set(
      markedProcesses(prefix)
        .filter(stillLives)
        .map(({ attempt }) => attempt),
    );

  for (const [what, within] of SURROUNDINGS) {
    it(`R16.5 neither takes the other for dead: ${what}`, async () => {
      const first = await open();
      await first.ask({ do: 'submit', loopId: `${prefix}a`, prompt: work });
      await until('its agent', () => attempts().size === 1);
      const windows = readdirSync(join(storage, 'windows'));
      const second = await open(within());
      assert.match(second.log, /another machine or container/i);
      await stays(
        () => assert.deepEqual(readdirSync(join(storage, 'windows')), windows, 'its window is still there'),
        2_000,
      );
      assert.equal(attempts().size, 1, 'one agent');
      assert.equal(
        await second.ask({ do: 'state', loopId: `${prefix}a` }),
        undefined,
        'and it is not the loop of both',
      );
      assert.equal(await first.ask({ do: 'state', loopId: `${prefix}a` }), 'running');
      await second.ask({ do: 'submit', loopId: `${prefix}b`, prompt: work });
      await until(
        'an agent of its own',
        async () => (await second.ask({ do: 'state', loopId: `${prefix}b` })) === 'running',
      );
      await second.ask({ do: 'cancel', loopId: `${prefix}b` });
      await first.ask({ do: 'cancel', loopId: `${prefix}a` });
      await until('both to be gone', () => attempts().size === 0);
    });
  }

  it('R16.5 a store whose hosts are gone is adopted; a run that nobody can see starts no second agent', async () => {
    const [, within] = SURROUNDINGS[1] as (typeof SURROUNDINGS)[number];
    const first = await open();
    await first.ask({ do: 'submit', loopId: `${prefix}a`, prompt: work });
    await until('its agent', () => attempts().size === 1);
    await first.kill();
    const second = await open(within());
    await until(
      'the loop to be known',
      async () => (await second.ask({ do: 'state', loopId: `${prefix}a` })) === 'running',
    );
    await stays(async () => {
      assert.equal(await second.ask({ do: 'state', loopId: `${prefix}a` }), 'running');
      assert.equal(attempts().size, 1);
    }, 12_000);
    await second.kill();
    const third = await open();
    await third.ask({ do: 'cancel', loopId: `${prefix}a` });
    await until('it to be gone', () => attempts().size === 0);
  });
});
