import { parseArgs } from 'node:util';
import { type ListOptions, readStates, USUAL_LIMIT } from './loopListing.ts';

/** A valid call of `loops list`. */
export interface PlainList {
  readonly options: ListOptions;
  readonly isJson: boolean;
  /** The storage folder that it names. */
  readonly storage?: string;
}

/**
 * Reads a call of `loops list`. Returns undefined for any other command, and for calls that need a message: the full
 * program then prints it.
 */
export function readPlainList(words: readonly string[]): PlainList | undefined {
  const [command = ''] = words[0] === '--storage' ? words.slice(2) : words;
  if (command !== 'list' && command !== 'ls') return undefined;
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        all: { type: 'boolean', short: 'a' },
        ids: { type: 'boolean' },
        json: { type: 'boolean' },
        limit: { type: 'string', short: 'n' },
        state: { type: 'string', short: 's' },
        storage: { type: 'string' },
      },
    });
    if (positionals.length > 1) return undefined;
    const limit = values.limit === undefined ? USUAL_LIMIT : Number(values.limit);
    const state = values.state === undefined ? undefined : readStates(values.state);
    if (!Number.isInteger(limit) || limit < 1 || (state && 'unknown' in state)) return undefined;
    const { all, ids, storage, json } = values;
    return {
      options: { limit, ...(all && { all }), ...(ids && { ids }), ...(state && { state }) },
      isJson: json === true,
      ...(storage !== undefined && { storage }),
    };
  } catch {
    return undefined;
  }
}
