import { readdirSync, readFileSync } from 'node:fs';

/** A living process that carries the marker of an attempt. */
export interface MarkedProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly loopId: string;
  readonly attempt: string;
  /** It leads its process group, as the agent itself does: what an agent starts may come and go. */
  readonly leads: boolean;
}

/**
 * All living processes whose loop's id begins with `prefix`, read anew from /proc: the tests' own eyes, not the
 * product's.
 */
export function markedProcesses(prefix: string): MarkedProcess[] {
  const found: MarkedProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      const loopId = entryOf(environment, 'LOOP_SUPERVISOR_LOOP');
      const attempt = entryOf(environment, 'LOOP_SUPERVISOR_ATTEMPT');
      if (loopId === undefined || attempt === undefined || !loopId.startsWith(prefix)) continue;
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') continue;
      found.push({ pid: Number(name), startTime: fields[19] as string, loopId, attempt, leads: fields[2] === name });
    } catch {
      // It has ended while we looked, or is somebody else's.
    }
  }
  return found;
}

/** Whether a process that was seen still lives. */
export function stillLives(process: MarkedProcess): boolean {
  try {
    const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && fields[19] === process.startTime;
  } catch {
    return false;
  }
}

/** Ends what is left of loops whose ids begin with `prefix`; each is told by its start time. */
export function endMarked(prefix: string): void {
  for (const left of markedProcesses(prefix)) if (stillLives(left)) signalSeen(left.pid, 'SIGKILL');
}

/** Signals a process that was seen just now. Returns whether it got the signal: it may have ended since. */
export function signalSeen(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function entryOf(environment: readonly string[], name: string): string | undefined {
  return environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
