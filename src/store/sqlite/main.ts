export { openStore } from './store.ts';
export { chooseStoreFolder } from './storeFolder.ts';
