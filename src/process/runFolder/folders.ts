import { statSync } from 'node:fs';
import { GONE, lookAt } from '../../core/model/looks.ts';
import type { Folders } from '../../core/ports/launcher.ts';

/** The folders of this machine. */
export const folders: Folders = {
  look: (path) => {
    if (path.includes('\0')) return GONE;
    const look = lookAt(() => statSync(path));
    return look.state === 'there' && !look.value.isDirectory() ? GONE : look;
  },
};
