import { join } from 'node:path';
import type { Tokens } from '../../core/model/agentEvent.ts';
import { type JsonObject, objectIn, parseObject, textIn, tokenCount } from '../json.ts';
import { namesIn, tailOf } from '../sessionFile.ts';
import { addTokens, inclusiveTokens, NO_TOKENS } from '../tokenCount.ts';

/** What Codex wrote down about the last turn of a thread, in its own session file. */
export interface RolloutFacts {
  /** The model of the last turn. */
  readonly model?: string;
  /** Tokens of the answers that the last turn got, as far as they were written; absent when none was. */
  readonly turn?: Tokens;
}

const DAY_MS = 86_400_000;
const THREAD_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Reads the session file of a thread. `home` is Codex's own folder, such as `~/.codex`. Undefined where there is no
 * such file, or where it cannot be read: it is a help for prices, and nothing depends on it.
 */
export function readRollout(home: string, threadId: string): RolloutFacts | undefined {
  if (!THREAD_ID.test(threadId)) return undefined;
  try {
    const path = findRollout(home, threadId);
    return path === undefined ? undefined : factsIn(tailOf(path));
  } catch {
    return undefined;
  }
}

/** Files lie in a folder per day, and the id holds the day; the folder's is that of some local time. */
function findRollout(home: string, threadId: string): string | undefined {
  const made = Number.parseInt(threadId.replaceAll('-', '').slice(0, 12), 16);
  for (const at of [made, made - DAY_MS, made + DAY_MS]) {
    const folder = join(home, 'sessions', ...new Date(at).toISOString().slice(0, 10).split('-'));
    const file = namesIn(folder).find((name) => name.endsWith(`-${threadId}.jsonl`));
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}

/** What the end of a session file says about its last turn. */
function factsIn(text: string): RolloutFacts {
  let model = '';
  let turnId = '';
  let turn: Tokens | undefined;
  for (const line of text.split('\n')) {
    const context = line.includes('"turn_context"');
    // Most lines are messages and results, not worth parsing.
    if (!context && !line.includes('"token_usage_record"')) continue;
    const entry = parseObject(line);
    const payload = objectIn(entry?.['payload']);
    if (entry?.['type'] === 'turn_context') {
      model = textIn(payload['model']) || model;
      if (textIn(payload['turn_id']) !== turnId) turn = undefined;
      turnId = textIn(payload['turn_id']);
    } else if (entry?.['type'] === 'token_usage_record' && textIn(payload['turn_id']) === turnId) {
      turn = addTokens(turn ?? NO_TOKENS, codexTokens(objectIn(payload['usage'])));
    }
  }
  return { ...(model !== '' && { model }), ...(turn && { turn }) };
}

/** Codex's token counts, in its stream and in its files. */
export function codexTokens(counts: JsonObject): Tokens {
  return inclusiveTokens(
    tokenCount(counts['input_tokens']),
    tokenCount(counts['cached_input_tokens']),
    tokenCount(counts['cache_write_input_tokens']),
    tokenCount(counts['output_tokens']),
  );
}
