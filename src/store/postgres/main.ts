/** What the bundle of the PostgreSQL store offers: it is loaded only when such a store is used. */
export { lookAtStore, moveFromStore, moveToStore } from './sharedStore.ts';
export { openPostgresStore } from './store.ts';
