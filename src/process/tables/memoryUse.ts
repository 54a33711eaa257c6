import { readFileSync } from 'node:fs';

const FIELDS = /^(RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm;
const KILOBYTE = 1024;

/**
 * Memory that processes hold together, bytes: what is theirs alone, in memory or swapped out, and the most that one of
 * them shares with others. Files that are only mapped do not count. Processes that are gone hold none. Linux.
 */
export function memoryOf(pids: readonly number[], read: (path: string) => string = readText): number {
  let own = 0;
  let shared = 0;
  for (const pid of pids) {
    for (const [, name, size] of read(`/proc/${pid}/status`).matchAll(FIELDS)) {
      const bytes = Number(size) * KILOBYTE;
      if (name === 'RssShmem') shared = Math.max(shared, bytes);
      else own += bytes;
    }
  }
  return own + shared;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
