import { there } from '../../src/core/model/looks.ts';
import { DEFAULT_SETTINGS } from '../../src/core/model/settings.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { Supervisor } from '../../src/core/supervisor.ts';
import { instantLauncher } from '../bench/support/instantLauncher.ts';
import { fakeCatalog, fakeProfile } from './harness.ts';

/** A supervisor of a window of that name, by the time of its store; its runs end well at once. Not started yet. */
export function supervisorOn(store: Store, name: string): Supervisor {
  let ids = 0;
  return new Supervisor({
    ...{ store, launcher: instantLauncher(), agents: fakeCatalog(fakeProfile('sample')) },
    clock: 'clock' in store ? (store.clock as typeof systemClock) : systemClock,
    inspector: { self: { pid: 1, startTime: name, bootId: 'boot' }, look: () => there(undefined) },
    folders: { look: there },
    settings: DEFAULT_SETTINGS,
    window: { id: `window ${name}`, folders: [], home: '/' },
    ...{ log: () => {}, random: () => 0.5, newId: () => `${name}${String(++ids).padStart(12, '0')}` },
  });
}
