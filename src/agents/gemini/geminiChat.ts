import { join } from 'node:path';
import type { Tokens } from '../../core/model/agentEvent.ts';
import { type JsonObject, objectIn, parseObject, textIn, tokenCount } from '../json.ts';
import { namesIn, tailOf } from '../sessionFile.ts';
import { addTokens, anyTokens, inclusiveTokens, NO_TOKENS } from '../tokenCount.ts';

/** Tokens of answers by the model that gave them. */
export type TokensByModel = readonly (readonly [model: string, tokens: Tokens])[];

const SESSION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What the answers of a session have used since a time (ms), as Gemini CLI itself wrote them down: it does so as each
 * is there, and tells it only at its end. `home`: the folder that holds its `.gemini`. Nothing where there is no such
 * file, or where it cannot be read.
 */
export function readChat(home: string, sessionId: string, since: number): TokensByModel {
  if (!SESSION_ID.test(sessionId)) return [];
  const tmp = join(home, '.gemini', 'tmp');
  const ending = `-${sessionId.slice(0, 8)}.jsonl`;
  for (const project of namesIn(tmp)) {
    const chats = join(tmp, project, 'chats');
    for (const name of namesIn(chats)) {
      const text = name.endsWith(ending) ? textOf(join(chats, name)) : '';
      // Another session may begin with the same digits.
      if (text.includes(`"${sessionId}"`)) return tokensIn(text, since);
    }
  }
  return [];
}

function textOf(path: string): string {
  try {
    return tailOf(path);
  } catch {
    return '';
  }
}

/** An answer is written again whenever something is added to it: the last line of an id counts. */
function tokensIn(text: string, since: number): TokensByModel {
  const answers = new Map<string, JsonObject>();
  for (const line of text.split('\n')) {
    if (!line.includes('"gemini"')) continue;
    const message = parseObject(line) ?? {};
    if (message['type'] === 'gemini' && Date.parse(textIn(message['timestamp'])) >= since)
      answers.set(textIn(message['id']), message);
  }
  const sums = new Map<string, Tokens>();
  for (const { model, tokens } of answers.values()) {
    const counted = countIn(objectIn(tokens));
    if (anyTokens(counted)) sums.set(textIn(model), addTokens(sums.get(textIn(model)) ?? NO_TOKENS, counted));
  }
  return [...sums];
}

function countIn(counts: JsonObject): Tokens {
  const input = tokenCount(counts['input']);
  const output = tokenCount(counts['output']) + tokenCount(counts['thoughts']);
  const rest = Math.max(output, tokenCount(counts['total']) - input);
  return inclusiveTokens(input, tokenCount(counts['cached']), 0, rest);
}
