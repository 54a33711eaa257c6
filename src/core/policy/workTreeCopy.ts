import type { Loop } from '../model/loop.ts';
import type { WorkTreeCopy } from '../model/workTree.ts';

/** The copy of a loop's work tree on a machine, if that machine has fetched it (R16.7). */
export function copyOn({ workTree }: Loop, machine: string | undefined): WorkTreeCopy | undefined {
  return workTree?.copies?.find((copy) => copy.machine === machine);
}

/** A loop as the machine with that copy sees it: the copy is its folder and its work tree. */
export function inCopy<L extends Loop>(loop: L, copy: WorkTreeCopy): L {
  if (!loop.workTree) return loop;
  const { path, branch, root, commonFolder } = copy;
  return {
    ...loop,
    cwd: path,
    workTree: { ...loop.workTree, root, commonFolder, made: { path, branch }, copies: [copy] },
  };
}
