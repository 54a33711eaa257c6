import type { Store } from '../../core/ports/store.ts';
import { type Moved, moveLoops } from '../moveLoops.ts';
import { parseAddress } from './address.ts';
import { openPostgresStore, type PostgresOptions } from './store.ts';

/** Connects and says what is there. */
export async function lookAtStore(
  options: PostgresOptions,
): Promise<{ readonly shown: string; readonly live: number; readonly finished: number }> {
  const store = await openPostgresStore(options);
  try {
    const { shown } = parseAddress(options.address);
    return { shown, live: store.changes()?.live?.size ?? 0, finished: store.finishedCount().total };
  } finally {
    store.close();
  }
}

/** Moves the queue of `from`, freshly opened, and copies its history. `source` names that store permanently. */
export async function moveToStore(
  options: PostgresOptions,
  from: Store,
  source: string,
  progress: (moved: number) => void,
): Promise<Moved> {
  const store = await openPostgresStore(options);
  try {
    return await moveLoops(from, store, source, progress);
  } finally {
    store.close();
  }
}
