import { statSync } from 'node:fs';
import { lookAt } from '../core/model/looks.ts';
import type { ProgramLook } from './headlessHost.ts';

/**
 * Returns a function that says whether the program at that path is still the same file. One that cannot be read counts
 * as the same.
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
