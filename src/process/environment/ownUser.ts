import { homedir, userInfo } from 'node:os';
import { parse } from 'node:path';

// In some containers the system knows nothing of the user that we run as, and Node throws where it is asked.

/** The home folder; the root folder where there is none. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return parse(process.execPath).root;
  }
}

/** The login shell; undefined where none is known. */
export function loginShell(): string | undefined {
  try {
    return userInfo().shell ?? undefined;
  } catch {
    return undefined;
  }
}
