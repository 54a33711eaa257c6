import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, VSIX } from './paths.ts';

/** Builds and packs what users install. */
export async function pack(): Promise<string> {
  mkdirSync(dirname(VSIX), { recursive: true });
  await promisify(execFile)('npm', ['run', 'package', '--', '--out', VSIX], { cwd: ROOT });
  return VSIX;
}
