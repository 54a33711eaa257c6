import { createHash } from 'node:crypto';
import type { Json } from '../../core/model/agentEvent.ts';

/** How many different lines are remembered; the oldest are forgotten first. */
const REMEMBERED = 2_000;
const KEY_CHARACTERS = 16;

/**
 * Names what a line of output reports by what it says, not by where it stands (R8.1): a line that is read twice gets
 * the same key twice, and so is billed once. Equal lines within one reading are numbered.
 */
export class EventKeys {
  readonly #seen: Map<string, number>;

  /** `state`: what `state()` returned where an earlier reading stopped. */
  constructor(state?: Json) {
    this.#seen = new Map(isCounts(state) ? Object.entries(state) : []);
  }

  /** The keys of `count` reports that one line holds, in their order. */
  of(line: string, count: number): string[] {
    const hash = createHash('sha256').update(line).digest('base64url').slice(0, KEY_CHARACTERS);
    const times = (this.#seen.get(hash) ?? 0) + 1;
    // As the newest.
    this.#seen.delete(hash);
    this.#seen.set(hash, times);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.keys().next().value as string);
    return Array.from({ length: count }, (_, index) => `${hash}.${times}.${index}`);
  }

  state(): Json {
    return Object.fromEntries(this.#seen);
  }
}

function isCounts(state: Json | undefined): state is { [key: string]: number } {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return false;
  return Object.values(state).every((times) => typeof times === 'number');
}
