import type { Connection, Query } from './connection.ts';

/** The prompts, byte for byte. They are kept apart from their loops because they are large and seldom read. */
export class PromptTable {
  readonly #insert: Query;
  readonly #get: Query;

  constructor(connection: Connection) {
    this.#insert = connection.prepare('INSERT OR REPLACE INTO prompts (seq, prompt) VALUES (?, ?)');
    // Text is read in half the time of bytes, but older versions of Node end it at a NUL.
    this.#get = connection.prepare(
      "SELECT CASE WHEN instr(prompt, x'00') THEN prompt ELSE CAST(prompt AS TEXT) END AS prompt " +
        'FROM prompts WHERE seq = ?',
    );
  }

  insert(seq: number, prompt: string): void {
    this.#insert.execute(seq, Buffer.from(prompt));
  }

  /** Empty when there is none. */
  get(seq: number): string {
    const prompt = this.#get.get(seq)?.prompt;
    if (typeof prompt === 'string') return prompt;
    return prompt instanceof Uint8Array ? textOf(prompt) : '';
  }
}

/** Unlike a `TextDecoder`, this keeps a byte order mark. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
