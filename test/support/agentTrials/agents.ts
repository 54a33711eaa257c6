import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A real program as `loopSupervisor.agents` names it, with what it needs to find models on loopback. */
export interface RealAgent {
  readonly name: string;
  /** It asks before it runs a command. */
  readonly asks: boolean;
  /** It leaves decisions to its user, too. */
  readonly decides?: true;
  /** The value of `loopSupervisor.agents` for it. `url`: the address of its models. */
  profile(url: string): { readonly [option: string]: unknown };
  /** Writes what it wants in its home folder. */
  prepare?(home: string, url: string): void;
}

const PRICE = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };

function anthropic(url: string) {
  return {
    ...{ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'dummy', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' },
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
}

function codexArgs(url: string): string[] {
  const provider = `model_providers.stub={name="stub",base_url="${url}/v1",env_key="STUB_KEY",wire_api="responses"}`;
  return ['-c', 'model_provider="stub"', '-c', provider];
}

function gemini(url: string) {
  return { GEMINI_API_KEY: 'dummy', GOOGLE_GEMINI_BASE_URL: url, GEMINI_TELEMETRY_ENABLED: 'false' };
}

function geminiLogin(home: string): void {
  mkdirSync(join(home, '.gemini'), { recursive: true });
  const settings = { security: { auth: { selectedType: 'gemini-api-key' } } };
  writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
}

/** For OpenCode and Kilo. */
function openCode(url: string, more: { readonly [option: string]: unknown } = {}): string {
  const options = { baseURL: `${url}/v1`, apiKey: 'dummy' };
  const model = { name: 'Stub 1', limit: { context: 200_000, output: 8_192 }, cost: PRICE };
  const stub = { npm: '@ai-sdk/openai-compatible', name: 'Stub', options, models: { 'stub-1': model } };
  return JSON.stringify({ autoupdate: false, share: 'disabled', provider: { stub }, ...more });
}

function copilot(url: string) {
  return {
    ...{ COPILOT_OFFLINE: 'true', COPILOT_PROVIDER_BASE_URL: `${url}/v1`, COPILOT_PROVIDER_API_KEY: 'dummy' },
    COPILOT_MODEL: 'gpt-4.1',
  };
}

function qwen(url: string) {
  return { OPENAI_API_KEY: 'dummy', OPENAI_BASE_URL: `${url}/v1`, QWEN_TELEMETRY_ENABLED: 'false' };
}

const QUIET = { OPENCODE_DISABLE_MODELS_FETCH: '1', KILO_DISABLE_MODELS_FETCH: '1', KILO_TELEMETRY_LEVEL: 'off' };

/** All programs that npm installs, by their own streams and by the Agent Client Protocol. */
export const REAL_AGENTS: readonly RealAgent[] = [
  {
    ...{ name: 'claude', asks: false },
    profile: (url) => ({ extends: 'claude', args: ['--allowedTools', 'Bash(*)'], env: anthropic(url) }),
  },
  {
    ...{ name: 'claude-ask', asks: true, decides: true },
    profile: (url) => ({ extends: 'claude', permissionMode: 'ask', env: anthropic(url) }),
  },
  {
    ...{ name: 'codex', asks: false },
    profile: (url) => ({
      ...{ extends: 'codex', model: 'gpt-5.5', sandbox: 'danger-full-access' },
      ...{ args: codexArgs(url), env: { STUB_KEY: 'dummy' } },
    }),
  },
  {
    ...{ name: 'gemini', asks: false },
    profile: (url) => ({ extends: 'gemini', model: 'gemini-2.5-pro', permissionMode: 'yolo', env: gemini(url) }),
    prepare: geminiLogin,
  },
  {
    ...{ name: 'opencode', asks: false },
    profile: (url) => ({
      ...{ extends: 'opencode', model: 'stub/stub-1' },
      env: { OPENCODE_CONFIG_CONTENT: openCode(url), ...QUIET },
    }),
  },
  {
    ...{ name: 'copilot', asks: false },
    profile: (url) => ({ extends: 'copilot', permissionMode: 'all-tools', env: copilot(url) }),
  },
  {
    ...{ name: 'pi', asks: false },
    profile: () => ({ extends: 'pi', model: 'stub/stub-1', env: { PI_OFFLINE: '1', PI_TELEMETRY: '0' } }),
    prepare(home, url) {
      mkdirSync(join(home, '.pi', 'agent'), { recursive: true });
      const cost = {
        input: PRICE.input,
        output: PRICE.output,
        cacheRead: PRICE.cache_read,
        cacheWrite: PRICE.cache_write,
      };
      const model = { id: 'stub-1', contextWindow: 200_000, maxTokens: 8_192, cost };
      const stub = { baseUrl: url, api: 'anthropic-messages', apiKey: 'dummy', models: [model] };
      writeFileSync(join(home, '.pi', 'agent', 'models.json'), JSON.stringify({ providers: { stub } }));
    },
  },
  {
    ...{ name: 'qwen', asks: false },
    profile: (url) => ({
      ...{ extends: 'qwen', model: 'stub-1', permissionMode: 'yolo' },
      ...{ args: ['--auth-type', 'openai'], env: qwen(url) },
    }),
  },
  {
    ...{ name: 'kilo', asks: false },
    profile: (url) => ({
      ...{ extends: 'kilo', model: 'stub/stub-1', permissionMode: 'auto' },
      env: { KILO_CONFIG_CONTENT: openCode(url), ...QUIET },
    }),
  },
  {
    ...{ name: 'acp-claude', asks: true },
    // Where this is set its adapter offers to bypass permissions, which Claude Code refuses as root.
    profile: (url) => ({ extends: 'acp', command: 'claude-agent-acp', env: { ...anthropic(url), IS_SANDBOX: '' } }),
  },
  {
    ...{ name: 'acp-codex', asks: true },
    profile: (url) => ({
      ...{ extends: 'acp', command: 'codex-acp' },
      args: [
        ...codexArgs(url),
        ...['-c', 'model="gpt-5.5"', '-c', 'approval_policy="untrusted"', '-c', 'sandbox_mode="danger-full-access"'],
      ],
      env: { STUB_KEY: 'dummy', OPENAI_API_KEY: 'dummy', CODEX_API_KEY: 'dummy' },
    }),
  },
  {
    ...{ name: 'acp-gemini', asks: true },
    profile: (url) => ({
      ...{ extends: 'acp', command: 'gemini', args: ['--acp', '-m', 'gemini-2.5-pro'] },
      env: { ...gemini(url), GEMINI_CLI_NO_RELAUNCH: 'true', GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    }),
    prepare: geminiLogin,
  },
  {
    ...{ name: 'acp-opencode', asks: true },
    profile: (url) => ({
      ...{ extends: 'acp', command: 'opencode', args: ['acp'] },
      env: {
        OPENCODE_CONFIG_CONTENT: openCode(url, { model: 'stub/stub-1', permission: { bash: 'ask' } }),
        ...QUIET,
      },
    }),
  },
  {
    ...{ name: 'acp-copilot', asks: true },
    profile: (url) => ({
      ...{ extends: 'acp', command: 'copilot', args: ['--acp', '--no-auto-update'], env: copilot(url) },
    }),
  },
  {
    ...{ name: 'acp-qwen', asks: true },
    profile: (url) => ({
      ...{ extends: 'acp', command: 'qwen', args: ['--acp', '--auth-type', 'openai', '-m', 'stub-1'], env: qwen(url) },
    }),
  },
];
