import * as z from 'zod/mini';
import { LONGEST_INQUIRY, MOST_INQUIRIES } from '../../asking/questionRecords.ts';
import { lookAt } from '../../core/model/looks.ts';
import type { Answer, AskedQuestion, ChoiceKind, PermissionRequest } from '../../core/model/question.ts';
import { lookAtJson, readJson, sizeOf } from '../runFolder/atomicFile.ts';
import { askPath, putAnswer, questionIds } from '../runFolder/questionFiles.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';
import { linkTargets } from './linkTargets.ts';

/** A larger request (bytes) is not one of ours. */
const LARGEST_BYTES = 4 * 1024 * 1024;
/** No agent asks this many at once. */
const MOST_QUESTIONS = 50;
/** A request that could not be read for this long (ms) is taken for one that never can be. */
const UNSEEN_FOR_MS = 60_000;

const kinds = <T extends string>(names: readonly T[]) => z.enum(names);
const inquiryText = z.string().check(z.maxLength(LONGEST_INQUIRY));
const inquiry = z.object({
  text: inquiryText,
  options: z
    .array(z.object({ label: inquiryText, about: z.exactOptional(inquiryText) }))
    .check(z.maxLength(MOST_INQUIRIES)),
  multiple: z.boolean(),
});
const request = z
  .object({
    kind: kinds<PermissionRequest['kind']>(['command', 'edit', 'read', 'fetch', 'other', 'inquiry']),
    tool: z.string(),
    title: z.string(),
    command: z.exactOptional(z.string()),
    paths: z.exactOptional(z.array(z.string())),
    diff: z.exactOptional(z.string()),
    details: z.exactOptional(z.string()),
    inquiries: z.exactOptional(z.array(inquiry).check(z.minLength(1), z.maxLength(MOST_INQUIRIES))),
  })
  .check(z.refine(({ kind, inquiries }) => (kind === 'inquiry') === (inquiries !== undefined)));
const record = z.object({
  request,
  choices: z
    .array(
      z.object({
        id: z.string(),
        kind: kinds<ChoiceKind>(['allowOnce', 'allowAlways', 'denyOnce', 'denyAlways']),
        label: z.string(),
      }),
    )
    .check(z.minLength(1), z.maxLength(20)),
});

const run = z.object({ cwd: z.string() });

/** Watches which questions lie in the run folder (R17.1). */
export class AskWatch {
  readonly #files: RunFiles;
  readonly #onChange: (questions: readonly AskedQuestion[]) => void;
  readonly #log: (message: string) => void;
  /** Requests that were read, by id; they never change. */
  #read = new Map<string, AskedQuestion | 'unreadable'>();
  /** Since when (time of `performance.now`) some request could not be read. */
  #unseenSince: number | undefined;
  #told = '';
  readonly #answers = new Map<string, Answer>();

  constructor(
    files: RunFiles,
    onChange: (questions: readonly AskedQuestion[]) => void,
    log: (message: string) => void,
  ) {
    this.#files = files;
    this.#onChange = onChange;
    this.#log = log;
  }

  /** Tells the first time, so that what is stored of an earlier look is corrected, and when something has changed. */
  look(): void {
    const ids = questionIds(this.#files);
    // What cannot be seen now may still be there.
    if (ids.state !== 'there') return;
    const read = new Map<string, AskedQuestion | 'unreadable'>();
    let isWhole = true;
    this.#answerAgain();
    // One that was taken away and comes back has its answer: it is no new one.
    const known = ids.value.filter((id) => this.#read.has(id) || !this.#answers.has(id));
    for (const id of known.slice(0, MOST_QUESTIONS)) {
      const question = this.#read.get(id) ?? this.#open(id);
      if (question === 'unseen') isWhole = false;
      else if (question) read.set(id, question);
    }
    this.#read = read;
    this.#unseenSince = isWhole ? undefined : (this.#unseenSince ?? performance.now());
    // One that is left out would count as withdrawn.
    if (!isWhole) return;
    const questions = [...read.values()].filter((one) => one !== 'unreadable');
    const told = `:${questions.map(({ id }) => id).join(' ')}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#onChange(questions);
  }

  /**
   * Leaves an answer for the program that asked; the first one stands.
   *
   * @throws the error of the file system.
   */
  answer(id: string, answer: Answer): void {
    if (!this.#answers.has(id)) this.#answers.set(id, answer);
    putAnswer(this.#files, id, answer);
  }

  /** Where the run folder was taken away, the program asks again, and the answer went with the folder. */
  #answerAgain(): void {
    if (this.#answers.size === 0) return;
    const open = questionIds(this.#files, 'open');
    for (const id of open.state === 'there' ? open.value : []) {
      const answer = this.#answers.get(id);
      // What fails now is tried again at the next look.
      if (answer) lookAt(() => putAnswer(this.#files, id, answer));
    }
  }

  /** Undefined where it is gone. `unseen`: it cannot be read for now. */
  #open(id: string): AskedQuestion | 'unreadable' | 'unseen' | undefined {
    const path = askPath(this.#files, id);
    const look = (sizeOf(path) ?? 0) > LARGEST_BYTES ? { state: 'there', value: undefined } : lookAtJson(path);
    if (look.state === 'gone') return undefined;
    const isGivenUp = this.#unseenSince !== undefined && performance.now() - this.#unseenSince >= UNSEEN_FOR_MS;
    if (look.state === 'unknown' && !isGivenUp) return 'unseen';
    const parsed = record.safeParse('value' in look ? look.value : undefined);
    if (parsed.success) {
      const { request, choices } = parsed.data;
      const targets = linkTargets(request, this.#folder());
      return { id, request: { ...request, ...(targets && { targets }) }, choices };
    }
    this.#log(`The question ${path} cannot be read and is not shown.`);
    return 'unreadable';
  }

  /** The folder in which the run works; undefined where that cannot be read. */
  #folder(): string | undefined {
    const parsed = run.safeParse(readJson(this.#files.request));
    return parsed.success ? parsed.data.cwd : undefined;
  }
}
