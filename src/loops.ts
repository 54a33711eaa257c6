#!/usr/bin/env node
import { existsSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// The program `loops`: it makes the next start quick, and hands over to the command line in src/cli.ts.
const words = process.argv.slice(2);
const named = words[words.indexOf('--storage') + 1];
const storage =
  (words.includes('--storage') ? named : process.env['LOOP_SUPERVISOR_STORAGE']) || join(homedir(), '.loop-supervisor');
try {
  // In a folder of the owner's: what lies in it is run.
  if (existsSync(storage)) {
    const cache = join(storage, 'headless', 'cache');
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    enableCompileCache(cache);
  }
} catch {
  // It starts without.
}
void begin();

async function begin(): Promise<void> {
  await import('./cli.ts');
}
