import { spawn } from 'node:child_process';

/** Nothing that the sample agent leaves behind lives longer than this (ms). */
const LONGEST_LIFE_MS = 60 * 60 * 1000;

/** Starts processes that live on: the first has a child, and that one a child in a session of its own, as shells do. */
export function leaveChildren(count: number): number[] {
  return Array.from({ length: count }, (_, index) => start(index === 0 ? 2 : 0, false)).filter(
    (pid) => pid !== undefined,
  );
}

/** What such a process does: it starts those below it, and waits. */
export function beChild(below: number): void {
  if (below > 0) start(below - 1, below === 1);
  setTimeout(() => process.exit(0), LONGEST_LIFE_MS);
}

function start(below: number, ownSession: boolean): number | undefined {
  const [script = ''] = process.argv.slice(1);
  // The test runs the source, which needs the same options as its parent.
  const child = spawn(process.execPath, [...process.execArgv, script, '--be-child', String(below)], {
    detached: ownSession,
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
  return child.pid;
}
