import { GONE, type Gone, type Unknown, unknown } from '../../core/model/looks.ts';
import type { ProcessIdentity } from '../../core/model/processIdentity.ts';

/** Where a pid means something (R7.5): one boot of one machine, and there one pid namespace. */
export interface ProcessScope {
  readonly bootId: string;
  /** Absent where the machine has no name that lasts. */
  readonly machine?: string;
  /** Absent where the platform has no pid namespaces. */
  readonly namespace?: string;
}

/** The boot of a machine that did not say which it is. */
export const UNKNOWN_BOOT = 'unknown';

/**
 * What can be said of a process by its scope alone: `gone` if the machine was restarted since, `unknown` if it
 * belongs to another machine or pid namespace, and undefined if it belongs to `here`, so that a look at its pid
 * tells. Records of older versions name no machine and no namespace; they were written here.
 */
export function lookByScope(process: ProcessIdentity, here: ProcessScope): Gone | Unknown | undefined {
  if (differ(process.machine, here.machine)) return unknown('it runs on another machine');
  if (process.bootId === UNKNOWN_BOOT || here.bootId === UNKNOWN_BOOT)
    return process.bootId === here.bootId ? undefined : unknown('this machine does not say when it was started');
  if (process.bootId !== here.bootId) return GONE;
  if (differ(process.namespace, here.namespace)) return unknown('it runs in another container');
  return undefined;
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}
