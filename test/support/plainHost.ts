import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/core/clock.ts';
import type { ProcessIdentity } from '../../src/core/loop.ts';
import { isActive } from '../../src/core/loop.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/core/settings.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { systemClock } from '../../src/core/systemClock.ts';
import { createLauncher } from '../../src/process/launcher.ts';
import { createProbe } from '../../src/process/probe.ts';
import { openStore } from '../../src/store/store.ts';
import { fakeCatalog } from './harness.ts';
import { reporterProfile } from './reporterProfile.ts';

/**
 * A window without an editor: the real core, store and process layer in a plain Node process, driven by messages of the test that forked it.
 * Arguments: the storage folder, the guardian's bundle, the settings that differ from the defaults as JSON.
 */
export type HostRequest = { readonly id: number } & (
  | { readonly do: 'submit'; readonly loopId: string; readonly prompt: string }
  | { readonly do: 'cancel' | 'kill' | 'state'; readonly loopId: string }
  | { readonly do: 'list' | 'status' | 'release' }
);

/** A run as the test sees it: whom to kill. */
export interface ListedRun {
  readonly loopId: string;
  readonly token: string;
  readonly leader?: ProcessIdentity;
  readonly guardian?: ProcessIdentity;
}

const [storage, guardianProgram, settingsJson] = process.argv.slice(2) as [string, string, string];
const settings: Settings = { ...DEFAULT_SETTINGS, ...(JSON.parse(settingsJson) as Partial<Settings>) };
const log = (message: string, error?: unknown) =>
  process.stderr.write(`host ${process.pid}: ${message}${error === undefined ? '' : ` ${(error as Error).message}`}\n`);
const clock: Clock = systemClock;
const store = openStore({ path: join(storage, 'supervisor.db'), clock, log });
const launcher = createLauncher({
  runsFolder: join(storage, 'runs'),
  windowsFolder: join(storage, 'windows'),
  guardianProgram,
  nodePath: process.execPath,
  environment: async () => ({ ...process.env }) as Record<string, string>,
  clock,
  log,
});
const supervisor = new Supervisor({
  store,
  launcher,
  agents: fakeCatalog(reporterProfile()),
  clock,
  probe: createProbe(),
  folders: { exists: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false },
  settings: { ...settings, defaultAgent: 'reporter' },
  window: { id: `host-${process.pid}-${randomBytes(4).toString('hex')}`, folders: [storage], home: storage },
  log,
  random: Math.random,
  newId: () => randomBytes(8).toString('hex'),
});
supervisor.onEvent((event) => process.send?.({ event }));

async function answer(request: HostRequest): Promise<unknown> {
  switch (request.do) {
    case 'submit':
      return supervisor.submit({ loopId: request.loopId, prompt: request.prompt });
    case 'cancel':
      return supervisor.cancel(request.loopId);
    case 'kill':
      return supervisor.killProcessGroup(request.loopId, 'SIGKILL');
    case 'state':
      return supervisor.get(request.loopId)?.state;
    case 'status':
      return supervisor.status();
    case 'release':
      await supervisor.release();
      return true;
    case 'list':
      return supervisor.live().flatMap(({ loop }): ListedRun[] => {
        if (!isActive(loop)) return [];
        const { token, leader, guardian } = loop.attempt;
        return [{ loopId: loop.loopId, token, ...(leader && { leader }), ...(guardian && { guardian }) }];
      });
  }
}

process.on('message', (request: HostRequest) => {
  answer(request).then(
    (value) => process.send?.({ id: request.id, value }),
    (error: Error & { code?: string }) => process.send?.({ id: request.id, error: error.message, code: error.code }),
  );
});
process.on('disconnect', () => process.exit());
await supervisor.start();
process.send?.({ ready: true });
