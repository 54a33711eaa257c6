import { readFileSync } from 'node:fs';
import { findUserScope, HOST_SCOPE, type ScopeQuestions, THIS_SYSTEM } from '../process/contain/userScope.ts';

/** What becomes of the headless host when its user logs out (R15.1). */
export interface AfterLogout {
  readonly survives: 'yes' | 'perhaps' | 'no';
  /** A sentence. */
  readonly why: string;
}

/** What it asks the system; tests answer in its place. */
export interface LogoutQuestions extends ScopeQuestions {
  readonly platform: NodeJS.Platform;
  /** The control groups of a process, as Linux writes them; empty where that is not known. */
  readonly groupsOf: (pid: number) => string;
}

const SYSTEM: LogoutQuestions = {
  ...THIS_SYSTEM,
  platform: process.platform,
  groupsOf: (pid) => {
    try {
      return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    } catch {
      return '';
    }
  },
};

/** Whether the headless host of that pid goes on after its user's last logout; the next one that starts if absent. */
export async function afterLogout(pid: number | undefined, questions: LogoutQuestions = SYSTEM): Promise<AfterLogout> {
  const { platform, groupsOf } = questions;
  if (platform === 'win32') return { survives: 'no', why: 'Windows ends it when you log out.' };
  if (platform !== 'linux') return { survives: 'perhaps', why: 'This system may end it when you log out.' };
  if (pid !== undefined && groupsOf(pid).includes(`/${HOST_SCOPE}`))
    return { survives: 'yes', why: 'It runs in a scope of your systemd, and goes on after you log out.' };
  const scope = await findUserScope(questions);
  if ('why' in scope)
    return { survives: 'perhaps', why: `Some systems end what users leave behind when they log out: ${scope.why}.` };
  return pid === undefined
    ? { survives: 'yes', why: 'It will run in a scope of your systemd, and go on after you log out.' }
    : {
        survives: 'perhaps',
        why: 'It was started outside of your systemd. `loops host stop`, then `loops host start`, moves it there.',
      };
}
