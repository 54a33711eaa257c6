import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../src/core/ports/store.ts';
import { systemClock } from '../../src/core/runtime/systemClock.ts';
import { openStore } from '../../src/store/sqlite/store.ts';
import { chooseStoreFolder, type StoreFolderOptions } from '../../src/store/sqlite/storeFolder.ts';
import type { StoreScope } from '../../src/store/sqlite/storeOwner.ts';
import { withFaults } from '../support/faults.ts';

const HERE: StoreScope = { bootId: 'boot', machine: 'one', namespace: '1' };

describe('store: its folder', () => {
  let root: string;
  let storage: string;
  let open: Store[];
  const slept: number[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'loop-store-folder-'));
    storage = join(root, 'storage');
    open = [];
    slept.length = 0;
  });

  afterEach(() => {
    for (const store of open) store.close();
    rmSync(root, { recursive: true });
  });

  const choose = (scope = HERE, options: Partial<StoreFolderOptions> = {}) =>
    chooseStoreFolder({
      ...{ storage, scope, chosen: '', localFolders: [] },
      isOnNetworkDisk: () => false,
      sleep: async (ms) => void slept.push(ms),
      ...options,
    });

  /** A host that has chosen its folder has its store open. */
  async function host(scope: StoreScope) {
    const chosen = await choose(scope);
    const store = openStore({
      path: chosen.path,
      clock: systemClock,
      log: () => undefined,
      endsLeases: chosen.isTakenOver,
    });
    open.push(store);
    return { ...chosen, store };
  }

  const closeAll = () => {
    for (const store of open.splice(0)) store.close();
  };

  for (const code of ['EIO', 'EACCES', 'ESTALE', 'EMFILE'])
    it(`R16.5 ${code}: no new store is created while the old one may only be out of sight`, async () => {
      await host(HERE);
      closeAll();
      const local = { isOnNetworkDisk: (folder: string) => folder === storage, localFolders: [join(root, 'local')] };
      const faults = { code, calls: ['statSync'] as const, path: (path: string) => path.startsWith(storage) };
      await withFaults(faults, () => assert.rejects(choose(HERE, local), { code: 'store', kind: 'disk' }));
      assert.ok(!existsSync(join(root, 'local')));
      assert.equal((await choose(HERE, local)).folder, storage);
    });

  it('R16.5 is the storage, for all hosts of a machine', async () => {
    const first = await host(HERE);
    const second = await host(HERE);
    assert.deepEqual([first.folder, second.folder], [storage, storage]);
    assert.deepEqual([first.isTakenOver, second.isTakenOver, second.notice], [false, false, undefined]);
    assert.deepEqual(slept, []);
  });

  for (const [what, other] of [
    ['another machine', { bootId: 'other', machine: 'two', namespace: '1' }],
    ['another pid namespace', { ...HERE, namespace: '2' }],
    ['another boot, which looks like a restart of this machine', { ...HERE, bootId: 'other' }],
    ['a machine without a name', { bootId: 'other', namespace: '1' }],
  ] as const) {
    it(`R16.5 never takes over a store that ${what} has open, and says once where its own is`, async () => {
      const first = await host(other);
      const second = await host(HERE);
      assert.notEqual(second.folder, first.folder);
      assert.ok(second.folder.startsWith(join(storage, 'machine-')));
      assert.match(second.notice ?? '', /another machine or container/i);
      const third = await host(HERE);
      assert.deepEqual([third.folder, third.notice], [second.folder, undefined]);
      assert.equal((await host(other)).folder, first.folder, 'and the other keeps its own');
      closeAll();
      const again = await host(HERE);
      assert.equal(again.folder, second.folder, 'its loops are where they were');
    });
  }

  it('R16.5 three at once have three', async () => {
    const scopes = [HERE, { ...HERE, namespace: '2' }, { ...HERE, namespace: '3' }];
    const folders = new Set<string>();
    for (const scope of scopes) folders.add((await host(scope)).folder);
    assert.equal(folders.size, 3);
  });

  it('R16.5 one that nobody has open is adopted, and the leases in it are over', async () => {
    const before = await host({ ...HERE, namespace: '2' });
    await before.store.write((tx) => {
      tx.changes();
      const process = { pid: 1, startTime: '1', ...HERE, namespace: '2' };
      tx.saveWindow({ id: 'w', process, folders: [], openedAt: 0 });
    });
    closeAll();
    const after = await host(HERE);
    assert.deepEqual([after.folder, after.isTakenOver, after.notice], [storage, true, undefined]);
    assert.deepEqual(after.store.changes()?.windows, []);
    assert.equal((await host(HERE)).isTakenOver, false);
  });

  it('R16.5 one of an older version, which does not say whose it is, is this machine’s', async () => {
    mkdirSync(storage, { recursive: true });
    open.push(openStore({ path: join(storage, 'supervisor.db'), clock: systemClock, log: () => undefined }));
    const chosen = await choose();
    assert.deepEqual([chosen.folder, chosen.isTakenOver], [storage, false]);
  });

  it('R16.5 a damaged owner record counts as somebody else’s', async () => {
    await host(HERE);
    for (const text of ['', '{', '[]', 'null', '{"bootId":3}']) {
      writeFileSync(join(storage, 'supervisor.owner.json'), text);
      const chosen = await choose().catch((error: Error) => error);
      assert.ok(!(chosen instanceof Error) && chosen.folder !== storage, text);
    }
  });

  it('R16.5 a storage on a network disk gives way to a folder of this machine, said once', async () => {
    const local = join(root, 'local');
    const options = {
      isOnNetworkDisk: (folder: string) => !folder.startsWith(local),
      localFolders: [join(root, 'remote'), local],
    };
    const chosen = await choose(HERE, options);
    assert.equal(chosen.folder, local);
    assert.match(chosen.notice ?? '', /network disk/);
    openStore({ path: chosen.path, clock: systemClock, log: () => undefined }).close();
    assert.equal((await choose(HERE, options)).notice, undefined);
    assert.equal(statSync(local).mode & 0o777, 0o700);
    assert.ok(!existsSync(join(root, 'remote')));
  });

  it('R16.5 without a local folder it is refused, with a sentence', async () => {
    await assert.rejects(choose(HERE, { isOnNetworkDisk: () => true, localFolders: [root] }), /storeFolder/);
    const trap = join(root, 'trap');
    symlinkSync(root, trap);
    const isOnNetworkDisk = (folder: string) => folder === storage;
    await assert.rejects(choose(HERE, { isOnNetworkDisk, localFolders: [trap] }), /storeFolder/);
    mkdirSync(join(root, 'open'), { mode: 0o777 });
    await assert.rejects(choose(HERE, { chosen: 'relative' }), /storeFolder/);
    await assert.rejects(choose(HERE, { chosen: '/remote', isOnNetworkDisk: () => true }), /storeFolder/);
  });

  it('R16.5 a store that is on a network disk already stays there', async () => {
    await host(HERE);
    closeAll();
    assert.equal((await choose(HERE, { isOnNetworkDisk: () => true })).folder, storage);
  });

  it('R16.5 the user’s own choice comes first', async () => {
    const chosen = join(root, 'chosen');
    assert.deepEqual([(await choose(HERE, { chosen })).folder, readdirSync(root)], [chosen, ['chosen']]);
  });
});
