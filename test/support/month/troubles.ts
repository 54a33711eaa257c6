import type { Seeded } from '../seeded.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What can go wrong for a while, and whose trouble it is. */
export type TroubleKind =
  | ('outage' | 'logout' | 'limit' | 'unnamedLimit' | 'billing')
  | ('program' | 'config')
  | ('disk' | 'machine' | 'folder' | 'mistyped');

export interface Trouble {
  readonly kind: TroubleKind;
  /** The account, profile, folder or setting; empty for the machine. */
  readonly of: string;
  /** ms since the month began. */
  readonly from: number;
  readonly to: number;
}

export interface Sufferers {
  readonly accounts: readonly string[];
  readonly profiles: readonly string[];
  readonly folders: readonly string[];
  readonly settings: readonly string[];
}

/** How often in a month each comes to each sufferer, and for how long (ms) at least and at most. */
const RATES: readonly [TroubleKind, keyof Sufferers | 'machine', number, number, number][] = [
  ['outage', 'accounts', 5, 10 * MINUTE, 6 * HOUR],
  ['logout', 'accounts', 3, HOUR, 15 * HOUR],
  ['limit', 'accounts', 5, HOUR, 5 * HOUR],
  ['unnamedLimit', 'accounts', 2, 20 * MINUTE, 2 * HOUR],
  ['billing', 'accounts', 2, 2 * HOUR, 8 * HOUR],
  ['program', 'profiles', 2, HOUR, 5 * HOUR],
  ['config', 'profiles', 2, HOUR, 3 * HOUR],
  ['disk', 'machine', 3, 30 * MINUTE, 3 * HOUR],
  ['machine', 'machine', 3, 30 * MINUTE, 2 * HOUR],
  ['folder', 'folders', 3, 30 * MINUTE, 4 * HOUR],
  ['mistyped', 'settings', 5, 30 * MINUTE, 6 * HOUR],
];

/** The troubles of a month of `lengthMs` (ms); the last of them ends before it does. */
export class Troubles {
  readonly all: readonly Trouble[];

  constructor(random: Seeded, sufferers: Sufferers, lengthMs: number) {
    const all: Trouble[] = [];
    for (const [kind, whose, times, shortest, longest] of RATES)
      for (const of of whose === 'machine' ? [''] : sufferers[whose])
        for (let time = 0; time < times; time++) {
          const from = random.between(0, lengthMs);
          all.push({ kind, of, from, to: Math.min(lengthMs, from + random.between(shortest, longest)) });
        }
    this.all = all;
  }

  /** The trouble of that kind which somebody has at that moment. */
  at(now: number, kind: TroubleKind, of = ''): Trouble | undefined {
    return this.all.find((one) => one.kind === kind && one.of === of && one.from <= now && now < one.to);
  }

  /** Whose troubles of that kind there are at that moment. */
  of(now: number, kind: TroubleKind): string[] {
    return this.all.filter((one) => one.kind === kind && one.from <= now && now < one.to).map(({ of }) => of);
  }
}
