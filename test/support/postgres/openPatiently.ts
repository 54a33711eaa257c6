import { StoreError } from '../../../src/core/model/errors.ts';
import { isPassing } from '../../../src/store/postgres/postgresError.ts';
import { openPostgresStore, type PostgresOptions, type PostgresStore } from '../../../src/store/postgres/store.ts';

/** Opens a store with short time limits, which may be over on a slow machine before its schema is made: again then. */
export async function openPatiently(options: PostgresOptions): Promise<PostgresStore> {
  for (;;) {
    try {
      return await openPostgresStore(options);
    } catch (error) {
      if (!(error instanceof StoreError && isPassing(error))) throw error;
    }
  }
}
