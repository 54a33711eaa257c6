import assert from 'node:assert/strict';
import { StatementSync } from 'node:sqlite';
import type { Store } from '../../src/core/ports/store.ts';
import { PAGE } from '../../src/store/postgres/readingQuery.ts';
import { DriverSpy } from '../support/postgres/driverSpy.ts';
import { supervisorOn } from '../support/supervisorOn.ts';
import { onEachStore } from './eachStore.ts';
import { newLoop } from './support.ts';

const MANY = 2 * PAGE + 1;
/** A store may be told of a change while it is watched, and then asks what it is. */
const BY_THE_WAY = 20;

/** Starts a supervisor, and ends it. */
async function startOn(store: Store): Promise<number> {
  const supervisor = supervisorOn(store, 'one');
  await supervisor.start();
  const { queueLength } = supervisor;
  supervisor.dispose();
  return queueLength;
}

/** Counts how often SQLite is asked for something, and what it returned at once. */
class SqliteSpy {
  roundTrips = 0;
  mostRows = 0;
  mostAtOnce = 1;
  readonly #undo: (() => void)[];

  constructor() {
    this.#undo = (['run', 'get', 'all', 'iterate'] as const).map((name) => {
      const original = StatementSync.prototype[name] as (...bound: unknown[]) => unknown;
      const note = (result: unknown) => {
        this.roundTrips++;
        if (Array.isArray(result)) this.mostRows = Math.max(this.mostRows, result.length);
        return result;
      };
      StatementSync.prototype[name] = function noted(this: StatementSync, ...bound: unknown[]) {
        return note(original.apply(this, bound));
      } as never;
      return () => {
        StatementSync.prototype[name] = original as never;
      };
    });
  }

  dispose(): void {
    for (const restore of this.#undo) restore();
  }
}

onEachStore('a start on a long queue', ({ kind, open, news, sql }) => {
  const spied = async (work: () => Promise<unknown>): Promise<DriverSpy | SqliteSpy> => {
    const spy = kind === 'PostgreSQL' ? new DriverSpy() : new SqliteSpy();
    try {
      await work();
    } finally {
      spy.dispose();
    }
    return spy;
  };
  /** Adds parked loops. */
  const fill = async (store: Store, count: number) => {
    for (let from = 0; from < count; from += PAGE)
      await store.write((tx) => {
        for (let n = from; n < Math.min(from + PAGE, count); n++)
          tx.insertLoop(newLoop(`l${n}`, { windowId: 'gone', folder: '/gone', wasParked: true }), 'work');
      });
  };

  it('R2.5 takes a query for each page of the live loops, and holds no more rows than that at once', async () => {
    const few = await spied(async () => startOn(await open()));
    await fill(await open(), MANY);
    let started = 0;
    const many = await spied(async () => {
      started = await startOn(await open());
    });
    assert.equal(started, MANY);
    const pages = kind === 'PostgreSQL' ? Math.floor(MANY / PAGE) : 0;
    assert.ok(
      many.roundTrips <= few.roundTrips + pages + BY_THE_WAY,
      `${few.roundTrips}, and ${many.roundTrips} with ${MANY} loops`,
    );
    assert.ok(many.mostRows <= PAGE, `${many.mostRows} rows at once`);
  });

  it('R16.2 R9.4 reads what another host has changed of many loops, whether or not it was trimmed', async () => {
    const store = await open();
    await fill(store, MANY);
    const other = await open();
    assert.equal((await news(other))?.loops.length, MANY);
    const seqs = (await sql('SELECT seq FROM loops ORDER BY seq')).map(({ seq }) => Number(seq));
    await store.write((tx) => {
      for (const seq of seqs) {
        const loop = tx.bySeq(seq);
        if (loop) tx.saveLoop({ ...loop, priority: 7 });
      }
    });
    const changes = await news(other);
    assert.deepEqual(
      changes?.loops.map(({ seq, priority }) => [seq, priority]).sort(([a = 0], [b = 0]) => a - b),
      seqs.map((seq) => [seq, 7]),
    );
    assert.equal(changes?.live, undefined);
  });
});
