import type { Machine } from '../../src/core/ports/machine.ts';
import type { FakeClock } from './fakeClock.ts';

/** A machine among several that share a store: what its guardians were last told. */
export interface FakeMachine extends Machine {
  epoch: number;
  /** Until when its runs may go on: time since the boot, ms. */
  until: number;
}

/** A machine whose own clock runs as the wall clock does. */
export function fakeMachine(clock: FakeClock, id: string): FakeMachine {
  const machine: FakeMachine = {
    ...{ id, name: `the ${id}`, epoch: 0, until: 0 },
    bootNow: () => clock.now(),
    allowUntil: (epoch, until) => {
      machine.epoch = epoch;
      machine.until = until;
    },
  };
  return machine;
}
