import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Whether a process can be left without descriptors here. */
export function canExhaust(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets a process open nothing more, until the function that this returns is called.
 *
 * @throws the error of the file system when the process has ended.
 */
export function exhaust(pid: number): () => void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (open.has(free)) free++;
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  const [, soft = '1024', hard = '4096'] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(limits) ?? [];
  const limit = (value: string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${value}:${hard}`], { stdio: 'ignore' });
  limit(String(free));
  return () => {
    try {
      limit(soft);
    } catch {
      // It has ended.
    }
  };
}
