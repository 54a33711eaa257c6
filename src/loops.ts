#!/usr/bin/env node
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadCompiled } from './cli/compiledBundle.ts';
import type * as List from './list.ts';

// The program `loops`: it turns on the compile cache, then loads the command line from src/cli.ts, or `loops list`.
const OLDEST = [22, 15] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`loops needs Node ${OLDEST.join('.')} or later, and this is ${process.versions.node}.\n`);
  process.exit(1);
}
const words = process.argv.slice(2);
const named = words[words.indexOf('--storage') + 1];
const storage =
  (words.includes('--storage') ? named : process.env['LOOP_SUPERVISOR_STORAGE']) || join(homedir(), '.loop-supervisor');
// In a folder of the owner's: what lies in it is run.
const cache = join(storage, 'headless', 'cache');
try {
  if (existsSync(storage)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    nodeModule.enableCompileCache(cache);
  }
} catch {
  // It works without a cache, too.
}
// A reader such as `head` may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`The result could not be written: ${error.message}.\n`);
  process.exit(1);
});
// Standard error only accompanies the result, which may still have a reader.
process.stderr.on('error', () => undefined);
void begin();

/** `loops list`, which is called most, and by completion at each key, loads little. */
async function begin(): Promise<void> {
  if (words.some((word) => word === 'list' || word === 'ls')) {
    const bundle = join(dirname(realpathSync(process.argv[1] as string)), 'list.cjs');
    const kept = join(cache, `list-${process.versions.v8}-${process.arch}`);
    const list = loadCompiled<typeof List>(bundle, kept);
    const listed = await list.exports.listAtOnce(words);
    // A list without any loop has run too little of it.
    if (listed) list.keep();
    if (listed !== undefined) return;
  }
  await import('./cli.ts');
}
