import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEGABYTES = 256;
const FILLER = 'filler';

/** A folder on a small disk of its own, where mounting is allowed; else a plain one. */
export interface SmallDisk {
  readonly folder: string;
  /** Whether it can be filled without harm to others. */
  readonly isOwn: boolean;
  /** Takes all that is free, up to `spare` bytes. Throws where the disk is not its own. */
  fill(spare?: number): void;
  /** Gives it back. */
  free(): void;
  dispose(): void;
}

/** `megabytes`: its size. */
export function smallDisk(prefix: string, megabytes = MEGABYTES): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const isOwn = run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder]);
  const dispose = () => {
    if (isOwn) run('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const filler = join(folder, FILLER);
  const fill = (spare = 0) => {
    if (!isOwn) throw new Error(`${folder} is no disk of its own`);
    const { bavail, bsize } = statfsSync(folder);
    try {
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - spare)));
    } catch {
      // Now it is full.
    }
  };
  const free = () => rmSync(filler, { force: true });
  return { folder, isOwn, fill, free, dispose };
}

function run(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    // Only root may mount, and not everywhere.
    return false;
  }
}
