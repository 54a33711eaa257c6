import { statSync } from 'node:fs';
import { lookAt } from '../core/model/looks.ts';
import type { ProgramLook } from './headlessHost.ts';

/**
 * Returns what says whether the program of that path is the file that it is now. What cannot be seen proves nothing,
 * and passes for the same.
 */
export function watchProgram(path: string): () => ProgramLook {
  const look = () =>
    lookAt(() => {
      const { ino, size, mtimeMs } = statSync(path);
      return [ino, size, mtimeMs].join(' ');
    });
  const first = look();
  return () => {
    const now = look();
    if (now.state === 'gone') return 'gone';
    const isKnown = now.state === 'there' && first.state === 'there';
    return isKnown && now.value !== first.value ? 'replaced' : 'same';
  };
}
