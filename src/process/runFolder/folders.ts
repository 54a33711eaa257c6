import { statSync } from 'node:fs';
import type { Folders } from '../../core/ports/launcher.ts';
import { GONE, lookAt } from '../../core/model/looks.ts';

/** The folders of this machine. */
export const folders: Folders = {
  look: (path) => {
    const look = lookAt(() => statSync(path));
    return look.state === 'there' && !look.value.isDirectory() ? GONE : look;
  },
};
