import assert from 'node:assert/strict';
import type { Store, StoreChanges } from '../../src/core/ports/store.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import { driverWarnings } from '../support/postgres/driverWarnings.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { StoreFolder, systemClock } from './support.ts';

/** A database of its own for each test, whatever the store. */
export interface StoreBench {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** Opens a store on the test's database. All of them are closed after the test. */
  open(): Promise<Store>;
  /** What is new to a store, with everything that has been committed by now. */
  news(store: Store): Promise<StoreChanges | undefined>;
  /** Runs SQL behind the stores' backs. Returns the rows of the last statement. */
  sql(text: string): Promise<Record<string, unknown>[]>;
}

/**
 * Runs tests of the contract of a store (src/core/ports/store.ts) on each store. Where PostgreSQL is not installed, its
 * tests are skipped.
 */
export function onEachStore(title: string, tests: (bench: StoreBench) => void): void {
  describe(`store on SQLite: ${title}`, () => {
    let folder: StoreFolder;
    beforeEach(() => {
      folder = new StoreFolder();
    });
    afterEach(() => folder.dispose());
    tests({
      kind: 'SQLite',
      open: async () => folder.open(),
      news: async (store) => store.changes(),
      sql: async (text) => folder.rowsOrRun(text),
    });
  });

  describe(`store on PostgreSQL: ${title}`, () => {
    const cluster = sharedCluster();
    const stores: Store[] = [];
    let address = '';
    let schema = '';
    before(async function () {
      if (!(await cluster())) this.skip();
    });
    beforeEach(async () => {
      address = (await cluster())?.address() ?? '';
      schema = parseAddress(address).schema;
    });
    afterEach(() => {
      for (const store of stores.splice(0)) store.close();
      assert.deepEqual(driverWarnings, []);
    });
    tests({
      kind: 'PostgreSQL',
      open: async () => {
        const options = { address, clock: systemClock, log: () => {} };
        const store = await openPostgresStore({ ...options, password: async () => undefined });
        stores.push(store);
        return store;
      },
      // A transaction sees everything that was committed before it; notifications need a moment.
      news: async (store) => {
        await store.write(() => undefined);
        return store.changes();
      },
      sql: async (text) => (await cluster())?.sql(`SET search_path = ${schema}; ${text}`) ?? [],
    });
  });
}
