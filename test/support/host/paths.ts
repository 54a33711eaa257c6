import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../../..');

/** What is fetched or unpacked once for the tests, keyed by version. Ignored by git. */
export const CACHE = join(ROOT, '.vscode-test');

/** What users install, as the runner packs it before the suites that need it. */
export const VSIX = join(CACHE, 'loop-supervisor.vsix');

/** Screenshots and logs of the last run. Ignored by git. */
export const OUT = join(ROOT, 'test/ui/out');

/** A fresh folder that is the caller's to remove. */
export function freshFolder(name: string): string {
  mkdirSync(tmpdir(), { recursive: true });
  return realpathSync(mkdtempSync(join(tmpdir(), `loop-supervisor-${name}-`)));
}

/**
 * A folder that is filled once: `fill` works on a neighbour that gets the final name when it is complete, so that one
 * broken off half-way, or two at once, do no harm.
 */
export async function filledOnce(
  target: string,
  exists: (path: string) => boolean,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  if (exists(target)) return target;
  const draft = `${target}.${process.pid}.tmp`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await fill(draft);
    if (!exists(draft))
      throw new Error(
        `${target} could not be filled: a part of it is missing. Remove ${dirname(target)} and try again.`,
      );
    if (!exists(target)) {
      await rm(target, { recursive: true, force: true });
      await rename(draft, target);
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}
