import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER, ASK, isQuestionId } from '../../asking/questionRecords.ts';
import { type Look, lookOf, there } from '../../core/model/looks.ts';
import type { Answer } from '../../core/model/question.ts';
import { createOnce } from './atomicFile.ts';
import { FORMAT } from './records.ts';
import type { RunFiles } from './runFiles.ts';

/** The ids of the questions that lie in a run folder, oldest first (R17.1). `open`: only those without an answer. */
export function questionIds({ asks }: RunFiles, which: 'all' | 'open' = 'all'): Look<readonly string[]> {
  try {
    const names = new Set(readdirSync(asks));
    const ids = [...names].flatMap((name) => (name.endsWith(ASK) ? [name.slice(0, -ASK.length)] : []));
    const wanted = ids.filter((id) => isQuestionId(id) && (which === 'all' || !names.has(id + ANSWER)));
    return there(wanted.sort());
  } catch (error) {
    const look = lookOf(error);
    return look.state === 'gone' ? there([]) : look;
  }
}

/** The path of a question's request. */
export function askPath({ asks }: RunFiles, id: string): string {
  return join(asks, id + ASK);
}

/**
 * Leaves an answer for the program that asked, unless there is one already. A run folder that is gone, or on another
 * machine, needs none.
 *
 * @throws the error of the file system otherwise.
 */
export function putAnswer({ asks }: RunFiles, id: string, answer: Answer): void {
  if (!isQuestionId(id)) return;
  try {
    createOnce(join(asks, id + ANSWER), { format: FORMAT, ...answer });
  } catch (error) {
    if (lookOf(error).state !== 'gone') throw error;
  }
}
