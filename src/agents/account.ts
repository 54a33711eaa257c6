import type { AgentKind, AgentOptions } from './kind.ts';

/** Makes hashes of credentials that cannot be compared with hashes made elsewhere. */
const HASH_KEY = 'loop-supervisor account';

/** Variables that say who pays: keys, tokens, endpoints, and the folders in which programs keep their logins. */
const CREDENTIAL =
  /(API_KEY|TOKEN|SECRET|CREDENTIALS|BASE_URL|ENDPOINT|_PROFILE|CONFIG_DIR|CONFIG_HOME|_HOME|USE_BEDROCK|USE_VERTEX)$/i;

/**
 * Names who pays for a profile (R14.1): the agent, and a keyed hash of the settings that carry credentials, where a
 * profile has some of its own. Profiles without any share the agent's login. The name holds no credential.
 */
export function accountName(profile: string, kind: AgentKind, { env }: AgentOptions): string {
  // Nothing is known of any other program's login.
  if (!kind.hasCost || kind.command === '') return profile;
  const keys = kind.facts.loginStatus?.keys ?? [];
  const own = Object.entries(env)
    .filter(([name]) => CREDENTIAL.test(name) || keys.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (own.length === 0) return kind.name;
  // Loading it takes longer than all the rest of a short call, and few profiles have credentials of their own.
  const { createHmac } = process.getBuiltinModule('node:crypto');
  const hash = createHmac('sha256', HASH_KEY).update(JSON.stringify(own)).digest('hex').slice(0, 8);
  return `${kind.name} (${hash})`;
}
