import type { CheckRequest } from '../../core/model/check.ts';

/** A check that is offered, and where it comes from. */
export interface OfferedCheck {
  readonly label: string;
  /** Where it comes from, in a word or two. */
  readonly from: string;
  readonly check: CheckRequest;
}

/** Scripts that every package has, or that verify nothing. */
const NO_CHECKS = /^(?:pre|post)|^(?:start|dev|serve|watch|publish|prepare|release)\b/;
/** The names people most likely mean by "check". */
const LIKELY = /^(?:test|check|lint|typecheck|build|verify|ci)\b/;

/** The scripts of a package.json as checks, the likely ones first; none where the text cannot be read. */
export function scriptChecks(text: string, runner = 'npm'): OfferedCheck[] {
  let scripts: unknown;
  try {
    ({ scripts } = JSON.parse(text) as { scripts?: unknown });
  } catch {
    return [];
  }
  if (typeof scripts !== 'object' || scripts === null) return [];
  const names = Object.keys(scripts).filter((name) => /^[\w:.-]+$/.test(name) && !NO_CHECKS.test(name));
  return sorted(names).map((name) => {
    const command = name === 'test' && runner === 'npm' ? 'npm test' : `${runner} run ${name}`;
    return { label: command, from: 'package.json', check: { command } };
  });
}

/** The package manager that a folder's lock file names. */
export function runnerOf(files: readonly string[]): string {
  if (files.includes('pnpm-lock.yaml')) return 'pnpm';
  if (files.includes('yarn.lock')) return 'yarn';
  return files.some((file) => file === 'bun.lock' || file === 'bun.lockb') ? 'bun' : 'npm';
}

/** The targets of a Makefile as checks: plain names only, the likely ones first. */
export function makeChecks(text: string): OfferedCheck[] {
  const names = [...text.matchAll(/^([A-Za-z0-9][\w-]*)\s*:(?![=:])/gm)].map(([, name]) => name as string);
  const targets = sorted([...new Set(names)]).filter((name) => !NO_CHECKS.test(name));
  return targets.map((name) => ({ label: `make ${name}`, from: 'Makefile', check: { command: `make ${name}` } }));
}

/**
 * `loopSupervisor.checks` as written: a command line, or an object with more, by name. Invalid entries are left out.
 */
export function namedChecks(value: unknown): OfferedCheck[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([label, written]) => {
    const check = typeof written === 'string' ? { command: written } : written;
    const isCheck = typeof check === 'object' && check !== null && typeof check.command === 'string';
    return isCheck && check.command.trim() !== '' ? [{ label, from: 'named', check: check as CheckRequest }] : [];
  });
}

function sorted(names: readonly string[]): string[] {
  return names.toSorted((a, b) => Number(LIKELY.test(b)) - Number(LIKELY.test(a)));
}
