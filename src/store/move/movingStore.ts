import type { Loop } from '../../core/model/loop.ts';
import type { StatedRead, Store, StoreTransaction } from '../../core/ports/store.ts';
import type { Arrival, Departure, IdlePhase } from '../rows/departureRow.ts';

/** What a move of loops between two stores does in a transaction of either (R16.1). */
export interface MoveTransaction extends StoreTransaction {
  /** The `seq` of the live loop of that id, even if its row cannot be read. */
  holderOf(loopId: string): number | undefined;
  /** Those of these loops of the store named `source`, by their `seq` there, that came here. */
  arrivals(source: string, seqs: readonly number[]): ReadonlyMap<number, Arrival>;
  /**
   * Writes a loop of another store with its prompt: over the finished loop in the row `into`, or in a new row. Returns
   * its `seq` here. If it is live, no live loop may have its id.
   */
  adopt(loop: Loop, prompt: string, into: number | undefined): number;
  /** Notes that a loop of the store named `source` has come. */
  noteArrival(source: string, arrival: Arrival): void;
  /** Notes that a loop, which the same transaction cancels, goes on in the store named `target`. */
  noteDeparture(seq: number, target: string, phase: IdlePhase): Departure;
  /** Notes that a loop that departed is known to have arrived. */
  noteArrived(seq: number): void;
  /** Forgets that a loop departed: it is here again. */
  forgetDeparture(seq: number): void;
}

/** A store that loops can be moved to and from. */
export interface MovingStore extends Store {
  /** Like `write`. */
  move<T>(work: (tx: MoveTransaction) => T, reads?: readonly StatedRead[]): Promise<T>;
  /** All loops that came from the store named `source`. */
  arrivals(source: string): Promise<Arrival[]>;
  /** All loops that were moved to another store and have not come back. */
  departures(): Promise<Departure[]>;
}
