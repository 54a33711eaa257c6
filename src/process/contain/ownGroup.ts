import { join } from 'node:path';

/** The folder of the control group of version 2 that this process is in; undefined where there is none. */
export function ownGroup(mountinfo: string, cgroup: string): string | undefined {
  const within = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  if (within === undefined) return undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (!after.startsWith('cgroup2 ')) continue;
    const [, , , root = '/', mount = ''] = before.split(' ');
    const rest = root === '/' ? within : within.startsWith(root) ? within.slice(root.length) : undefined;
    if (rest !== undefined) return join(unescaped(mount), rest);
  }
  return undefined;
}

/** Mount points have spaces and the like as octal numbers. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
