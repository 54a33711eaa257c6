import type * as programs from 'node:child_process';

/**
 * What starts programs. It is loaded when it is first used, and not with the guardian, which has claimed its run by
 * then: to load it takes a tenth of the start of a Node.
 */
export function startPrograms(): typeof programs {
  return process.getBuiltinModule('node:child_process');
}
