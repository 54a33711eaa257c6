import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Directives } from './directives.ts';

/** The one file that the sample agent ever writes in its working folder. */
const FILE = 'sample-work.md';

/**
 * Edits the file of the sample's work: each run adds a step. How many there were is read from the file itself, so that
 * a fresh session goes on too. Returns what it did, in words.
 */
export function edit(folder: string, { finishInRun = 1, stuck, worse }: Directives): string {
  const run = stepsIn(join(folder, FILE)) + 1;
  if (stuck && run > 1) return 'I looked again, and changed nothing.';
  const finished = !stuck && !worse && run >= finishInRun;
  const steps = Array.from({ length: run }, (_, n) => `- step ${n + 1}`);
  const score = worse ? 100 - 10 * run : 10 * run;
  const text = ['# Sample work', '', ...steps, '', `score: ${score}`, finished ? 'finished' : 'unfinished', ''];
  writeFileSync(join(folder, FILE), text.join('\n'));
  return finished ? `I finished ${FILE}.` : `I worked on ${FILE}; it is not finished yet.`;
}

function stepsIn(path: string): number {
  try {
    return readFileSync(path, 'utf8').match(/^- step /gm)?.length ?? 0;
  } catch {
    // There is no such file yet.
    return 0;
  }
}
