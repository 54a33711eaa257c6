/** Ids that agents give to sessions; anything else is not passed on to a program. */
const SESSION = /^[\w.:][\w.:-]{0,199}$/;

/**
 * The arguments with which an agent's program goes on with a session in a terminal. Undefined where the agent has no
 * way to, or where what it calls its session is no id.
 */
export function resumeArguments(
  resumeArgs: readonly string[] | undefined,
  sessionId: string | undefined,
): readonly string[] | undefined {
  if (!resumeArgs || sessionId === undefined || !SESSION.test(sessionId)) return undefined;
  return resumeArgs.map((arg) => arg.replace('${session}', () => sessionId));
}
