import * as vscode from 'vscode';
import type { LoopSupervisorApi, SupervisorEvent } from '../../src/api.ts';
import { until } from '../support/until.ts';

const ID = 'loopsupervisor.loop-supervisor';

/** Our extension as VS Code knows it. */
export function extension(): vscode.Extension<LoopSupervisorApi> {
  const found = vscode.extensions.getExtension<LoopSupervisorApi>(ID);
  if (!found) throw new Error(`${ID} is not there.`);
  return found;
}

/** The API, once the supervisor takes work. */
export async function readyApi(): Promise<LoopSupervisorApi> {
  const api = await extension().activate();
  await until('the supervisor to be ready', () => api.status().ready);
  return api;
}

/** Changes settings as their machine's user, and takes them back after the tests of this `describe`. */
export function useSettings(settings: Readonly<Record<string, unknown>>): void {
  before('change settings', () => setAll(settings));
  after('take settings back', () => setAll(Object.fromEntries(Object.keys(settings).map((key) => [key, undefined]))));
}

/** Changes one setting by its name without `loopSupervisor.`. */
export async function set(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('loopSupervisor').update(key, value, vscode.ConfigurationTarget.Global);
}

async function setAll(settings: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [key, value] of Object.entries(settings)) await set(key, value);
}

/** Records what happens during each test. */
export function useEvents(): SupervisorEvent[] {
  const events: SupervisorEvent[] = [];
  let subscription: { dispose(): void };
  beforeEach('listen', async () => {
    events.length = 0;
    subscription = (await readyApi()).onEvent((event) => events.push(event));
  });
  afterEach('stop listening', () => subscription.dispose());
  return events;
}

/** Ends what the test left, so that the next one starts with a quiet supervisor. */
export function useQuietEnd(): void {
  afterEach('cancel what is left', async () => {
    const api = await readyApi();
    await api.resume();
    const { running, queued, backingOff, waiting } = api.status();
    await Promise.all([...running, ...queued, ...backingOff, ...waiting].map(({ loopId }) => api.cancel(loopId)));
    await until(
      'all loops to be gone',
      () => api.status().concurrencyUsed === 0 && api.status().queued.length === 0,
      30_000,
    );
    await api.resetCircuit();
  });
}
