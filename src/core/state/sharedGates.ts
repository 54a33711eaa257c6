import { type GateOf, type GateRecord, type Gates, gateKey, type HoldReason, storedGateKey } from '../model/gate.ts';

/** Logins, programs, profiles and disks are those of one machine; limits and payments are the account's (R14.1). */
const OF_MACHINE: readonly HoldReason[] = ['login', 'program', 'config', 'machine'];

/** What a trouble holds where several machines share the store: only on this machine, if it is of that kind. */
export function heldHere(of: GateOf, reason: HoldReason, machine: string | undefined): GateOf {
  return machine !== undefined && OF_MACHINE.includes(reason) ? { ...of, machine } : of;
}

/** The gates that stand on a machine, by `gateKey`: its own come before those of all machines. */
export function gatesOf(machine: string | undefined, stored: Gates): Gates {
  if (machine === undefined) return stored;
  const standing = Object.values(stored).filter(({ of }) => of.machine === undefined || of.machine === machine);
  const own = (gate: GateRecord) => Number(gate.of.machine !== undefined);
  return Object.fromEntries(standing.sort((a, b) => own(a) - own(b)).map((gate) => [gateKey(gate.of), gate]));
}

/** What is to be stored once the gates of a machine are as they are in `shown`: those of others stay. */
export function withGatesOf(machine: string | undefined, stored: Gates, shown: Gates): Gates {
  if (machine === undefined) return shown;
  const before = new Set(Object.values(gatesOf(machine, stored)));
  const others = Object.values(stored).filter((gate) => !before.has(gate));
  return Object.fromEntries([...others, ...Object.values(shown)].map((gate) => [storedGateKey(gate.of), gate]));
}
