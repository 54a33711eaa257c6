import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

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
 * @throws Error when the bundle cannot be loaded. Code that is missing, damaged or of another bundle is not run.
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

/**
 * The kept code, after a checksum and the bundle that it is of: V8 compares only how long that is, and runs damaged
 * code until it crashes.
 */
function readCode(kept: string, source: Buffer): Buffer | undefined {
  try {
    const content = readFileSync(kept);
    const code = content.subarray(SUM_BYTES + source.length);
    const isWhole = content.subarray(0, SUM_BYTES).equals(sumOf(code));
    return isWhole && content.subarray(SUM_BYTES, -code.length).equals(source) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of a checksum. */
const SUM_BYTES = 4;

function sumOf(code: Buffer): Buffer {
  const sum = Buffer.alloc(SUM_BYTES);
  sum.writeUInt32LE(crc32(code));
  return sum;
}

/** The file has its name only once all of it is on the disk. */
function writeCode(kept: string, source: Buffer, code: Buffer): void {
  const draft = `${kept}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, Buffer.concat([sumOf(code), source, code]), { mode: 0o600, flush: true });
    renameSync(draft, kept);
  } finally {
    rmSync(draft, { force: true });
  }
}
