/** What the guardian gives to an agent and its children. */
const LOOP_VARIABLE = 'LOOP_SUPERVISOR_LOOP';

/** The id of the loop inside whose attempt this process runs; undefined outside of any (R15.4). */
export function callerIn(environment: NodeJS.ProcessEnv): string | undefined {
  const loopId = environment[LOOP_VARIABLE];
  return loopId === undefined || loopId === '' ? undefined : loopId;
}
