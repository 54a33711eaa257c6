import { isOfAgent } from '../model/attempt.ts';
import { type CircuitRecord, CLOSED_CIRCUIT } from '../model/circuit.ts';
import { type GateRecord, gateKey } from '../model/gate.ts';
import { type ActiveLoop, payerOf } from '../model/loop.ts';
import { gatesOn } from '../policy/accountGate.ts';
import { attemptsAllowed } from '../policy/circuitBreaker.ts';
import type { SupervisorContext } from './context.ts';
import type { LiveState } from './liveState.ts';

/** Loops that share their gates: those of a profile, or of one of its folders. */
interface GatedLoops {
  readonly agent: string;
  readonly folder?: string;
}

/** Who pays for a profile (R14.1). A profile that no longer exists pays for itself. */
export function accountOf({ agents }: Pick<SupervisorContext, 'agents'>, agent: string): string {
  return agents.find(agent)?.account ?? agent;
}

export function circuitOf({ control }: LiveState, account: string): CircuitRecord {
  return control.circuits[account] ?? CLOSED_CIRCUIT;
}

/** The gates before a profile's loops that are not open, the widest first. */
export function gatesBefore(
  liveState: LiveState,
  context: SupervisorContext,
  { agent, folder }: GatedLoops,
): GateRecord[] {
  const { gates } = liveState.control;
  for (const _ in gates) return gatesOn(gates, accountOf(context, agent), agent, folder);
  return [];
}

/** Whether a loop runs that went through a gate on trial: what becomes of it counts for the others (R14.2). */
export function goesFirst(gate: GateRecord, loop: ActiveLoop): boolean {
  if (gate.of.machine !== undefined && gate.of.machine !== loop.machine) return false;
  return gate.state === 'trial' && loop.attempt.id > gate.lastAttempt && hasPassed(gate, loop);
}

/** Whether an attempt had to pass that gate. */
function hasPassed({ of }: GateRecord, loop: ActiveLoop): boolean {
  if (!('name' in of)) return of.kind === 'machine';
  // A check needs neither its agent nor its account.
  if (!isOfAgent(loop.attempt)) return false;
  const name = of.kind === 'profile' ? loop.agent : payerOf(loop);
  return of.name === name && (of.folder === undefined || of.folder === loop.cwd);
}

/**
 * How many more attempts may start, beside those that run: none where it is held, one at a time on trial, probes in
 * half-open.
 */
export class Capacity {
  readonly #liveState: LiveState;
  readonly #context: SupervisorContext;
  /** What is left, by gate and by account. */
  readonly #left = new Map<string, number>();

  constructor(liveState: LiveState, context: SupervisorContext) {
    this.#liveState = liveState;
    this.#context = context;
  }

  /** For one more loop of these. */
  isLeft(loops: GatedLoops): boolean {
    return this.#keys(loops).every((key) => (this.#left.get(key) as number) > 0);
  }

  take(loops: GatedLoops): void {
    for (const key of this.#keys(loops)) this.#left.set(key, (this.#left.get(key) as number) - 1);
  }

  /** The keys of what bounds these loops; what is left of each is known afterwards. */
  #keys(loops: GatedLoops): string[] {
    const account = accountOf(this.#context, loops.agent);
    const keys: string[] = [];
    for (const gate of gatesBefore(this.#liveState, this.#context, loops)) {
      const key = gateKey(gate.of);
      if (!this.#left.has(key)) this.#left.set(key, this.#leftAt(gate));
      keys.push(key);
    }
    const circuit = circuitOf(this.#liveState, account);
    if (circuit.state === 'closed') return keys;
    const key = `circuit:${account}`;
    if (!this.#left.has(key)) {
      const probes = this.#liveState.probes(account);
      this.#left.set(key, attemptsAllowed(circuit, this.#context.settings.circuit, probes));
    }
    keys.push(key);
    return keys;
  }

  #leftAt(gate: GateRecord): number {
    if (gate.state === 'held') return 0;
    const running = [...this.#liveState.active.values()].filter((loop) => goesFirst(gate, loop));
    return Math.max(0, 1 - running.length);
  }
}
