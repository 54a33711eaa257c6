import { readdirSync, readFileSync } from 'node:fs';
import { type Line, linesOf, type ToolCalls, turnLines } from '../../../src/driver/acpLines.ts';
import { questionOf } from '../../../src/driver/acpRequest.ts';
import type { JsonObject } from '../../../src/driver/json.ts';

const FOLDER = new URL('../../fixtures/acp/', import.meta.url);

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: JsonObject;
  readonly result?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface Replay {
  readonly lines: readonly Line[];
  readonly questions: readonly ReturnType<typeof questionOf>[];
  readonly answers: readonly unknown[];
}

/** The conversations with real agents of the Agent Client Protocol that were recorded. */
export function acpNames(): string[] {
  return readdirSync(FOLDER).map((file) => file.replace('.ndjson', ''));
}

/** What the driver makes of a recorded conversation with a real agent. */
export function acpReplay(name: string): Replay {
  const calls: ToolCalls = new Map();
  const lines: Line[] = [];
  const questions: ReturnType<typeof questionOf>[] = [];
  const answers: unknown[] = [];
  const asked = new Map<unknown, string>();
  let isPrompted = false;
  for (const row of readFileSync(new URL(`${name}.ndjson`, FOLDER), 'utf8')
    .trim()
    .split('\n')) {
    const { dir, msg } = JSON.parse(row) as { readonly dir: string; readonly msg: Message };
    if (dir === 'client' && msg.method !== undefined) {
      asked.set(msg.id, msg.method);
      isPrompted ||= msg.method === 'session/prompt';
      if (msg.method === 'session/load') lines.push({ acp: 'session', id: msg.params?.['sessionId'] });
    } else if (dir === 'client') answers.push(msg.result?.['outcome']);
    else if (msg.method === 'session/request_permission') questions.push(questionOf(msg.params ?? {}, calls));
    else if (msg.method === 'session/update' && isPrompted)
      lines.push(...linesOf(msg.params?.['update'] as JsonObject, calls));
    else if (msg.method === undefined) {
      const step = asked.get(msg.id);
      const at = step === 'session/prompt' ? 'prompt' : 'session';
      if (msg.error) lines.push({ acp: 'error', at, message: msg.error.message, code: msg.error.code });
      else if (step === 'session/new') lines.push({ acp: 'session', id: msg.result?.['sessionId'] });
      else if (step === 'session/prompt') lines.push(...turnLines(msg.result ?? {}));
    }
  }
  return { lines, questions, answers };
}

/** The lines of the driver as its output. */
export function acpOutput(lines: readonly Line[]): string {
  return lines.map((line) => JSON.stringify(line)).join('\n');
}
