import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { GONE, type Look, lookAt, there, unknown } from '../../core/model/looks.ts';
import { createTable } from './platformTable.ts';
import type { ProcessTable } from './processTable.ts';

/** What Git needs to know of processes: who they are, whether they live, and who works in a folder. */
export interface Workers extends Pick<ProcessTable, 'find' | 'look'> {
  worksIn(folder: string, program: string): Look;
}

export function createWorkers(): Workers {
  const table = createTable();
  return { find: (pid) => table.find(pid), look: (processes) => table.look(processes), worksIn };
}

/**
 * Whether a program whose name begins with `program` has `folder`, or one inside, as its working directory. `unknown`
 * where the platform does not show it.
 */
export function worksIn(folder: string, program: string): Look {
  if (process.platform !== 'linux') return unknown('this system does not show where programs work');
  const real = lookAt(() => realpathSync(folder));
  const pids = lookAt(() => readdirSync('/proc').filter((name) => /^\d+$/.test(name)));
  if (real.state !== 'there') return real;
  if (pids.state !== 'there') return pids.state === 'gone' ? unknown('/proc is not mounted') : pids;
  let unseen: Look | undefined;
  for (const pid of pids.value) {
    const name = lookAt(() => readFileSync(`/proc/${pid}/comm`, 'utf8'));
    if (name.state === 'unknown') unseen = name;
    if (name.state !== 'there' || !name.value.startsWith(program)) continue;
    const place = lookAt(() => readlinkSync(`/proc/${pid}/cwd`));
    if (place.state === 'unknown') unseen = place;
    if (place.state === 'there' && `${place.value}${sep}`.startsWith(`${real.value}${sep}`)) return there(Number(pid));
  }
  return unseen ?? GONE;
}
