import { statSync } from 'node:fs';
import type { Folders } from '../../core/ports/launcher.ts';

/** The folders of this machine. */
export const folders: Folders = {
  exists: (path) => {
    try {
      return statSync(path).isDirectory();
    } catch {
      // Whatever the reason, such as a disk of another machine that does not answer: no agent can work there.
      return false;
    }
  },
};
