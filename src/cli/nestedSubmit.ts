import { isActive } from '../core/model/loop.ts';
import type { LoopSpec } from '../core/model/loopSpec.ts';
import { CallError, EXIT } from './exitCodes.ts';
import type { Session } from './session.ts';

/**
 * The starting point of a submit from inside an attempt: the agent, folder and id of the loop that it came from
 * (R15.4). Undefined outside of any. The core holds its bounds.
 */
export async function nestedBase(session: Session): Promise<Pick<LoopSpec, 'agent' | 'cwd' | 'parent'> | undefined> {
  const { caller } = session;
  if (caller === undefined) return undefined;
  const parent = await (await session.supervisor()).find(caller);
  if (!parent || !isActive(parent))
    throw new CallError(
      EXIT.notAllowed,
      `The loop was not submitted: it came from inside the loop ${caller}, which does not run.`,
    );
  return { agent: parent.agent, cwd: parent.cwd, parent: caller };
}
