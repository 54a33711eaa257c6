import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isActive } from '../../src/core/model/loop.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { folders } from '../../src/process/runFolder/folders.ts';
import { createInspector } from '../../src/process/tables/processInspector.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { fakeCatalog, fakeProfile } from '../support/harness.ts';
import { until } from '../support/until.ts';
import { lives, program, RunHarness } from './support/runHarness.ts';

const MEBIBYTE = 2 ** 20;

/** Holds as many MB as its prompt says. */
const holder = fakeProfile('holder', {
  needsReading: false,
  plan: ({ prompt }) => ({
    ...{ command: process.execPath, args: [program('holdMemory.mjs'), prompt, '0'], env: {} },
    stopSteps: [{ signal: 'SIGTERM', share: 1 }],
  }),
});

describe('The limit of what all loops hold together', () => {
  let harness: RunHarness;
  let store: Store;
  let supervisor: Supervisor;

  before(async function () {
    if (process.platform !== 'linux') return this.skip();
    harness = await RunHarness.create();
    const log = (message: string) => void harness.logged.push(message);
    store = openStore({ path: join(harness.folder, 'supervisor.db'), clock: systemClock, log });
    let ids = 0;
    supervisor = new Supervisor({
      ...{ store, launcher: harness.launcher, clock: systemClock, log, folders },
      agents: fakeCatalog(holder),
      inspector: createInspector(),
      settings: {
        ...DEFAULT_SETTINGS,
        defaultAgent: 'holder',
        limits: { ...DEFAULT_SETTINGS.limits, totalMemory: 450 * MEBIBYTE },
      },
      window: { id: 'window', folders: [harness.cwd], home: harness.cwd },
      random: Math.random,
      newId: () => `${harness.prefix}${ids++}`,
    });
    await supervisor.start();
  });

  after(async () => {
    await supervisor?.shutdown(1_000);
    store?.close();
    harness?.dispose();
  });

  /** The running attempts whose processes are known, by loop. */
  const running = () =>
    new Map(
      supervisor.live().flatMap(({ loop }) => {
        const { leader, guardian } = isActive(loop) ? loop.attempt : {};
        return leader && guardian ? [[loop.loopId, [leader.pid, guardian.pid]] as const] : [];
      }),
    );
  const submit = (name: string, megabytes: number) =>
    supervisor.submit({ loopId: harness.prefix + name, prompt: String(megabytes) });

  it('R13.2 takes the largest of real loops, as what it is; the others and their guardians live on', async () => {
    const small = ['a', 'b', 'c'];
    for (const name of small) await submit(name, 20);
    const others = await until('the small ones', () => running().size === small.length && running());
    await submit('large', 500);
    const attempt = await until('the end of the largest', async () => {
      const [first] = (await supervisor.get(`${harness.prefix}large`))?.attempts ?? [];
      return first?.outcome !== undefined && first;
    });
    assert.equal(attempt.outcome, 'memory');
    assert.match(attempt.reason ?? '', /limits\.totalMemoryMegabytes/);
    for (const [loopId, pids] of others) {
      assert.deepEqual([(await supervisor.get(loopId))?.state, pids.map(lives)], ['running', [true, true]]);
    }
  });
});
