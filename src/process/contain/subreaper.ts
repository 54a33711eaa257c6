import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** `prctl(2)` by architecture, as Node names them. */
const PRCTL: Readonly<Record<string, number>> = {
  x64: 157,
  arm64: 167,
  riscv64: 167,
  loong64: 167,
  ia32: 172,
  arm: 172,
  ppc64: 171,
  s390x: 172,
};
/**
 * Programs that can call the kernel, and how they do it before they become the command in their arguments. 36 is PR_SET_CHILD_SUBREAPER, which survives
 * `exec`.
 */
const INTERPRETERS: readonly (readonly [path: string, ...args: string[]])[] = [
  ['/usr/bin/perl', '-e', 'syscall($n, 36, 1, 0, 0, 0) == 0 or exit 111; exec { $ARGV[0] } @ARGV; exit 112'],
  [
    '/usr/bin/python3',
    '-I',
    '-c',
    'import ctypes, os, sys\nctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0 or sys.exit(111)\nos.execv(sys.argv[1], sys.argv[1:])',
  ],
];

/**
 * A command to put before another, so that it runs as the parent of all orphans below it (a "subreaper"), without native code of ours; undefined where no
 * interpreter on this machine can do it.
 */
export function findSubreaper(): readonly string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return INTERPRETERS.map(withNumber).find(
    (command): command is string[] => command !== undefined && existsSync(command[0] ?? '') && works(command),
  );
}

function withNumber([path, ...args]: readonly [string, ...string[]]): string[] | undefined {
  if (!path.endsWith('perl')) return [path, ...args];
  const number = PRCTL[process.arch];
  return number === undefined ? undefined : [path, ...args.map((arg) => arg.replace('$n', String(number)))];
}

/** Tries it: the interpreter says whether the kernel took the request, and becomes the command. */
function works([path = '', ...args]: readonly string[]): boolean {
  return spawnSync(path, [...args, '/bin/true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}
