import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** A bundle that has been loaded. */
export interface CompiledBundle<T> {
  readonly exports: T;
  /** Keeps what V8 has compiled of it by now, unless an earlier call has: for when the bundle has done its work. */
  keep(): void;
}

/**
 * Loads a CommonJS bundle with the code that V8 compiled of it in an earlier call, which is in the file `kept`. Node's
 * own compile cache knows only what is compiled as a bundle is loaded. Most functions are compiled when they first run,
 * and in a call of `loops list` that takes as long as reading the store.
 *
 * @throws Error when the bundle cannot be loaded. Code that is missing, cut short or of another bundle is not run.
 */
export function loadCompiled<T>(bundle: string, kept: string): CompiledBundle<T> {
  const source = readFileSync(bundle);
  const cachedData = readCode(kept, source);
  const parameters = '(function (exports, require, module, __filename, __dirname) {';
  const script = new Script(`${parameters}${source}\n})`, {
    filename: bundle,
    ...(cachedData && { cachedData }),
  });
  const module = { exports: {} as T };
  const run = script.runInThisContext() as (...values: unknown[]) => void;
  run(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
  const isKept = cachedData !== undefined && script.cachedDataRejected === false;
  return {
    exports: module.exports,
    keep: () => {
      if (isKept) return;
      try {
        writeCode(kept, source, script.createCachedData());
      } catch {
        // The next call compiles again.
      }
    },
  };
}

/** The kept code, which follows the bundle that it is of: V8 itself compares only how long that is. */
function readCode(kept: string, source: Buffer): Buffer | undefined {
  try {
    const content = readFileSync(kept);
    return content.subarray(0, source.length).equals(source) ? content.subarray(source.length) : undefined;
  } catch {
    return undefined;
  }
}

/** V8 does not notice damage, so the file has its name only once all of it is on the disk. */
function writeCode(kept: string, source: Buffer, code: Buffer): void {
  const draft = `${kept}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, Buffer.concat([source, code]), { mode: 0o600, flush: true });
    renameSync(draft, kept);
  } finally {
    rmSync(draft, { force: true });
  }
}
