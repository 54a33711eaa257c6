import { NoWorkTreeError } from '../model/errors.ts';
import type { CarriedChanges, OwnWorkTree } from '../model/workTree.ts';
import type { SupervisorContext } from '../state/context.ts';
import type { CheckedSpec } from '../steps/admission.ts';
import type { WorkPlan } from '../steps/submit.ts';

type PlanParts = Pick<SupervisorContext, 'workTrees' | 'newId'>;

const LONGEST_TITLE = 24;

/**
 * Looks for the repository of a submit and records what its work tree is to be made of: the commit that is checked out
 * now, and on request the uncommitted changes (R12.1, R12.2).
 *
 * @throws NoWorkTreeError that says what to do, where there can be none.
 */
export async function planWorkTree(context: PlanParts, checked: CheckedSpec): Promise<OwnWorkTree> {
  const { workTrees, newId } = context;
  if (!workTrees)
    throw new NoWorkTreeError('git-missing', 'Git cannot be used here. Submit it with isolation: folder.');
  const look = await workTrees.look(checked.cwd);
  if (look.kind === 'none') throw new NoWorkTreeError(look.reason, look.message);
  const { root, commonFolder, head } = look.repository;
  const id = newId().slice(0, 10);
  const carry = checked.spec.carryChanges ? await carriedChanges(workTrees, checked.cwd, id) : undefined;
  const words = checked.title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_TITLE)
    .replace(/^-+|-+$/g, '');
  const name = [words, id].filter(Boolean).join('-');
  return { root, commonFolder, from: checked.cwd, name, base: head, ...(carry && { carry }) };
}

/**
 * Plans a loop that another machine may run: it works at the commit that is checked out here, which must be on the
 * remote, so that a clone there can get it (R16.4).
 *
 * @throws NoWorkTreeError that says what to do.
 */
export async function planElsewhere(context: PlanParts, checked: CheckedSpec): Promise<WorkPlan> {
  const workTree = await planWorkTree(context, checked);
  const { root, base } = workTree;
  const [look, published] = await Promise.all([
    context.workTrees?.look(checked.cwd),
    context.workTrees?.published(root, base),
  ]);
  if (!published)
    throw new NoWorkTreeError(
      'no-remote',
      `the repository ${root} has no remote, by which another machine could know it. Add one, or submit it here.`,
    );
  const { address, remote, isPushed } = published;
  if (!isPushed)
    throw new NoWorkTreeError(
      'not-pushed',
      `its commit ${base.slice(0, 10)} is not on ${remote} (${address}) yet, from where the other machine gets it. ` +
        'Push it, then submit again.',
    );
  const prefix = look?.kind === 'repository' ? look.repository.prefix : '';
  return { workTree, repository: { address, prefix } };
}

/** Drops what was kept for a submit that was refused. */
export async function forgetPlan({ workTrees }: PlanParts, { carry }: OwnWorkTree): Promise<void> {
  if (carry) await workTrees?.forgetEverywhere([groupOf(carry)]);
}

/** The group of snapshots that carried changes are kept in. */
export function groupOf({ name }: CarriedChanges): string {
  return name.split('/')[0] ?? '';
}

async function carriedChanges(
  workTrees: NonNullable<PlanParts['workTrees']>,
  cwd: string,
  id: string,
): Promise<CarriedChanges> {
  const name = `carry-${id}/1`;
  try {
    return { commit: (await workTrees.snapshot(cwd, name)).commit, name };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NoWorkTreeError('unknown', `its uncommitted changes could not be taken along: ${why}`);
  }
}
