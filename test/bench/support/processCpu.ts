import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time that the threads of a process have used, ms: by the scheduler's count in ns, since ticks of 10 ms are too
 * coarse for what idles.
 */
export function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return (
    threads.reduce(
      (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
      0,
    ) / 1e6
  );
}
