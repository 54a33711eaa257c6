import { isLive, type Loop } from '../../core/model/loop.ts';
import { belongsTo, type Moved, moveLoops, type Side } from '../move/moveLoops.ts';
import type { MovingStore } from '../move/movingStore.ts';
import { parseAddress } from './address.ts';
import { openPostgresStore, type PostgresOptions, type PostgresStore } from './store.ts';

/** What is in a shared store. */
export interface StoreFacts {
  /** Its address for people. */
  readonly shown: string;
  readonly live: number;
  readonly finished: number;
  /** How much of that belongs to this machine. */
  readonly ours: { readonly live: number; readonly finished: number };
}

/** This machine and its own file. */
export interface OwnStore {
  /** Freshly opened. */
  readonly store: MovingStore;
  /** Names the file permanently. */
  readonly name: string;
  readonly machine: { readonly id: string; readonly name: string };
}

/** Connects and describes what is there. `machine`: this machine's id. */
export async function lookAtStore(options: PostgresOptions, machine: string): Promise<StoreFacts> {
  return withStore(options, async (store) => {
    const { shown } = parseAddress(options.address);
    const loops = store.changes()?.loops.filter(isLive) ?? [];
    const ours = { live: loops.filter((loop) => belongsTo(machine, loop)).length };
    return {
      ...{ shown, live: loops.length, finished: store.finishedCount().total },
      ours: { ...ours, finished: await store.finishedOf(machine) },
    };
  });
}

/** Moves this machine's queue to the shared store, and copies its history. */
export async function moveToStore(
  options: PostgresOptions,
  { store, name, machine }: OwnStore,
  progress: (moved: number) => void,
): Promise<Moved> {
  return withStore(options, async (shared) =>
    moveLoops({
      from: { store, name, title: titleOf(machine.name) },
      to: await sideOf(shared),
      asThere: (loop) => ({ ...loop, machine: machine.id }),
      now: () => shared.clock.now(),
      progress,
    }),
  );
}

/** Moves what is this machine's in the queue of the shared store back to its own file, and copies its history. */
export async function moveFromStore(
  options: PostgresOptions,
  { store, name, machine }: OwnStore,
  progress: (moved: number) => void,
): Promise<Moved> {
  return withStore(options, async (shared) =>
    moveLoops({
      from: await sideOf(shared),
      to: { store, name, title: titleOf(machine.name) },
      machine: machine.id,
      asThere: withoutMachine,
      now: () => shared.clock.now(),
      progress,
    }),
  );
}

async function sideOf(store: PostgresStore): Promise<Side> {
  return { store, name: await store.storeId(), title: 'the shared store' };
}

const titleOf = (machine: string) => `the file of ${machine}`;

/** A file of one machine names none. */
function withoutMachine({ machine: _, ...loop }: Loop): Loop {
  return loop as Loop;
}

async function withStore<T>(options: PostgresOptions, use: (store: PostgresStore) => Promise<T>): Promise<T> {
  const store = await openPostgresStore(options);
  try {
    return await use(store);
  } finally {
    store.close();
  }
}
