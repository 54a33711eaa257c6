import { readFileSync, writeFileSync } from 'node:fs';

const PATH = '/proc/self/oom_score_adj';
/** Out of 1,000: how much more likely an agent is to be killed for want of memory than its guardian, and so on. */
const STEP = 100;
const HIGHEST = 1_000;

/**
 * Makes agents a better choice than guardians for the kernel when it wants memory, and guardians than the editor
 * (R13.2): what is started within `start` is two steps above the process that started this one, and this one is one
 * step above it.
 */
export function startBelow<T>(start: () => T): T {
  const before = scoreNow();
  if (before === undefined) return start();
  setScore(before + 2 * STEP);
  try {
    return start();
  } finally {
    // Any process may raise its score, and lower it again to where it was.
    setScore(before + STEP);
  }
}

function scoreNow(): number | undefined {
  try {
    const score = Number(readFileSync(PATH, 'latin1'));
    return Number.isInteger(score) ? score : undefined;
  } catch {
    // No Linux, or no descriptor: it stays as it is.
    return undefined;
  }
}

function setScore(score: number): void {
  try {
    writeFileSync(PATH, String(Math.min(score, HIGHEST)));
  } catch {
    // Best effort.
  }
}
