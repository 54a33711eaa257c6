import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { isSupervisorError } from '../core/model/errors.ts';
import type { AttemptDetail, LoopDetail } from '../core/model/loopDetail.ts';
import { stripEscapes } from '../ui/text/safeText.ts';
import { sizeWord } from '../ui/webviewHost/sizeWord.ts';
import { CallError, EXIT } from './exitCodes.ts';
import { eventLines, jsonLines, type Show } from './logLines.ts';
import type { Session } from './session.ts';

const CHUNK = 64 * 1024;

/** Which output is shown, and how. */
export interface PrintOptions {
  /** As the agent wrote it. */
  readonly raw?: true;
  readonly stderr?: true;
}

/** Prints the output of one attempt. */
export interface LogPrinter {
  readonly token: string;
  /** Prints what was added since. Rejects where another machine has it, and it cannot be had (R16.8). */
  more(): Promise<void>;
  /** Prints what is left of an unfinished line. */
  end(): void;
}

/** Where an output can be read, and what brings there what was added since: true once that is all. */
interface LogSource {
  readonly path: string;
  bring(): Promise<boolean>;
}

/** Prints an attempt of a loop, wherever it runs. */
export async function logPrinter(
  session: Session,
  detail: LoopDetail,
  attempt: AttemptDetail,
  options: PrintOptions,
): Promise<LogPrinter> {
  const parts = await session.parts();
  const { path, bring } = await sourceOf(session, detail, attempt, options);
  const isPlain = attempt.isCheck || options.raw || options.stderr;
  const profile = isPlain ? undefined : parts.profile(detail.loop.agent);
  const reader = profile?.needsReading ? profile.reader(undefined, attempt.resumed ? {} : undefined) : undefined;
  const { output } = session;
  const plain: Show = (text) => output.raw(options.raw ? text : stripEscapes(text));
  const read = reader && eventLines(reader, output);
  const show = output.isJson ? jsonLines(attempt.number, reader, output) : (read ?? plain);
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.alloc(CHUNK);
  let position = 0;
  const print = () => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      // It has not begun, or retention has removed it.
      return;
    }
    try {
      for (let read = 1; read > 0; ) {
        read = readSync(file, buffer, 0, CHUNK, position);
        position += read;
        if (read > 0) show(decoder.write(buffer.subarray(0, read)));
      }
    } finally {
      closeSync(file);
    }
  };
  return {
    token: attempt.token,
    more: async () => {
      for (let isAll = false; !isAll; print()) isAll = await bring();
    },
    end: () => show(`${decoder.end()}${show === plain ? '' : '\n'}`),
  };
}

async function sourceOf(
  session: Session,
  { loopId, loop, machine }: LoopDetail,
  { token }: AttemptDetail,
  { stderr }: PrintOptions,
): Promise<LogSource> {
  const supervisor = await session.supervisor();
  const copy = machine === undefined ? undefined : supervisor.copiedOutput(token);
  if (!copy || machine === undefined) {
    const files = (await session.logs())(token);
    return { path: stderr ? files.stderr : files.stdout, bring: async () => true };
  }
  let isTold = false;
  const bring = async () => {
    const { isAtEnd, isFull, left } = await supervisor.fetchOutput({ loopId, seq: loop.seq, token }).catch(asTrouble);
    const missing = left > 0 ? `The first ${sizeWord(left)} of its output stay` : 'The end of its output stays';
    if (!isTold && (left > 0 || isFull))
      session.output.notice(`${missing} on ${machine}: run \`loops logs ${loopId}\` there.`);
    isTold ||= left > 0 || isFull;
    return isAtEnd;
  };
  return { path: stderr ? copy.err : copy.out, bring };
}

/** That a machine is offline is no mistake of the call. */
function asTrouble(error: unknown): never {
  if (isSupervisorError(error) && error.code === 'wrong-state') throw new CallError(EXIT.trouble, error.message);
  throw error;
}
