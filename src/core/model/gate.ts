/** Whose trouble ended an attempt (R14): what belongs to somebody else never uses up the loop. */
export type TroubleOwner = 'loop' | 'profile' | 'account' | 'machine' | 'provider';

/**
 * Why loops are held. `usageLimit`, `login`, `billing`: of the account. `program` (missing or not startable), `config`
 * (it refuses what the profile tells it): of the profile. `machine`: disk, memory, processes. `user`: by hand.
 * `absence`: nobody looked after them (R9.5).
 */
export type HoldReason = 'usageLimit' | 'login' | 'billing' | 'program' | 'config' | 'machine' | 'user' | 'absence';

/**
 * What a gate stands before. `folder`: only before loops in that working directory, whose own settings may be the cause
 * (R14.2). `absence` stands before the loops that were there when the supervisor came back after a long time.
 */
export type GateOf = (
  | { readonly kind: 'account' | 'profile'; readonly name: string; readonly folder?: string }
  | { readonly kind: 'machine' | 'absence' }
) & {
  /** The machine on which it stands, where several share the store; all of them if absent. */
  readonly machine?: string;
};

interface GateFacts {
  readonly of: GateOf;
  readonly reason: HoldReason;
  /** One sentence for people. */
  readonly why: string;
  /** The beginning of this state: wall time, ms. */
  readonly since: number;
  /** How often in a row it was held again after a trial or a check: the pauses grow with it. */
  readonly tries: number;
}

/** A gate that is not open; an open one has no record. */
export type GateRecord =
  /**
   * Nothing starts. `until`: when it is tried or checked again without a hand, wall time in ms; absent where only a
   * hand or a change of settings ends it. `guessed`: nobody named that time. `lastSeq`: with `absence`, the newest loop
   * that is held.
   */
  | (GateFacts & {
      readonly state: 'held';
      readonly until?: number;
      readonly guessed?: true;
      readonly lastSeq?: number;
    })
  /**
   * The hold is over: one loop goes first, and the others follow once it has shown that it can work (R14.2).
   * `lastAttempt`: the newest attempt (`id`) that had begun before; only later ones tell anything.
   */
  | (GateFacts & { readonly state: 'trial'; readonly lastAttempt: number });

export type HeldGate = Extract<GateRecord, { state: 'held' }>;
export type TrialGate = Extract<GateRecord, { state: 'trial' }>;

/** All gates that are not open, by `gateKey`. */
export type Gates = { readonly [key: string]: GateRecord };

/** Names a gate among those of all machines. */
export function storedGateKey(of: GateOf): string {
  return of.machine === undefined ? gateKey(of) : `${gateKey(of)}\n${of.machine}`;
}

/** Names a gate among those that stand on one machine. */
export function gateKey(of: GateOf): string {
  if (!('name' in of)) return of.kind;
  return `${of.kind}:${of.name}${of.folder === undefined ? '' : `\n${of.folder}`}`;
}
