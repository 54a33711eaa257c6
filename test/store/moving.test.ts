import assert from 'node:assert/strict';
import { isLive, type Loop } from '../../src/core/model/loop.ts';
import { type Moved, moveLoops, type Side } from '../../src/store/move/moveLoops.ts';
import type { MovingStore } from '../../src/store/move/movingStore.ts';
import { lookAtStore, moveFromStore, moveToStore } from '../../src/store/postgres/sharedStore.ts';
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres/store.ts';
import { sharedCluster } from '../support/postgres/sharedCluster.ts';
import { FAILED, finish, loopFacts, StoreFolder, start, submit, systemClock } from './support.ts';

const MACHINE = { id: 'machine-here', name: 'here' };
const LEDGER = { agent: 'sample', day: '2026-01-15', at: 1, source: 'reported' } as const;
const spent = (cost: number) => [{ day: LEDGER.day, agent: 'sample', cost, estimated: 0, unknown: 0 }];

describe('store: moves between the file of a machine and a shared store', () => {
  const cluster = sharedCluster();
  let folder: StoreFolder;
  let address = '';
  const shared: PostgresStore[] = [];
  before(async function () {
    if (!(await cluster())) this.skip();
  });
  beforeEach(async () => {
    folder = new StoreFolder();
    address = (await cluster())?.address() ?? '';
  });
  afterEach(() => {
    for (const store of shared.splice(0)) store.close();
    folder.dispose();
  });

  const options = () => ({ address, password: async () => undefined, clock: systemClock, log: () => {} });
  const openShared = async (): Promise<PostgresStore> => {
    const store = await openPostgresStore(options());
    shared.push(store);
    return store;
  };
  const own = () => ({ store: folder.open(), name: 'file', machine: MACHINE });
  const thither = (): Promise<Moved> => moveToStore(options(), own(), () => {});
  const back = (): Promise<Moved> => moveFromStore(options(), own(), () => {});

  /** Every row of a store: id and state, in the order of ids. */
  const rowsOf = async (store: MovingStore): Promise<string[]> => {
    const live = await liveOf(store);
    const finished = await store.finished({ limit: 1_000 });
    return [...live, ...finished].map(({ loopId, state }) => `${loopId} ${state}`).sort();
  };
  /** As a store that has just been opened sees them. */
  const liveOf = async (store: MovingStore): Promise<readonly Loop[]> => {
    const seen = await store.write((tx) => tx.changes());
    return (seen?.loops ?? []).filter(isLive);
  };
  const seqOf = async (store: MovingStore, id: string) => (await store.latest(id))?.seq ?? 0;
  const whysOf = async (store: MovingStore, id: string) =>
    (await store.history(await seqOf(store, id))).map(({ to, why }) => (why === '' ? to : `${to}: ${why}`));

  it('R16.1 queue and history move along: each loop once, with everything that belongs to it, and nothing is deleted', async () => {
    const file = folder.open();
    const done = await finish(file, await start(file, await submit(file, 'done'), 'token-done'));
    await file.write((tx) => tx.addLedger({ ...LEDGER, seq: done.seq, key: 'k', cost: 70 }));
    await submit(file, 'waits', { priority: 4 });
    const runs = await start(file, await submit(file, 'runs'), 'token-runs');
    await submit(file, 'taken');
    const there = await openShared();
    await submit(there, 'taken');

    assert.deepEqual(await thither(), { finished: 1, live: 1, left: 2 });
    const waits = await there.latest('waits');
    assert.deepEqual(
      [waits?.state, waits?.priority, waits?.machine, await there.prompt(waits?.seq ?? 0)],
      ['queued', 4, MACHINE.id, 'Prompt of waits'],
    );
    const seq = await seqOf(there, 'done');
    assert.deepEqual(
      (await there.attempts(seq)).map(({ token, end }) => [token, end?.outcome]),
      [['token-done', 'ok']],
    );
    assert.deepEqual(await whysOf(there, 'done'), ['queued: submitted', 'running', 'completed']);
    assert.deepEqual(await there.spend('2026'), spent(70));
    assert.deepEqual(await rowsOf(folder.open()), [
      'done completed',
      'runs running',
      'taken queued',
      'waits cancelled',
    ]);
    assert.equal((await whysOf(folder.open(), 'waits')).at(-1), 'cancelled: moved to the shared store');
    assert.equal(folder.open().changes()?.control.paused, false);

    await finish(file, runs);
    assert.equal((await thither()).left, 1);
    assert.deepEqual(await rowsOf(there), ['done completed', 'runs completed', 'taken queued', 'waits queued']);
    assert.deepEqual(await there.spend('2026'), spent(70));
  });

  it('R16.1 R6.6 moving back returns this machine’s loops to their rows, and no cost counts twice', async () => {
    const file = folder.open();
    const charge = (store: MovingStore, seq: number, key: string, cost: number) =>
      store.write((tx) => tx.addLedger({ ...LEDGER, seq, key, cost }));
    await charge(file, (await finish(file, await start(file, await submit(file, 'done'), 'token-done'))).seq, 'k', 70);
    await charge(file, (await submit(file, 'worked')).seq, 'first', 5);
    await submit(file, 'idle', { priority: 4 });
    await finish(file, await submit(file, 'retried'), FAILED);
    assert.deepEqual(await thither(), { finished: 2, live: 2, left: 0 });

    // Over there one loop works, one is retried, one comes, and others have theirs.
    const there = await openShared();
    const worked = await start(there, (await there.latest('worked')) as Loop, 'token-worked');
    await charge(there, worked.seq, 'second', 30);
    await finish(there, worked);
    const failed = (await there.latest('retried')) as Loop;
    await there.write((tx) =>
      tx.saveLoop(
        { ...loopFacts(failed), state: 'queued', fresh: false },
        { at: 9, from: 'failed', to: 'queued', why: 'again' },
      ),
    );
    await submit(there, 'new', { machine: MACHINE.id });
    await submit(there, 'theirs', { machine: 'elsewhere' });
    await submit(there, 'placed', {
      machine: MACHINE.id,
      repository: { address: 'example.org/r', prefix: '' },
    });
    const { ours } = await lookAtStore(options(), MACHINE.id);
    assert.deepEqual(ours, { live: 3, finished: 2 });

    assert.deepEqual(await back(), { finished: 2, live: 3, left: 0 });
    const home = folder.open();
    assert.deepEqual(await rowsOf(home), [
      ...['done completed', 'idle queued', 'new queued', 'retried queued', 'worked completed'],
    ]);
    assert.deepEqual(await home.spend('2026'), spent(105));
    assert.deepEqual(
      (await home.attempts(await seqOf(home, 'worked'))).map(({ token }) => token),
      ['token-worked'],
    );
    const idle = await home.latest('idle');
    assert.deepEqual([idle?.priority, idle?.machine, idle?.place], [4, undefined, idle?.seq]);
    assert.deepEqual(await whysOf(home, 'idle'), [
      ...['queued: submitted', 'cancelled: moved to the shared store', 'queued: moved here from the shared store'],
    ]);
    const open = await openShared();
    assert.deepEqual(
      (await liveOf(open)).map(({ loopId }) => loopId),
      ['theirs', 'placed'],
    );
    assert.equal((await whysOf(open, 'new')).at(-1), 'cancelled: moved to the file of here');

    // Once more to and fro: the same rows.
    assert.deepEqual(await thither(), { finished: 2, live: 3, left: 0 });
    assert.deepEqual(await rowsOf(await openShared()), [
      ...['done completed', 'idle queued', 'new queued', 'placed queued', 'retried queued', 'theirs queued'],
      'worked completed',
    ]);
    assert.deepEqual(await back(), { finished: 2, live: 3, left: 0 });
    assert.equal((await rowsOf(folder.open())).length, 5);
    assert.deepEqual([await home.spend('2026'), await there.spend('2026')], [spent(105), spent(105)]);
  });

  it('R16.1 a loop is found by its id while it is live, though older ones of that id came later', async () => {
    const file = folder.open();
    await finish(file, await submit(file, 'nightly'));
    const there = await openShared();
    await submit(there, 'nightly');
    await thither();
    assert.equal((await there.latest('nightly'))?.state, 'queued');
    await there.write((tx) => assert.equal(tx.latest('nightly')?.state, 'queued'));

    const live = await submit(file, 'nightly');
    await finish(there, (await there.latest('nightly')) as Loop, { machine: MACHINE.id, finishedAt: 9_000 });
    await back();
    const home = folder.open();
    assert.equal((await home.finished({ limit: 9 })).length, 2);
    assert.equal((await home.latest('nightly'))?.seq, live.seq);
  });

  // ── Broken off ───────────────────────────────────────────────────────────────────────────────────────────────

  class BrokenOff extends Error {}

  /** A side of a move that breaks off when so many more transactions of both sides have been committed. */
  const breaking = (side: Side, moment: { left: number }): Side => {
    const store = new Proxy(side.store, {
      get: (target, name) => {
        if (name !== 'move') {
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return async (...call: Parameters<MovingStore['move']>) => {
          const result = await target.move(...call);
          if (moment.left-- === 0) throw new BrokenOff();
          return result;
        };
      },
    });
    return { ...side, store };
  };
  const fileSide = (): Side => ({ store: folder.open(), name: 'file', title: 'the file' });
  const facts = { now: () => 9_000, progress: () => {} };
  const toShared = (from: Side, to: Side) =>
    moveLoops({ ...facts, from, to, asThere: (loop) => ({ ...loop, machine: MACHINE.id }) });
  const toFile = (from: Side, to: Side) =>
    moveLoops({
      ...{ ...facts, from, to, machine: MACHINE.id },
      asThere: ({ machine: _, ...loop }) => loop as Loop,
    });
  const IDS = ['asks', 'backs', 'needs', 'done'];
  const STATES = ['queued', 'backingOff', 'waiting', 'completed'];

  /** Three loops that wait, each in its way, and one that is done. */
  const fill = async (file: MovingStore): Promise<void> => {
    await submit(file, 'asks');
    for (const [id, phase] of [
      ['backs', { state: 'backingOff', until: 77 }],
      ['needs', { state: 'waiting', why: 'its end is unknown', for: 'you', need: 'endUnknown' }],
    ] as const) {
      const loop = await submit(file, id);
      await file.write((tx) => tx.saveLoop({ ...loopFacts(loop), ...phase } as Loop));
    }
    const done = await finish(file, await start(file, await submit(file, 'done'), 'token'));
    await file.write((tx) => tx.addLedger({ ...LEDGER, seq: done.seq, key: 'k', cost: 70 }));
  };

  for (const [goes, isThither, turns] of [
    ['to the shared store, and is begun again', true, false],
    ['to the shared store, and is turned round', true, true],
    ['back to the file, and is begun again', false, false],
    ['back to the file, and is turned round', false, true],
  ] as const)
    it(`R16.1 a move that is broken off anywhere on its way ${goes}, leaves each loop live once`, async () => {
      let hasBroken = true;
      for (let left = 0; hasBroken; left++) {
        address = (await cluster())?.address() ?? '';
        folder.dispose();
        folder = new StoreFolder();
        const [file, there] = [folder.open(), await openShared()];
        const name = await there.storeId();
        const sharedSide = async (): Promise<Side> => ({ store: await openShared(), name, title: 'the shared store' });
        await fill(file);
        if (!isThither) await toShared(fileSide(), { ...(await sharedSide()), store: there });

        const moment = { left };
        const sides = [breaking(fileSide(), moment), breaking(await sharedSide(), moment)] as const;
        const broken = isThither ? toShared(...sides) : toFile(sides[1], sides[0]);
        hasBroken = await broken.then(
          () => false,
          (error) => assert.ok(error instanceof BrokenOff, String(error)) ?? true,
        );
        const statesIn = async (store: MovingStore) => {
          const states: string[] = [];
          for (const id of IDS) states.push((await store.latest(id))?.state ?? 'cancelled');
          return states;
        };
        const [inFile, inShared] = [await statesIn(file), await statesIn(there)];
        const isTwice = IDS.filter((id, n) => id !== 'done' && ![inFile[n], inShared[n]].includes('cancelled'));
        assert.deepEqual(isTwice, [], `broken at ${left}: live in both`);

        const goesOn = isThither !== turns;
        await (goesOn ? toShared(fileSide(), await sharedSide()) : toFile(await sharedSide(), fileSide()));
        const [at, other] = goesOn ? [there, file] : [file, there];
        const where = `broken at ${left}`;
        assert.deepEqual(await statesIn(at), STATES, where);
        assert.deepEqual((await statesIn(other)).slice(0, 3), Array(3).fill('cancelled'), where);
        assert.equal((await at.finished({ limit: 9 })).length, 1, where);
        const [backs, needs] = [await at.latest('backs'), await at.latest('needs')];
        assert.deepEqual(
          [backs?.state === 'backingOff' && backs.until, needs?.state === 'waiting' && needs.why],
          [77, 'its end is unknown'],
          where,
        );
        assert.deepEqual(await at.spend('2026'), spent(70), where);
        for (const store of shared.splice(0)) store.close();
      }
    });
});
