import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What the system says when a look, or a write, is not possible. */
export const FAULTS = ['EMFILE', 'ENFILE', 'EIO', 'EACCES', 'ENOSPC', 'EROFS', 'ENOMEM', 'ELOOP', 'ESTALE'] as const;
export type Fault = (typeof FAULTS)[number];

const READING = [
  ...['openSync', 'readSync', 'readFileSync', 'readdirSync', 'readlinkSync', 'realpathSync'],
  ...['statSync', 'lstatSync', 'statfsSync', 'accessSync'],
] as const;
const WRITING = [...['writeFileSync', 'appendFileSync', 'mkdirSync', 'renameSync', 'linkSync', 'utimesSync']] as const;
export type Call = (typeof READING)[number] | (typeof WRITING)[number];

/** Calls that need a free descriptor. */
const OPENING: readonly Call[] = ['openSync', 'readFileSync', 'readdirSync', 'writeFileSync', 'appendFileSync'];

/** Which calls a fault of the system hits, as the system would. */
export function callsHitBy(fault: Fault): readonly Call[] {
  if (fault === 'EMFILE' || fault === 'ENFILE') return OPENING;
  return fault === 'ENOSPC' || fault === 'EROFS' ? [...WRITING, 'openSync'] : [...READING, ...WRITING];
}

export interface Injection {
  readonly code: string;
  readonly calls: readonly Call[];
  /** Which files are hit: by path, or all. */
  readonly path?: (path: string) => boolean;
}

type AnyCall = (...args: unknown[]) => unknown;
const real = new Map<string, AnyCall>();

/**
 * Has calls of `node:fs` fail for as long as `work` runs, everywhere in this process. A descriptor that was opened
 * before works on; reads of it are hit only where `readSync` is.
 */
export async function withFaults<T>(injection: Injection, work: () => T | Promise<T>): Promise<T> {
  inject(injection);
  try {
    return await work();
  } finally {
    lift();
  }
}

export function inject({ code, calls, path = () => true }: Injection): void {
  const files = fs as unknown as { [name: string]: AnyCall };
  lift();
  for (const name of calls) {
    const call = files[name] as AnyCall;
    real.set(name, call);
    files[name] = (...args) => {
      const isHit = typeof args[0] !== 'string' || path(args[0]);
      // Opening to read is not what a full or read-only disk refuses.
      const isRead = name === 'openSync' && (code === 'ENOSPC' || code === 'EROFS') && !isWriting(args[1]);
      if (isHit && !isRead) throw Object.assign(new Error(`${code}: injected, ${name} '${String(args[0])}'`), { code });
      return call(...args);
    };
  }
  syncBuiltinESMExports();
}

export function lift(): void {
  const files = fs as unknown as { [name: string]: AnyCall };
  for (const [name, call] of real) files[name] = call;
  real.clear();
  syncBuiltinESMExports();
}

/** Has files be read from other places: what is there is what the system answers. */
export function redirect(placeOf: (path: string) => string | undefined): void {
  const files = fs as unknown as { [name: string]: AnyCall };
  lift();
  for (const name of ['openSync', 'readFileSync']) {
    const call = files[name] as AnyCall;
    real.set(name, call);
    files[name] = (path, ...rest) => call((typeof path === 'string' && placeOf(path)) || path, ...rest);
  }
  syncBuiltinESMExports();
}

function isWriting(flags: unknown): boolean {
  return typeof flags === 'string' ? /[wa+]/.test(flags) : typeof flags === 'number' && (flags & 3) !== 0;
}
