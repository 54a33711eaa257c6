import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER, type AnswerRecord, ASK, type AskRecord } from './questionRecords.ts';

/** How often (ms) to look for an answer where the system reports no changes of folders. */
const LOOK_MS = 200;

/** Asks through the run folder, and waits for as long as it takes. */
export class Asker {
  readonly #folder: string;
  #asked = 0;

  /** `folder`: the folder `asks` of the run. It is made with the first question. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Asks, and resolves with the answer, or with undefined when `signal` withdraws the question.
   *
   * @throws the error of the file system when the question cannot be written.
   */
  async ask(question: AskRecord, signal?: AbortSignal): Promise<AnswerRecord | undefined> {
    const id = `${String(++this.#asked).padStart(6, '0')}-${randomBytes(6).toString('hex')}`;
    const path = join(this.#folder, id + ASK);
    const put = () => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.tmp`, JSON.stringify(question), { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    };
    put();
    try {
      // Somebody may take the folder away: without its question nobody would ever answer.
      const keep = () => existsSync(path) || tryTo(put);
      return await this.#answerOf(join(this.#folder, id + ANSWER), keep, signal);
    } finally {
      rmSync(path, { force: true });
    }
  }

  #answerOf(path: string, keep: () => void, signal: AbortSignal | undefined): Promise<AnswerRecord | undefined> {
    return new Promise((resolve) => {
      const done = (answer: AnswerRecord | undefined) => {
        clearInterval(timer);
        watcher?.close();
        signal?.removeEventListener('abort', withdraw);
        resolve(answer);
      };
      const look = () => {
        const answer = readAnswer(path);
        if (answer) done(answer);
        else keep();
      };
      const withdraw = () => done(undefined);
      const timer = setInterval(look, LOOK_MS);
      const watcher = watchFolder(this.#folder, look);
      signal?.addEventListener('abort', withdraw);
      if (signal?.aborted) withdraw();
      else look();
    });
  }
}

/** What fails now is tried again at the next look. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // The disk may be full.
  }
}

/** Undefined where the system cannot watch it: then it is only looked at. */
function watchFolder(folder: string, onChange: () => void): { close(): void } | undefined {
  try {
    return watch(folder, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}

function readAnswer(path: string): AnswerRecord | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const answer = JSON.parse(readFileSync(path, 'utf8')) as Partial<AnswerRecord>;
    if (typeof answer.allow !== 'boolean') return undefined;
    const { allow, choice, replies } = answer;
    return { allow, ...(typeof choice === 'string' && { choice }), ...(Array.isArray(replies) && { replies }) };
  } catch {
    // It is being written; the next look sees all of it.
    return undefined;
  }
}
