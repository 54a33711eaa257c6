/** What the marker of an attempt's processes is called, and its loop. */
export const ATTEMPT_VARIABLE = 'LOOP_SUPERVISOR_ATTEMPT';
export const LOOP_VARIABLE = 'LOOP_SUPERVISOR_LOOP';

const CARRIED = 'LOOP_SUPERVISOR_CARRIED_';
/** What would change how the guardian runs, and what VS Code set for its own processes. */
const NOT_FOR_GUARDIANS = /^(NODE_|ELECTRON_|UV_|VSCODE_|LOOP_SUPERVISOR_|OPENSSL_CONF$|SSLKEYLOGFILE$)/i;

export type Environment = Readonly<Record<string, string>>;

/** An environment without the markers of another run: the editor may have been started from one (R7.4). */
export function withoutMarkers(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('LOOP_SUPERVISOR_')));
}

/**
 * The guardian's environment: that of this process, which is known to work for the same Node, and beside it the whole
 * environment of the agent under other names. So nothing that is meant for the agent, such as `LD_LIBRARY_PATH` or
 * `PATH`, touches the guardian, and no environment is written to disk.
 */
export function guardianEnvironment(agent: Environment, own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && !NOT_FOR_GUARDIANS.test(name)) environment[name] = value;
  for (const [name, value] of Object.entries(agent)) environment[CARRIED + name] = value;
  return { ...environment, ELECTRON_RUN_AS_NODE: '1' };
}

/** The agent's environment out of the guardian's, with the marker of its attempt. */
export function agentEnvironment(guardian: NodeJS.ProcessEnv, loopId: string, token: string): Record<string, string> {
  const agent: Record<string, string> = {};
  for (const [name, value] of Object.entries(guardian))
    if (value !== undefined && name.startsWith(CARRIED)) agent[name.slice(CARRIED.length)] = value;
  return { ...agent, [LOOP_VARIABLE]: loopId, [ATTEMPT_VARIABLE]: token };
}
