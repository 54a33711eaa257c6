import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEGABYTES = 256;

/** A folder on a small disk of its own, where mounting is allowed; else a plain one. */
export interface SmallDisk {
  readonly folder: string;
  /** Whether it can be filled without harm to others. */
  readonly isOwn: boolean;
  dispose(): void;
}

export function smallDisk(prefix: string): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const isOwn = run('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m,mode=700`, 'tmpfs', folder]);
  const dispose = () => {
    if (isOwn) run('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { folder, isOwn, dispose };
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
