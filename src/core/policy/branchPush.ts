import type { Loop } from '../model/loop.ts';
import type { PushedBranch } from '../model/workTree.ts';

/** How long (ms) until a push that failed is tried again (R16.9). */
const AGAIN_AFTER_MS = 15 * 60_000;

/**
 * Whether the branch of a loop that is over is to be pushed now (R16.9). `remote`: the one that the settings name.
 * `isThere`: whether a host is.
 */
export function isPushDue(
  { attempts, workTree }: Loop,
  remote: string,
  now: number,
  isThere: (host: string) => boolean,
): boolean {
  const { made, push } = workTree ?? {};
  if (!made || push?.attempts !== attempts) return false;
  if (push.state === 'pushing') return !isThere(push.host);
  // A clock that went back starts over.
  if (push.state === 'failed') return push.remote !== remote || now - push.at >= AGAIN_AFTER_MS || now < push.at;
  return push.state === 'due';
}

/** Where the branch of a loop is for other machines, unless the loop has worked on since (R16.9). */
export function pushedBranch({ attempts, workTree }: Loop): PushedBranch | undefined {
  const { push } = workTree ?? {};
  return push?.state === 'pushed' && push.attempts === attempts ? push : undefined;
}
