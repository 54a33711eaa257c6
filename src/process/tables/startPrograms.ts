/**
 * What starts programs. It is loaded when it is first used, and not with the guardian, which has claimed its run by
 * then: to load it takes a tenth of the start of a Node.
 */
export function startPrograms(): typeof import('node:child_process') {
  return process.getBuiltinModule('node:child_process');
}
