/** What the marker of an attempt's processes is called, and its loop. */
export const ATTEMPT_VARIABLE = 'LOOP_SUPERVISOR_ATTEMPT';
export const LOOP_VARIABLE = 'LOOP_SUPERVISOR_LOOP';

const CARRIED = 'LOOP_SUPERVISOR_CARRIED_';
/** Variables that would change how the guardian itself runs: the agent is to have them, the guardian is not. */
const TOUCHES_GUARDIAN = /^(NODE_|ELECTRON_|UV_|LOOP_SUPERVISOR_|LD_PRELOAD$|DYLD_|OPENSSL_CONF$|SSLKEYLOGFILE$)/i;

export type Environment = Readonly<Record<string, string>>;

/** An environment without what marks the processes of another run: the editor itself may have been started from one (R7.4). */
export function withoutMarkers(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LOOP_SUPERVISOR_')));
}

/** The guardian's environment: the agent's, with what would change the guardian itself under other names. It is never written to disk. */
export function guardianEnvironment(agent: Environment): Record<string, string> {
  const carried = Object.entries(agent).map(([name, value]) => [
    TOUCHES_GUARDIAN.test(name) ? CARRIED + name : name,
    value,
  ]);
  return { ...Object.fromEntries(carried), ELECTRON_RUN_AS_NODE: '1' };
}

/** The agent's environment out of the guardian's, with the marker of its attempt. */
export function agentEnvironment(guardian: NodeJS.ProcessEnv, loopId: string, token: string): Record<string, string> {
  const agent: Record<string, string> = {};
  for (const [name, value] of Object.entries(guardian)) {
    if (value === undefined) continue;
    if (name.startsWith(CARRIED)) agent[name.slice(CARRIED.length)] = value;
    else if (!TOUCHES_GUARDIAN.test(name)) agent[name] = value;
  }
  return { ...agent, [LOOP_VARIABLE]: loopId, [ATTEMPT_VARIABLE]: token };
}
