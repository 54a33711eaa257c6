import {
  type FinishedLoop,
  isActive,
  isFinished,
  isLive,
  type LiveLoop,
  type Loop,
  type LoopFacts,
} from '../../core/model/loop.ts';
import type { Store } from '../../core/ports/store.ts';
import type { Arrival, Departure, IdlePhase } from '../rows/departureRow.ts';
import { type Carried, type CarriedLoop, pack, unpack } from './carriedLoop.ts';
import type { MoveTransaction, MovingStore } from './movingStore.ts';

/** Loops that are moved in one transaction. */
const BATCH = 50;

/** One of the two stores. */
export interface Side {
  readonly store: MovingStore;
  /** Names it permanently: records of moved loops refer to it by this name. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
}

export interface Move {
  /** Must be freshly opened. */
  readonly from: Side;
  readonly to: Side;
  /** Only what belongs to that machine goes; all if absent. */
  readonly machine?: string;
  /** The loop as it is in `to`. */
  asThere(loop: Loop): Loop;
  /** Wall time, ms. */
  now(): number;
  /** How many loops have been moved so far. */
  progress(moved: number): void;
}

/** The result of a move. */
export interface Moved {
  readonly finished: number;
  readonly live: number;
  /** Loops that stay where they are: they run, or their id is that of a live loop there. */
  readonly left: number;
}

/**
 * Copies the history of one store into another, and moves its queue along (R16.1). Nothing is deleted.
 *
 * A loop is live in one of the stores at most. One that goes is cancelled here, and what it was is noted in the same
 * transaction; then it is written there, once for each departure; then the note is done with. A move that was broken
 * off anywhere goes on where it stopped when it is begun again; one that is begun in the other direction first takes
 * back what has not arrived. A loop that came from the other store returns to its row there, so that no history and no
 * cost is there twice.
 */
export async function moveLoops(move: Move): Promise<Moved> {
  await takeBack(move);
  return new Mover(move, await readLinks(move)).run();
}

/** What both stores know of loops that went from one to the other. */
interface Links {
  /** Loops of `from`, by their `seq`, that came to `to`. */
  readonly arrivals: ReadonlyMap<number, Arrival>;
  /** The `seq` in `to` of loops that came from there, by their `seq` in `from`. */
  readonly origins: ReadonlyMap<number, number>;
  readonly departures: ReadonlyMap<number, Departure>;
  /** Loops of `to` that were moved to some other store. */
  readonly departedThere: ReadonlySet<number>;
}

async function readLinks({ from, to }: Move): Promise<Links> {
  const [arrivals, departedThere] = [await to.store.arrivals(from.name), await to.store.departures()];
  const [origins, departures] = [await from.store.arrivals(to.name), await from.store.departures()];
  return {
    arrivals: new Map(arrivals.map((arrival) => [arrival.seq, arrival])),
    origins: new Map(origins.flatMap(({ seq, here }) => (here === undefined ? [] : [[here, seq] as const]))),
    departures: new Map(departures.map((departure) => [departure.seq, departure])),
    departedThere: new Set(departedThere.map(({ seq }) => seq)),
  };
}

class Mover {
  readonly #move: Move;
  readonly #links: Links;
  #finished = 0;
  #live = 0;

  constructor(move: Move, links: Links) {
    this.#move = move;
    this.#links = links;
  }

  async run(): Promise<Moved> {
    const { from, to, machine } = this.#move;
    const loops = from.store.changes();
    if (!loops?.live) throw new Error('The store to move from was not freshly opened.');
    const { departures } = this.#links;
    const onTheirWay = [...departures.values()].filter(({ target, phase }) => target === to.name && phase);
    await inBatches(onTheirWay, (some) => this.#bring(some));
    for await (const page of finishedPages(from.store, machine))
      await this.#copy(page.filter((loop) => !departures.has(loop.seq)));
    const live = loops.loops.filter(isLive).filter((loop) => belongsTo(machine, loop));
    const before = this.#live;
    await inBatches(live, async (some) => this.#bring(await this.#depart(some)));
    return { finished: this.#finished, live: this.#live, left: live.length - (this.#live - before) };
  }

  /** Copies finished loops. */
  async #copy(loops: readonly FinishedLoop[]): Promise<void> {
    this.#finished += (
      await this.#carry(loops.map((loop) => ({ loop, departure: 0, into: this.#rowOf(loop.seq) })))
    ).size;
    this.#tell();
  }

  /** Cancels loops here that can go. Returns their departures. */
  async #depart(loops: readonly LiveLoop[]): Promise<Departure[]> {
    const { from, to, now, machine } = this.#move;
    return from.store.move((tx) =>
      loops.flatMap(({ seq }) => {
        const loop = tx.bySeq(seq);
        if (!loop || !belongsTo(machine, loop) || !isIdle(loop)) return [];
        cancel(tx, loop, Math.max(now(), loop.since, loop.submittedAt), `moved to ${to.title}`);
        return [tx.noteDeparture(seq, to.name, phaseOf(loop))];
      }),
    );
  }

  /** Writes loops that have departed there, and puts back those that cannot be there. */
  async #bring(departures: readonly Departure[]): Promise<void> {
    const { from } = this.#move;
    const carried: Carried[] = [];
    for (const { seq, n, phase } of departures) {
      const loop = await from.store.bySeq(seq);
      if (loop && phase) carried.push({ loop: { ...loopFacts(loop), ...phase }, departure: n, into: this.#rowOf(seq) });
    }
    const there = await this.#carry(carried);
    const { title } = this.#move.to;
    await from.store.move((tx) => {
      for (const { seq, phase } of departures)
        if (there.has(seq)) tx.noteArrived(seq);
        else putBack(tx, seq, phase, this.#move.now(), `its id is taken in ${title}`);
    });
    this.#live += there.size;
    this.#tell();
  }

  /** Returns the `seq`s here of those that are there now. */
  async #carry(carried: readonly Carried[]): Promise<ReadonlySet<number>> {
    const { from, to, asThere } = this.#move;
    if (carried.length === 0) return new Set();
    const loops: CarriedLoop[] = [];
    for (const one of carried) loops.push(await pack(from.store, to.store, one));
    const rows = loops.flatMap(({ into }) => (into === undefined ? [] : [['bySeq', into] as const]));
    return to.store.move((tx) => {
      const arrivals = tx.arrivals(
        from.name,
        loops.map(({ loop }) => loop.seq),
      );
      const here = loops.filter((one) => this.#receive(tx, { ...one, loop: asThere(one.loop) }, arrivals));
      return new Set(here.map(({ loop }) => loop.seq));
    }, rows);
  }

  /** Writes a loop unless it is there already. Returns whether it is there now. */
  #receive(tx: MoveTransaction, carried: CarriedLoop, arrivals: ReadonlyMap<number, Arrival>): boolean {
    const { loop, departure, into } = carried;
    const arrival = arrivals.get(loop.seq);
    const row = into === undefined ? undefined : tx.bySeq(into);
    if (departure > 0) {
      if (arrival && arrival.departure >= departure) return true;
      if (tx.holderOf(loop.loopId) !== undefined) return false;
    } else if (arrival || into !== undefined) {
      if (!row || !isFinished(row) || !isFinished(loop) || !this.#isNewer(loop, row)) return true;
    }
    const seq = unpack(tx, row ? carried : { ...carried, into: undefined });
    if (row) {
      tx.forgetDeparture(seq);
      const why = `moved here from ${this.#move.from.title}`;
      if (isLive(loop)) tx.addHistory(seq, { at: this.#move.now(), from: row.state, to: loop.state, why });
    }
    const last = Math.max(departure, arrival?.departure ?? 0);
    tx.noteArrival(this.#move.from.name, { seq: loop.seq, here: seq, departure: last });
    return true;
  }

  /** Whether a finished loop went on after it was last in its row there. */
  #isNewer(loop: FinishedLoop, row: FinishedLoop): boolean {
    return this.#links.departedThere.has(row.seq) || loop.finishedAt > row.finishedAt;
  }

  /** The row that a loop had there. */
  #rowOf(seq: number): number | undefined {
    return this.#links.origins.get(seq) ?? this.#links.arrivals.get(seq)?.here;
  }

  #tell(): void {
    this.#move.progress(this.#finished + this.#live);
  }
}

/** Loops of an interrupted move in the other direction: those that have not arrived go on in `to`. */
async function takeBack({ from, to, now }: Move): Promise<void> {
  const departures = (await to.store.departures()).filter(({ target, phase }) => target === from.name && phase);
  if (departures.length === 0) return;
  const arrived = new Map((await from.store.arrivals(to.name)).map(({ seq, departure }) => [seq, departure]));
  await to.store.move((tx) => {
    for (const { seq, n, phase } of departures)
      if ((arrived.get(seq) ?? 0) >= n) tx.noteArrived(seq);
      else putBack(tx, seq, phase, now(), `its move to ${from.title} was broken off`);
  });
}

/** Revives a departed loop here. If its id has been used again since, it stays cancelled. */
function putBack(tx: MoveTransaction, seq: number, phase: IdlePhase | undefined, at: number, why: string): void {
  const loop = tx.bySeq(seq);
  if (loop && phase && isFinished(loop) && tx.holderOf(loop.loopId) === undefined)
    tx.saveLoop({ ...loopFacts(loop), ...phase }, { at, from: loop.state, to: phase.state, why });
  tx.forgetDeparture(seq);
}

function cancel(tx: MoveTransaction, loop: Loop, at: number, why: string): void {
  const transition = { at, from: loop.state, to: 'cancelled', why } as const;
  tx.saveLoop({ ...loopFacts(loop), state: 'cancelled', finishedAt: at }, transition);
}

async function inBatches<T>(all: readonly T[], each: (some: readonly T[]) => Promise<void>): Promise<void> {
  for (let start = 0; start < all.length; start += BATCH) await each(all.slice(start, start + BATCH));
}

async function* finishedPages(from: Store, machine: string | undefined): AsyncGenerator<readonly FinishedLoop[]> {
  const ours = machine === undefined ? {} : { machine };
  let before: number | undefined;
  for (let offset = 0; ; offset += BATCH) {
    const page = await from.finished({ ...ours, limit: BATCH, offset, ...(before !== undefined && { before }) });
    // Loops that end meanwhile do not shift the remaining pages.
    before ??= (page[0]?.finishedAt ?? 0) + 1;
    if (page.length > 0) yield page;
    if (page.length < BATCH) return;
  }
}

/** Whether a live loop belongs to that machine: what others submitted for it stays where they see it (R16.4). */
export function belongsTo(machine: string | undefined, loop: Loop): boolean {
  return machine === undefined || (loop.machine === machine && !loop.repository);
}

/** Live, and without a process or a work tree that is being made. */
function isIdle(loop: Loop): loop is Extract<Loop, IdlePhase> {
  return isLive(loop) && !isActive(loop) && loop.state !== 'preparing';
}

function phaseOf(loop: Extract<Loop, IdlePhase>): IdlePhase {
  switch (loop.state) {
    case 'queued':
      return { state: 'queued', fresh: loop.fresh, ...(loop.wasParked && { wasParked: true }) };
    case 'backingOff':
      return { state: 'backingOff', until: loop.until };
    default: {
      const { state, why } = loop;
      return loop.for === 'you'
        ? { state, why, for: loop.for, need: loop.need }
        : { state, why, for: loop.for, until: loop.until };
    }
  }
}

/** What a loop has whatever its state. */
function loopFacts(loop: Loop): LoopFacts {
  const {
    state: _,
    fresh: _1,
    wasParked: _2,
    attempt: _3,
    until: _4,
    why: _5,
    for: _6,
    need: _7,
    finishedAt: _8,
    failure: _9,
    cleared: _10,
    ...facts
  } = loop as Loop & {
    readonly [field: string]: unknown;
  };
  return facts as unknown as LoopFacts;
}
